package rules

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"

	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// SignalSeries is the recorded values of one signal of one service.
type SignalSeries struct {
	Service     string
	Environment string // "" when the data carry none
	Instance    string // "" unless the signal is of single instances
	Signal      string
	Unit        signal.Unit
	Bad         signal.Direction
	Symptom     bool
	Query       string // selector of exactly this series
	// Points are oldest first, one per step at which there was a value; steps
	// without data are left out. The slice is the caller's.
	Points []telemetry.Sample
}

// SignalSeries returns the recorded signals of the services (nil means all)
// between from and to, both included, one point per step. The result is sorted
// by service, signal, environment and instance; signals that are no longer in
// the catalogue are left out.
func (e *Engine) SignalSeries(ctx context.Context, services []string, from, to time.Time, step time.Duration) ([]SignalSeries, error) {
	if step <= 0 || to.Before(from) {
		return nil, fmt.Errorf("read signals: want a positive step and from before to, got step %s from %s to %s", step, from.Format(time.RFC3339), to.Format(time.RFC3339))
	}
	cat := e.Catalogue()
	if cat == nil || services != nil && len(services) == 0 {
		return nil, nil
	}
	q, err := e.opts.Query.NewRangeQuery(ctx, e.opts.Queryable, nil, signalSelector(cat, services), from, to, step)
	if err != nil {
		return nil, fmt.Errorf("read signals: %w", err)
	}
	defer q.Close()
	m, err := q.Exec(ctx).Matrix()
	if err != nil {
		return nil, fmt.Errorf("read signals: %w", err)
	}
	out := make([]SignalSeries, 0, len(m))
	for _, s := range m {
		if one, ok := signalSeries(cat, s); ok {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b SignalSeries) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Signal, b.Signal),
			cmp.Compare(a.Environment, b.Environment), cmp.Compare(a.Instance, b.Instance))
	})
	return out, nil
}

func signalSelector(cat *signal.Catalogue, services []string) string {
	var names []string
	for _, s := range cat.Signals() {
		names = append(names, s.Metric())
	}
	sel := fmt.Sprintf("{__name__=~%q", strings.Join(names, "|"))
	if services != nil {
		quoted := make([]string, len(services))
		for i, s := range services {
			quoted[i] = regexp.QuoteMeta(s)
		}
		sel += fmt.Sprintf(",service=~%q", strings.Join(quoted, "|"))
	}
	return sel + "}"
}

func signalSeries(cat *signal.Catalogue, s promql.Series) (SignalSeries, bool) {
	def, ok := cat.Lookup(strings.TrimPrefix(s.Metric.Get(labels.MetricName), signal.Prefix))
	if !ok {
		return SignalSeries{}, false
	}
	out := SignalSeries{
		Service: s.Metric.Get("service"), Environment: s.Metric.Get("environment"), Instance: s.Metric.Get("instance"),
		Signal: def.Name, Unit: def.Unit, Bad: def.Bad, Symptom: def.Symptom,
	}
	var own []string
	s.Metric.Range(func(l labels.Label) {
		if l.Name != labels.MetricName {
			own = append(own, fmt.Sprintf("%s=%q", l.Name, l.Value))
		}
	})
	out.Query = def.Metric() + "{" + strings.Join(own, ",") + "}"
	for _, p := range s.Floats {
		if !value.IsStaleNaN(p.F) {
			out.Points = append(out.Points, telemetry.Sample{T: p.T, V: p.F})
		}
	}
	return out, true
}
