package rules

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/timestamp"
	"github.com/prometheus/prometheus/promql"
	prules "github.com/prometheus/prometheus/rules"
)

// Standing is an alert that is firing or held, with what a restart needs to go on
// with it as if there had been none.
type Standing struct {
	Alert      Alert     `json:"alert"`
	FalseSince time.Time `json:"false_since,omitzero"` // since when its condition is known to be false, while keep_firing_for keeps it
	HeldSince  time.Time `json:"held_since,omitzero"`
}

// Memory keeps the standing alerts over restarts. A failed Remember is tried
// again with the next evaluation.
type Memory interface {
	// Remember stores what changed and forgets the fingerprints that are over,
	// both or nothing.
	Remember(ctx context.Context, changed []Standing, over []string) error
	// Recall returns everything that is stored, in no order.
	Recall(ctx context.Context) ([]Standing, error)
}

// noted is what of an entry is in the memory. The value is not among it: it is
// told anew after a restart and would make every evaluation a write.
type noted struct {
	state                 AlertState
	since                 time.Time
	falseSince, heldSince time.Time
}

func (x *entry) noted() noted {
	return noted{x.alert.State, x.alert.Since, x.falseSince, x.heldSince}
}

// remember writes what changed since the last call into the memory.
func (e *Engine) remember(ctx context.Context) {
	if e.opts.Memory == nil {
		return
	}
	now := make(map[string]noted, len(e.noted))
	var changed []Standing
	for x := range e.entries.all() {
		fp, n := x.alert.Fingerprint, x.noted()
		now[fp] = n
		if was, ok := e.noted[fp]; !ok || was != n {
			changed = append(changed, Standing{x.alert, x.falseSince, x.heldSince})
		}
	}
	var over []string
	for fp := range e.noted {
		if _, still := now[fp]; !still {
			over = append(over, fp)
		}
	}
	if len(changed) == 0 && len(over) == 0 {
		return
	}
	if err := e.opts.Memory.Remember(ctx, changed, over); err != nil {
		e.gauges.forgotten.Inc()
		if ctx.Err() == nil {
			e.log.Error("standing alerts could not be stored; a restart now would know less of them", "changed", len(changed), "over", len(over), "err", err)
		}
		return
	}
	e.noted = now
}

// recall adds to the alerts that were told what the memory knows of them, and
// the shadow alerts, which nobody was told of. What is stored and neither is
// over: its end was told before the memory could be brought up to date.
func (e *Engine) recall(ctx context.Context, told []Alert) ([]Standing, error) {
	out := make([]Standing, 0, len(told))
	at := make(map[string]int, len(told))
	for _, a := range told {
		if a.State != AlertFiring && !a.State.Dataless() {
			continue
		}
		if _, twice := at[a.Fingerprint]; twice {
			continue
		}
		s := Standing{Alert: a}
		if a.State.Dataless() {
			s.HeldSince = a.At
		}
		at[a.Fingerprint] = len(out)
		out = append(out, s)
	}
	if e.opts.Memory == nil {
		return out, nil
	}
	stored, err := e.opts.Memory.Recall(ctx)
	if err != nil {
		return out, fmt.Errorf("recall standing alerts: %w", err)
	}
	for _, s := range stored {
		e.noted[s.Alert.Fingerprint] = noted{} // whatever it becomes is written anew
		i, ok := at[s.Alert.Fingerprint]
		switch {
		case ok && s.Alert.State == out[i].Alert.State:
			// What was told last may be newer, but has less in it.
			newer := out[i].Alert
			out[i].FalseSince, out[i].HeldSince = s.FalseSince, s.HeldSince
			out[i].Alert = s.Alert
			if newer.At.After(s.Alert.At) {
				out[i].Alert.At, out[i].Alert.Value, out[i].Alert.Summary = newer.At, newer.Value, newer.Summary
			}
		case !ok && s.Alert.Shadow:
			out = append(out, s)
		}
	}
	return out, nil
}

// revive gives the rule its firing alerts of before the restart back, so that it
// goes on with them as firing, and with their keep_firing_for where it was,
// instead of beginning anew. A rule takes alerts only from an evaluation, so it
// gets one whose result is what was firing.
func (e *Engine) revive(ctx context.Context, info *ruleInfo) error {
	mine := map[string]*entry{}
	var result promql.Vector
	var at time.Time
	for fp, x := range e.entries[info.rule.Name()] {
		if x.event || !x.resumed || x.alert.State != AlertFiring || !info.concerns(x.alert) {
			continue
		}
		mine[fp] = x
		result = append(result, promql.Sample{
			Metric: labels.FromMap(resultLabels(info.rule, x.alert.Labels)), F: float64(x.alert.Value), T: timestamp.FromTime(x.alert.At),
		})
		if x.alert.At.After(at) {
			at = x.alert.At
		}
	}
	if len(mine) == 0 || info.rule.ActiveAlertsCount() > 0 {
		return nil
	}
	slices.SortFunc(result, func(a, b promql.Sample) int { return labels.Compare(a.Metric, b.Metric) })
	same := func(context.Context, string, time.Time) (promql.Vector, error) { return result, nil }
	if _, err := info.rule.Eval(ctx, 0, at, same, e.opts.ExternalURL, 0); err != nil {
		return fmt.Errorf("rule %q: take up its alerts: %w", info.rule.Name(), err)
	}
	info.rule.ForEachActiveAlert(func(a *prules.Alert) {
		x := mine[Fingerprint(a.Labels.Map())]
		if x == nil {
			// Its labels come out otherwise now, so it is another alert. The
			// rule drops what was resolved long ago.
			a.State, a.ResolvedAt = prules.StateInactive, at.Add(-24*time.Hour)
			return
		}
		a.State, a.ActiveAt, a.Value = prules.StateFiring, x.alert.Since, float64(x.alert.Value)
		a.FiredAt = x.alert.Since.Add(info.rule.HoldDuration())
		a.KeepFiringSince = x.falseSince
		a.Annotations = labels.FromMap(x.alert.Annotations)
	})
	return nil
}

// reviveAll gives every rule its alerts back.
func (e *Engine) reviveAll(ctx context.Context) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(e.named)) {
		for _, info := range e.named[name] {
			if err := e.revive(ctx, info); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
