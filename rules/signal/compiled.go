package signal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// Compiled is a catalogue as PromQL. It is immutable and safe for concurrent
// use.
type Compiled struct {
	signals []compiledSignal
	metrics []string
}

type compiledSignal struct {
	Signal
	variants []compiledVariant
	metrics  []string
}

type compiledVariant struct {
	text string
	expr parser.Expr
}

// Compile turns every variant of every signal into PromQL. Services and
// environments are resolved by res; window is the range of the rates.
func (c *Catalogue) Compile(res Resolution, window time.Duration) (*Compiled, error) {
	if len(res.Service) == 0 || len(res.Environment) == 0 {
		return nil, fmt.Errorf("compile signals: want at least one label for the service and one for the environment, got %q and %q", res.Service, res.Environment)
	}
	p := parser.NewParser(parser.Options{})
	out := &Compiled{}
	for _, s := range c.signals {
		one := compiledSignal{Signal: s}
		for i, v := range s.Variants {
			text, err := s.VariantExpr(p, v, res, window)
			if err != nil {
				return nil, fmt.Errorf("signal %s: variant %d (%s): %w", s.Name, i+1, v.Library, err)
			}
			expr, err := p.ParseExpr(text)
			if err != nil {
				return nil, fmt.Errorf("signal %s: variant %d (%s): %w", s.Name, i+1, v.Library, err)
			}
			one.variants = append(one.variants, compiledVariant{text: text, expr: expr})
			one.metrics = metricNames(expr, one.metrics)
		}
		out.signals = append(out.signals, one)
		for _, m := range one.metrics {
			if !slices.Contains(out.metrics, m) {
				out.metrics = append(out.metrics, m)
			}
		}
	}
	slices.Sort(out.metrics)
	return out, nil
}

// Metrics returns the names of all metrics that the signals read, sorted. The
// slice is shared and must not be changed.
func (c *Compiled) Metrics() []string { return c.metrics }

// MetricsOf returns the names of the metrics that one signal reads.
func (c *Compiled) MetricsOf(name string) []string {
	for _, s := range c.signals {
		if s.Name == name {
			return s.metrics
		}
	}
	return nil
}

// Expr returns the PromQL of a signal: the variants for which have can give
// data, joined by `or`; "" when there are none. With a nil have all are taken.
func (c *Compiled) Expr(name string, have func(metric string) bool) string {
	for _, s := range c.signals {
		if s.Name == name {
			return s.expr(have)
		}
	}
	return ""
}

// Group returns the recording rules of the signals as one rule group, in the
// catalogue's order. Variants whose metrics do not exist are left out, as
// Expr does, so that an evaluation costs what the data need and not what the
// catalogue knows.
func (c *Compiled) Group(name string, have func(metric string) bool) rulefmt.RuleGroup {
	g := rulefmt.RuleGroup{Name: name}
	for _, s := range c.signals {
		if text := s.expr(have); text != "" {
			g.Rules = append(g.Rules, rulefmt.Rule{Record: s.Metric(), Expr: text})
		}
	}
	return g
}

func (s compiledSignal) expr(have func(metric string) bool) string {
	var parts []string
	for _, v := range s.variants {
		if have == nil || possibleFrom(v.expr, have) {
			parts = append(parts, "("+v.text+")")
		}
	}
	return strings.Join(parts, " or ")
}

// possibleFrom reports whether the expression can have a result when only the
// metrics exist for which have is true.
func possibleFrom(e parser.Expr, have func(string) bool) bool {
	switch n := e.(type) {
	case *parser.VectorSelector:
		name := selectorName(n)
		return name == "" || have(name)
	case *parser.BinaryExpr:
		switch n.Op {
		case parser.LOR:
			return possibleFrom(n.LHS, have) || possibleFrom(n.RHS, have)
		case parser.LUNLESS:
			return possibleFrom(n.LHS, have)
		}
		return possibleFrom(n.LHS, have) && possibleFrom(n.RHS, have)
	case *parser.Call:
		return strings.HasPrefix(n.Func.Name, "absent") ||
			!slices.ContainsFunc(n.Args, func(a parser.Expr) bool { return !possibleFrom(a, have) })
	case *parser.AggregateExpr:
		return possibleFrom(n.Expr, have)
	case *parser.MatrixSelector:
		return possibleFrom(n.VectorSelector, have)
	case *parser.ParenExpr:
		return possibleFrom(n.Expr, have)
	case *parser.UnaryExpr:
		return possibleFrom(n.Expr, have)
	case *parser.SubqueryExpr:
		return possibleFrom(n.Expr, have)
	}
	return true
}

func metricNames(e parser.Expr, known []string) []string {
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if sel, ok := n.(*parser.VectorSelector); ok {
			if name := selectorName(sel); name != "" && !slices.Contains(known, name) {
				known = append(known, name)
			}
		}
		return nil
	})
	return known
}

// selectorName returns the metric that a selector names, or "" when it asks
// for several.
func selectorName(s *parser.VectorSelector) string {
	if s.Name != "" {
		return s.Name
	}
	for _, m := range s.LabelMatchers {
		if m.Name == labels.MetricName && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return ""
}
