package signal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// sep stands between joined label values. It is a control character, so that
// no real value holds it.
const sep = "\x1f"

// key is a label of the recorded series that is resolved from others.
type key struct {
	name    string   // service, environment or instance
	sources []string // asked in order, first with a value wins
	until   string   // characters before which the value is cut
}

func (k key) temp() string { return "tocsin_" + k.name }

// plain reports whether the key is a label that stands as it is.
func (k key) plain() bool {
	return len(k.sources) == 1 && k.sources[0] == k.name && k.until == ""
}

// pattern matches the joined sources; its group is the first with a value.
func (k key) pattern() string {
	return sep + "*([^" + sep + classQuote(k.until) + "]*).*"
}

func classQuote(chars string) string {
	var b strings.Builder
	for _, r := range chars {
		b.WriteString(`\` + string(r))
	}
	return b.String()
}

// resolver rewrites `by (service, ...)` of an expression, so that service,
// environment and instance are resolved from the labels that series really
// carry. Each such aggregation becomes four steps:
//
//	sum by (<all labels asked>, rest) (inner)     fewer series for what follows
//	label_join, label_replace                     the first label with a value
//	sum by (tocsin_service, rest)                 the aggregation asked for
//	label_replace, sum by (service, rest)         the name asked for
//
// The resolved value goes through a label of its own because overwriting
// service in place could make two series equal, which is an error in PromQL.
type resolver struct {
	p    parser.Parser
	keys map[string]key
}

func (r resolver) rewrite(e parser.Expr) (parser.Expr, error) {
	var err error
	sub := func(x parser.Expr) parser.Expr {
		if err != nil || x == nil {
			return x
		}
		var out parser.Expr
		out, err = r.rewrite(x)
		return out
	}
	switch n := e.(type) {
	case *parser.AggregateExpr:
		n.Expr = sub(n.Expr)
		if err == nil && !n.Without && r.resolves(n.Grouping) {
			return r.aggregate(n)
		}
	case *parser.BinaryExpr:
		n.LHS, n.RHS = sub(n.LHS), sub(n.RHS)
		if m := n.VectorMatching; m != nil && m.On && slices.Contains(m.MatchingLabels, "service") {
			m.MatchingLabels = append(slices.Clone(m.MatchingLabels), "environment")
		}
	case *parser.ParenExpr:
		n.Expr = sub(n.Expr)
	case *parser.UnaryExpr:
		n.Expr = sub(n.Expr)
	case *parser.SubqueryExpr:
		n.Expr = sub(n.Expr)
	case *parser.Call:
		for i := range n.Args {
			n.Args[i] = sub(n.Args[i])
		}
	}
	return e, err
}

func (r resolver) resolves(grouping []string) bool {
	return slices.ContainsFunc(grouping, func(g string) bool {
		k, ok := r.keys[g]
		return ok && (g == "service" || !k.plain())
	})
}

func (r resolver) aggregate(n *parser.AggregateExpr) (parser.Expr, error) {
	if n.Param != nil {
		return nil, fmt.Errorf("%s by (%s): only aggregations without a parameter can be grouped by service", n.Op, strings.Join(n.Grouping, ", "))
	}
	grouping := n.Grouping
	if slices.Contains(grouping, "service") && !slices.Contains(grouping, "environment") {
		grouping = append(slices.Clone(grouping), "environment")
	}
	var rest, asked, temp []string
	var keys []key
	for _, g := range grouping {
		k, ok := r.keys[g]
		if !ok || k.plain() {
			rest = append(rest, g)
			continue
		}
		keys = append(keys, k)
		asked = append(asked, k.sources...)
		temp = append(temp, k.temp())
	}
	text := n.Expr.String()
	if n.Op == parser.SUM || n.Op == parser.MIN || n.Op == parser.MAX {
		text = fmt.Sprintf("%s by (%s) (%s)", n.Op, join(slices.Concat(asked, rest)), text)
	}
	for _, k := range keys {
		text = fmt.Sprintf("label_replace(label_join(%s, %q, %q, %s), %q, \"$1\", %q, %q)",
			text, k.temp(), sep, quoteAll(k.sources), k.temp(), k.temp(), k.pattern())
	}
	text = fmt.Sprintf("%s by (%s) (%s)", n.Op, join(slices.Concat(temp, rest)), text)
	for _, k := range keys {
		text = fmt.Sprintf("label_replace(%s, %q, \"$1\", %q, \"(.*)\")", text, k.name, k.temp())
	}
	return r.p.ParseExpr(fmt.Sprintf("sum by (%s) (%s)", join(grouping), text))
}

func join(names []string) string {
	seen := make(map[string]bool, len(names))
	out := make([]string, 0, len(names))
	for _, n := range names {
		if !seen[n] {
			seen[n] = true
			out = append(out, n)
		}
	}
	return strings.Join(out, ", ")
}

func quoteAll(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(q, ", ")
}
