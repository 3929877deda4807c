package rules

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	prules "github.com/prometheus/prometheus/rules"
)

// flow decides whether the series that an expression reads still come in, as
// far as they concern one alert.
type flow struct {
	engine   *Engine
	ctx      context.Context // of the one evaluation that asks
	labels   map[string]string
	lastTrue time.Time // when the alert was last known to be true
	at       time.Time
	reach    time.Duration // how far the subqueries around look back
	depth    int           // recording rules followed
}

// resultLabels returns the labels that an alert has from its expression rather
// than from its rule.
func resultLabels(r *prules.AlertingRule, l map[string]string) map[string]string {
	out := maps.Clone(l)
	delete(out, labels.AlertName)
	r.Labels().Range(func(x labels.Label) { delete(out, x.Name) })
	return out
}

// maxRecordDepth bounds how far recording rules of recording rules are followed.
const maxRecordDepth = 5

// of walks the expression. What is absent on purpose does not count: the inside
// of absent(), the right side of unless, and one side of `or`.
func (f flow) of(e parser.Expr, counter bool) bool {
	switch n := e.(type) {
	case *parser.VectorSelector:
		return f.selector(n, 0, counter)
	case *parser.MatrixSelector:
		if v, ok := n.VectorSelector.(*parser.VectorSelector); ok {
			return f.selector(v, n.Range, counter)
		}
	case *parser.BinaryExpr:
		switch n.Op {
		case parser.LUNLESS:
			return f.of(n.LHS, false)
		case parser.LOR:
			return f.of(n.LHS, false) || f.of(n.RHS, false)
		}
		return f.of(n.LHS, false) && f.of(n.RHS, false)
	case *parser.Call:
		if strings.HasPrefix(n.Func.Name, "absent") {
			return true
		}
		counts := slices.Contains([]string{"rate", "irate", "increase", "resets"}, n.Func.Name)
		for _, a := range n.Args {
			if !f.of(a, counts) {
				return false
			}
		}
	case *parser.AggregateExpr:
		return f.of(n.Expr, counter)
	case *parser.ParenExpr:
		return f.of(n.Expr, counter)
	case *parser.UnaryExpr:
		return f.of(n.Expr, counter)
	case *parser.SubqueryExpr:
		f.reach += n.Range
		return f.of(n.Expr, counter)
	case *parser.StepInvariantExpr:
		return f.of(n.Expr, counter)
	}
	return true
}

// selector decides for one selector of the expression. It looks for the metric
// with the labels that the alert shares with its series, of the same services:
// the other matchers are left out, because the series of, say, code="500" are
// rightly gone after a restart while the source lives on.
func (f flow) selector(s *parser.VectorSelector, span time.Duration, counter bool) bool {
	name := metricName(s)
	if name == "ALERTS" || name == "ALERTS_FOR_STATE" || s.Timestamp != nil || s.StartOrEnd != 0 {
		return true
	}
	if f.reach > 0 {
		span = f.reach + max(span, lookback)
	}
	then := f.engine.seriesThen(f.ctx, s, span, f.labels, f.lastTrue)
	if len(then) == 0 {
		return true // it had no data when the alert was true either
	}
	around := f.identity(then)
	sel := selectorText(name, s, around)
	if flowing, _ := f.engine.flows(f.ctx, sel, f.at); flowing {
		return true
	}
	if exprs := f.engine.records[name]; len(exprs) > 0 && f.depth < maxRecordDepth {
		deeper := f
		deeper.depth++
		for _, e := range exprs {
			if deeper.of(e, false) {
				return true
			}
		}
	}
	return counter && f.targetIsUp(around)
}

// identity returns matchers for the labels that the alert shares with the
// series and for the services that the series belong to.
func (f flow) identity(then promql.Vector) []string {
	var out []string
	fixed := sharedLabels(then, f.labels)
	for _, n := range slices.Sorted(maps.Keys(fixed)) {
		out = append(out, fmt.Sprintf("%s=%q", n, fixed[n]))
	}
	for _, n := range f.engine.opts.Owner.Labels() {
		if _, done := fixed[n]; done {
			continue
		}
		values := map[string]bool{}
		for _, s := range then {
			if v := s.Metric.Get(n); v != "" {
				values[regexp.QuoteMeta(v)] = true
			}
		}
		if len(values) > 0 && len(values) <= 100 {
			out = append(out, fmt.Sprintf("%s=~%q", n, strings.Join(slices.Sorted(maps.Keys(values)), "|")))
		}
	}
	return out
}

// targetIsUp reports whether a scrape of the same target succeeded: a counter
// that a live target does not show has not counted anything.
func (f flow) targetIsUp(around []string) bool {
	var own []string
	for _, m := range around {
		for _, n := range []string{"job", "instance"} {
			if strings.HasPrefix(m, n+"=") {
				own = append(own, m)
			}
		}
	}
	if len(own) == 0 {
		return false
	}
	sel := "up{" + strings.Join(own, ",") + "}"
	flowing, _ := f.engine.flows(f.ctx, sel, f.at)
	v, err := f.engine.query(f.ctx, sel+" == 1", f.at)
	return flowing && err == nil && len(v) > 0
}

// seriesThen returns the series of a selector at the time, narrowed to those
// that agree with the labels wherever they carry one of them.
func (e *Engine) seriesThen(ctx context.Context, s *parser.VectorSelector, span time.Duration, l map[string]string, at time.Time) promql.Vector {
	clone := *s
	clone.LabelMatchers = slices.Clone(s.LabelMatchers)
	for _, n := range slices.Sorted(maps.Keys(l)) {
		m, err := labels.NewMatcher(labels.MatchRegexp, n, regexp.QuoteMeta(l[n])+"|")
		if err == nil {
			clone.LabelMatchers = append(clone.LabelMatchers, m)
		}
	}
	text := clone.String()
	if span > 0 {
		text = (&parser.MatrixSelector{VectorSelector: &clone, Range: span}).String()
		text = "last_over_time(" + text + ")"
	}
	v, err := e.query(ctx, text, at)
	if err != nil {
		return nil
	}
	return v
}

// sharedLabels returns those of l that at least one of the series carries.
func sharedLabels(series promql.Vector, l map[string]string) map[string]string {
	out := map[string]string{}
	for n, v := range l {
		if v != "" && slices.ContainsFunc(series, func(s promql.Sample) bool { return s.Metric.Get(n) == v }) {
			out[n] = v
		}
	}
	return out
}

func metricName(s *parser.VectorSelector) string {
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

// selectorText writes a selector of the metric with the matchers. Without a name the original's matchers are kept.
func selectorText(name string, s *parser.VectorSelector, matchers []string) string {
	if name == "" {
		for _, m := range s.LabelMatchers {
			matchers = append(matchers, m.String())
		}
	} else {
		matchers = append([]string{fmt.Sprintf("__name__=%q", name)}, matchers...)
	}
	return "{" + strings.Join(matchers, ",") + "}"
}

// narrowed returns the expression with the labels of an alert added to each
// selector whose series carry them, so that a drawing shows only what the alert
// is about.
func (e *Engine) narrowed(ctx context.Context, x parser.Expr, l map[string]string, at time.Time) string {
	fresh, err := e.parser.ParseExpr(x.String())
	if err != nil {
		return x.String()
	}
	spans := map[*parser.VectorSelector]time.Duration{}
	parser.Inspect(fresh, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.MatrixSelector:
			if v, ok := n.VectorSelector.(*parser.VectorSelector); ok {
				spans[v] = n.Range
			}
		case *parser.VectorSelector:
			then := e.seriesThen(ctx, n, spans[n], l, at)
			for name, value := range sharedLabels(then, l) {
				if m, err := labels.NewMatcher(labels.MatchEqual, name, value); err == nil && !hasMatcher(n, m) {
					n.LabelMatchers = append(n.LabelMatchers, m)
				}
			}
			slices.SortStableFunc(n.LabelMatchers, func(a, b *labels.Matcher) int { return strings.Compare(a.Name, b.Name) })
		}
		return nil
	})
	return fresh.String()
}

func hasMatcher(s *parser.VectorSelector, m *labels.Matcher) bool {
	return slices.ContainsFunc(s.LabelMatchers, func(o *labels.Matcher) bool {
		return o.Name == m.Name && o.Type == m.Type && o.Value == m.Value
	})
}
