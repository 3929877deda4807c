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
	"github.com/prometheus/prometheus/storage"
)

// ServiceLabel returns the values that a label has on series of a service in a time,
// sorted.
func (e *Engine) ServiceLabel(ctx context.Context, service, label string, from, to time.Time) ([]string, error) {
	q, err := e.opts.Queryable.Querier(from.UnixMilli(), to.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("values of label %s: %w", label, err)
	}
	defer q.Close()
	var out []string
	for _, owner := range e.opts.Owner.Labels() {
		m := labels.MustNewMatcher(labels.MatchEqual, owner, service)
		values, _, err := q.LabelValues(ctx, label, &storage.LabelHints{}, m)
		if err != nil {
			return nil, fmt.Errorf("values of label %s: %w", label, err)
		}
		for _, v := range values {
			out = append(out, strings.Clone(v)) // those of a block are unmapped with it
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// ArmSeries evaluates the signals of a service between from and to, both included, over
// those of its series alone that have one of the values of a label. Nothing is
// recorded. It costs a range query for each signal whose metrics are there. The result
// is sorted like that of SignalSeries; Query is empty.
func (e *Engine) ArmSeries(ctx context.Context, service, label string, values []string, from, to time.Time, step time.Duration) ([]SignalSeries, error) {
	cat := e.Catalogue()
	e.mu.Lock()
	compiled, have := e.compiled, maps.Clone(e.have)
	e.mu.Unlock()
	if cat == nil || compiled == nil || len(values) == 0 {
		return nil, nil
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = regexp.QuoteMeta(v)
	}
	only, err := labels.NewMatcher(labels.MatchRegexp, label, strings.Join(quoted, "|"))
	if err != nil {
		return nil, fmt.Errorf("signals of %s with %s: %w", service, label, err)
	}
	p := parser.NewParser(parser.Options{})
	var out []SignalSeries
	for _, s := range cat.Signals() {
		text := compiled.Expr(s.Name, func(m string) bool { return have[m] })
		if text == "" {
			continue
		}
		expr, err := p.ParseExpr(text)
		if err != nil {
			return nil, fmt.Errorf("signal %s with %s: %w", s.Name, label, err)
		}
		parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
			if v, ok := n.(*parser.VectorSelector); ok {
				v.LabelMatchers = append(v.LabelMatchers, only)
			}
			return nil
		})
		m, err := e.matrix(ctx, expr.String(), from, to, step)
		if err != nil {
			return nil, fmt.Errorf("signal %s with %s: %w", s.Name, label, err)
		}
		for _, series := range m {
			if series.Metric.Get("service") != service {
				continue
			}
			b := labels.NewBuilder(series.Metric)
			b.Set(labels.MetricName, s.Metric())
			series.Metric = b.Labels()
			if one, ok := signalSeries(cat, series); ok {
				one.Query = ""
				out = append(out, one)
			}
		}
	}
	return out, nil
}

// matrix evaluates an expression over a range. The result is the caller's.
func (e *Engine) matrix(ctx context.Context, expr string, from, to time.Time, step time.Duration) (promql.Matrix, error) {
	q, err := e.opts.Query.NewRangeQuery(ctx, e.opts.Queryable, nil, expr, from, to, step)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	m, err := q.Exec(ctx).Matrix()
	if err != nil {
		return nil, err
	}
	out := make(promql.Matrix, len(m))
	for i, s := range m {
		out[i] = promql.Series{Metric: s.Metric.Copy(), Floats: slices.Clone(s.Floats)}
	}
	return out, nil
}
