package trial

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	prules "github.com/prometheus/prometheus/rules"
)

// exact judges alert_rule_test and promql_expr_test as promtool does.
type exact struct {
	group   *Group
	fuzzy   bool
	parser  parser.Parser
	waiting []AlertRuleTest // by time
	failed  []string
}

func newExact(f *File, g *Group) exact {
	x := exact{group: g, fuzzy: f.FuzzyCompare, parser: parser.NewParser(parser.Options{}), waiting: slices.Clone(g.AlertRuleTests)}
	slices.SortStableFunc(x.waiting, func(a, b AlertRuleTest) int { return cmp.Compare(a.EvalTime, b.EvalTime) })
	return x
}

func (x *exact) fail(format string, args ...any) {
	x.failed = append(x.failed, fmt.Sprintf(format, args...))
}

// alerts compares the alerts of the step at now with the tests whose time lies
// between it and the next step.
func (x *exact) alerts(p *player) {
	for len(x.waiting) > 0 && x.waiting[0].EvalTime.std() < p.now+p.step {
		t := x.waiting[0]
		x.waiting = x.waiting[1:]
		want, got := wantedAlerts(t), firingAlerts(p, t.Alertname)
		if slices.Equal(want, got) {
			continue
		}
		x.fail("alertname: %s, time: %s%s", t.Alertname, t.EvalTime, difference(want, got))
	}
}

// firingAlerts returns the firing alerts of every rule of the name as text, sorted.
func firingAlerts(p *player, name string) []string {
	var out []string
	for _, r := range p.core.Rules().AlertingRules() {
		if r.Name() != name {
			continue
		}
		for _, a := range r.ActiveAlerts() {
			if a.State == prules.StateFiring {
				out = append(out, alertText(a.Labels, a.Annotations))
			}
		}
	}
	slices.Sort(out)
	return out
}

func wantedAlerts(t AlertRuleTest) []string {
	var out []string
	for _, a := range t.ExpAlerts {
		b := labels.NewBuilder(labels.FromMap(a.ExpLabels))
		b.Set(labels.AlertName, t.Alertname)
		out = append(out, alertText(b.Labels(), labels.FromMap(a.ExpAnnotations)))
	}
	slices.Sort(out)
	return out
}

func alertText(l, notes labels.Labels) string {
	return "labels " + l.String() + " annotations " + notes.String()
}

// queries evaluates the expressions over what the store has at the end.
func (x *exact) queries(ctx context.Context, p *player) {
	for _, t := range x.group.PromqlTests {
		got, err := p.core.Query(ctx, t.Expr, p.time(t.EvalTime.std()))
		if err != nil {
			x.fail("expr: %q, time: %s, err: %v", t.Expr, t.EvalTime, err)
			continue
		}
		want, err := x.wantedSamples(t)
		if err != nil {
			x.fail("expr: %q, time: %s, err: %v", t.Expr, t.EvalTime, err)
			continue
		}
		have := samplesOf(got)
		if slices.EqualFunc(want, have, x.same) {
			continue
		}
		x.fail("expr: %q, time: %s%s", t.Expr, t.EvalTime, difference(texts(want), texts(have)))
	}
}

// sample is one sample of a result.
type sample struct {
	labels    labels.Labels
	value     float64
	histogram string
}

func (s sample) String() string {
	if s.histogram != "" {
		return s.labels.String() + " " + s.histogram
	}
	return s.labels.String() + " " + strconv.FormatFloat(s.value, 'E', -1, 64)
}

func (x *exact) same(a, b sample) bool {
	near := a.value == b.value
	if x.fuzzy && !near {
		near = math.Nextafter(a.value, math.Inf(-1)) == b.value || math.Nextafter(a.value, math.Inf(1)) == b.value
	}
	return near && a.histogram == b.histogram && labels.Equal(a.labels, b.labels)
}

func (x *exact) wantedSamples(t PromqlTest) ([]sample, error) {
	var out []sample
	for _, s := range t.ExpSamples {
		l, err := x.parser.ParseMetric(s.Labels)
		if err != nil {
			return nil, fmt.Errorf("labels %q: %w", s.Labels, err)
		}
		one := sample{labels: l, value: s.Value}
		if s.Histogram != "" {
			_, values, err := x.parser.ParseSeriesDesc("{} " + s.Histogram)
			if err != nil {
				return nil, fmt.Errorf("labels %q: %w", s.Labels, err)
			}
			if len(values) != 1 || values[0].Histogram == nil {
				return nil, fmt.Errorf("labels %q: want one histogram, got %q", s.Labels, s.Histogram)
			}
			one.histogram = values[0].Histogram.TestExpression()
		}
		out = append(out, one)
	}
	sortSamples(out)
	return out, nil
}

func samplesOf(v promql.Vector) []sample {
	var out []sample
	for _, s := range v {
		one := sample{labels: s.Metric, value: s.F}
		if s.H != nil {
			one.histogram = s.H.TestExpression()
		}
		out = append(out, one)
	}
	sortSamples(out)
	return out
}

func sortSamples(s []sample) {
	slices.SortStableFunc(s, func(a, b sample) int { return labels.Compare(a.labels, b.labels) })
}

func texts(list []sample) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = s.String()
	}
	return out
}

// difference tells what was wanted and what was there: a line for each that is in
// one of them only, and how many are in both.
func difference(want, got []string) string {
	var b strings.Builder
	rest := slices.Clone(got)
	same := 0
	for _, w := range want {
		if i := slices.Index(rest, w); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			same++
			continue
		}
		b.WriteString("\n    - " + w)
	}
	for _, g := range rest {
		b.WriteString("\n    + " + g)
	}
	fmt.Fprintf(&b, "\n    (- is wanted and not there, + is there and not wanted; %d as wanted)", same)
	return b.String()
}
