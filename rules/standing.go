package rules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// StandingMetric is the name of the series that say, for the alerts that linger,
// which of them are firing or held: value 1, with alertname and the labels of
// the thing that the alert is about. They are written right before each
// evaluation from what was told, so that neither a restart nor a gap in the data
// makes an alert between its threshold and its recovery forget itself.
const StandingMetric = signal.Prefix + "alert:standing"

// mark writes the standing alerts of a group at the time of the data that its
// evaluation will read, and ends the series of those that are over.
func (e *Engine) mark(ctx context.Context, s *scheduled, slot time.Time) error {
	now := map[string]labels.Labels{}
	lingers := false
	for _, r := range s.group.AlertingRules() {
		info := e.rules[r]
		if info == nil || info.alert == nil || !info.alert.Lingers() {
			continue
		}
		lingers = true
		for _, x := range e.entries[r.Name()] {
			if info.concerns(x.alert) {
				l := standingLabels(info.alert, x.alert.Labels)
				now[l.String()] = l
			}
		}
	}
	if !lingers && len(s.marked) == 0 {
		return nil
	}
	at := slot.Add(-s.group.QueryOffset())
	if s.marked == nil {
		var err error
		if s.marked, err = e.markedBefore(ctx, s, at); err != nil {
			return err
		}
	}
	if len(now) == 0 && len(s.marked) == 0 {
		return nil
	}
	app := e.opts.Appendable.AppenderV2(ctx)
	put := func(l labels.Labels, v float64) error {
		_, err := app.Append(0, l, 0, at.UnixMilli(), v, nil, nil, storage.AppendV2Options{})
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(s.marked)) {
		if _, on := now[key]; !on {
			if err := put(s.marked[key], math.Float64frombits(value.StaleNaN)); err != nil {
				return errors.Join(fmt.Errorf("end the standing of %s: %w", key, err), app.Rollback())
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if err := put(now[key], 1); err != nil {
			return errors.Join(fmt.Errorf("note the standing of %s: %w", key, err), app.Rollback())
		}
	}
	s.marked = now
	return app.Commit()
}

// markedBefore finds what was standing before a restart.
func (e *Engine) markedBefore(ctx context.Context, s *scheduled, at time.Time) (map[string]labels.Labels, error) {
	out := map[string]labels.Labels{}
	for _, r := range s.group.AlertingRules() {
		info := e.rules[r]
		if info == nil || info.alert == nil || !info.alert.Lingers() {
			continue
		}
		v, err := e.query(ctx, fmt.Sprintf("%s{alertname=%q}", StandingMetric, r.Name()), at)
		if err != nil {
			return nil, fmt.Errorf("read which alerts were standing: %w", err)
		}
		for _, x := range v {
			out[x.Metric.String()] = x.Metric
		}
	}
	return out, nil
}

// standingLabels are those of the series that keeps an alert of the rule.
func standingLabels(r *AlertRule, of map[string]string) labels.Labels {
	l := map[string]string{labels.MetricName: StandingMetric, labels.AlertName: r.Name}
	for _, n := range r.Condition.Labels() {
		if of[n] != "" {
			l[n] = of[n]
		}
	}
	return labels.FromMap(l)
}
