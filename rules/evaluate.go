package rules

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/promql"
	prules "github.com/prometheus/prometheus/rules"
)

// EvalDue evaluates every group that is due at or before now, each once, at the
// last multiple of its interval; evaluations that were passed over are counted
// as missed. It returns when the next group is due. The error names the rules
// that failed; the others were evaluated all the same. When ctx ends, the error
// is its cause and what was not evaluated is due again.
func (e *Engine) EvalDue(ctx context.Context, now time.Time) (next time.Time, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.publish()
	defer e.remember(ctx)
	var errs []error
	e.endOrphans(ctx, now)
	for _, s := range e.groups {
		slot := e.opts.Virtual.slotOf(now, s.group.Interval())
		if s.last.IsZero() || slot.After(s.last) {
			if err := e.evaluate(ctx, s, slot); err != nil {
				errs = append(errs, err)
			}
			if s.group.File() == signalsFile && ctx.Err() == nil {
				errs = append(errs, e.foresee(ctx, slot))
			}
		}
		if ctx.Err() != nil {
			return now, context.Cause(ctx)
		}
		if due := s.last.Add(s.group.Interval()); next.IsZero() || due.Before(next) {
			next = due
		}
	}
	e.buryLeaving(ctx, now)
	e.promoteEvents(ctx, now)
	if next.IsZero() {
		next = e.opts.Virtual.slotOf(now, e.cfg.Interval.Std()).Add(e.cfg.Interval.Std())
	}
	if due := e.nextEvent(); !due.IsZero() && due.Before(next) {
		next = due
	}
	return next, errors.Join(errs...)
}

// evaluate runs one group at the slot and hands on what changed.
func (e *Engine) evaluate(ctx context.Context, s *scheduled, slot time.Time) error {
	if !s.last.IsZero() {
		if missed := slot.Sub(s.last)/s.group.Interval() - 1; missed > 0 {
			e.gauges.missed.Add(int(missed))
		}
	}
	if s.group.File() == signalsFile {
		if err := e.followMetrics(ctx, s, slot); err != nil && ctx.Err() == nil {
			e.log.Warn("signals are recorded as before", "err", err)
		}
	}
	if err := e.mark(ctx, s, slot); err != nil && ctx.Err() == nil {
		e.log.Warn("alerts that are to linger may end too early", "file", s.group.File(), "err", err)
	}
	origin := promql.NewOriginContext(ctx, map[string]any{
		"ruleGroup": map[string]string{"file": s.group.File(), "name": s.group.Name()},
	})
	started := e.opts.Now()
	prules.DefaultEvalIterationFunc(origin, s.group, slot)
	if ctx.Err() != nil {
		return nil // cut short: what it did not find says nothing
	}
	e.gauges.seconds.Update(e.opts.Now().Sub(started).Seconds())
	e.gauges.evaluations.Inc()
	s.last = slot
	s.runs++
	// As Prometheus does, the second evaluation is waited for: at the first
	// the senders may not have caught up with the time of the outage.
	if !s.restored && s.runs >= 2 {
		s.group.RestoreForState(slot)
		s.restored = true
	}
	var changed []Alert
	var errs []error
	for _, r := range s.group.Rules() {
		if err := r.LastError(); err != nil {
			e.gauges.failures.Inc()
			errs = append(errs, fmt.Errorf("%s: group %q: rule %q: evaluate at %s: %w",
				s.group.File(), s.group.Name(), r.Name(), slot.Format(time.RFC3339), err))
		}
		if a, ok := r.(*prules.AlertingRule); ok {
			changed = append(changed, e.track(ctx, e.rules[a], slot)...)
		}
	}
	e.handOn(ctx, changed)
	return errors.Join(errs...)
}

// buryLeaving marks the series of removed groups as stale right after their
// last value. It runs after an evaluation of the groups that may have taken the
// series over: the store then refuses the marker as out of order.
func (e *Engine) buryLeaving(ctx context.Context, now time.Time) {
	kept := e.leaving[:0]
	for _, l := range e.leaving {
		if e.opts.Virtual.slotOf(now, e.cfg.Interval.Std()).After(l.last) {
			l.tombstone.Eval(ctx, l.last.Add(time.Millisecond))
			continue
		}
		kept = append(kept, l)
	}
	e.leaving = kept
}

func (e *Engine) handOn(ctx context.Context, alerts []Alert) {
	if len(alerts) == 0 {
		return
	}
	sortAlerts(alerts)
	e.opts.Notify(ctx, alerts)
}
