package rules

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	prules "github.com/prometheus/prometheus/rules"

	"github.com/tocsinhq/tocsin/telemetry"
)

// entry is an alert that is firing or held, as it was last handed on.
type entry struct {
	alert      Alert
	event      bool
	resumed    bool      // from before a restart and not yet evaluated
	interrupt  bool      // its rule forgot it: held or resumed since it fired
	sent       time.Time // when it was last handed on
	lastTrue   time.Time // last evaluation at which the condition held
	heldSince  time.Time
	asked      time.Time // when its source was last looked at
	silent     string    // what was found: why the source is silent, or ""
	falseSince time.Time // since when the condition is known to be false
}

// Fingerprint returns the identity of an alert: a hash of its labels, which
// include its name. It is the same over restarts and versions.
func Fingerprint(l map[string]string) string {
	names := make([]string, 0, len(l))
	for n := range l {
		names = append(names, n)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, n := range names {
		h.Write([]byte(n + "\xff" + l[n] + "\xff"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func sortAlerts(a []Alert) {
	slices.SortFunc(a, func(x, y Alert) int { return cmp.Compare(x.Fingerprint, y.Fingerprint) })
}

func fixedLabels(r *prules.AlertingRule) labels.Labels {
	b := labels.NewBuilder(r.Labels())
	r.Labels().Range(func(l labels.Label) {
		if strings.Contains(l.Value, "{{") {
			b.Del(l.Name)
		}
	})
	return b.Labels()
}

// Resume takes up the alerts that were firing or held before a restart. Each
// counts as held until its rule is evaluated: it then fires on without being
// told again, is resolved when data say so, or is held when there are none.
// What EngineOptions.Memory knows of them is taken up too, and the shadow alerts
// in it. Call it after Load and before the first EvalDue. Other alerts are
// ignored. On an error the alerts are resumed all the same, with what is known.
func (e *Engine) Resume(ctx context.Context, alerts []Alert) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.publish()
	standing, err := e.recall(ctx, alerts)
	for _, s := range standing {
		a := s.Alert
		if e.entries.get(a.Name, a.Fingerprint) != nil {
			continue
		}
		x := &entry{alert: a, resumed: true, interrupt: true, sent: a.At, lastTrue: a.At, falseSince: s.FalseSince, heldSince: s.HeldSince}
		x.event = slices.ContainsFunc(e.events, func(r AlertRule) bool { return r.Name == a.Name })
		if x.event {
			e.latest[a.Fingerprint] = seen{at: a.Since, id: a.Annotations["change"], status: e.eventStatus(a.Name)}
		}
		e.entries.put(x)
	}
	return errors.Join(err, e.reviveAll(ctx))
}

// track compares the alerts of a rule that was just evaluated with what was
// last handed on, and returns what is to be told.
func (e *Engine) track(ctx context.Context, info *ruleInfo, ts time.Time) []Alert {
	var out []Alert
	info.produced, info.evaluated = map[string]bool{}, true
	for _, a := range info.rule.ActiveAlerts() {
		fp := Fingerprint(a.Labels.Map())
		x := e.entries.get(info.rule.Name(), fp)
		if a.State != prules.StateFiring && x == nil {
			continue // pending
		}
		if x == nil && ts.Before(e.blind) && asksForAbsence(info.rule.Query()) {
			continue // what is not there may only not have come again yet
		}
		info.produced[fp] = true
		if a.State != prules.StateFiring && !e.opts.Virtual.Exact {
			// It fired before its data stopped or before a restart: it need
			// not wait for its `for` again.
			e.reactivate(info.rule, a.Labels, x.alert.Since)
		}
		if alert, tell := e.fire(ctx, info, a, x, ts); tell {
			out = append(out, alert)
		}
	}
	for fp, x := range e.entries[info.rule.Name()] {
		if x.event || info.produced[fp] || !info.concerns(x.alert) || !e.missing(fp, x.alert) {
			continue
		}
		if alert, tell := e.silent(ctx, info, x, ts); tell {
			out = append(out, alert)
		}
	}
	return out
}

// reactivate gives a pending alert of the rule the start it had before.
func (e *Engine) reactivate(r *prules.AlertingRule, l labels.Labels, since time.Time) {
	r.ForEachActiveAlert(func(a *prules.Alert) {
		if a.State == prules.StatePending && labels.Equal(a.Labels, l) && since.Before(a.ActiveAt) {
			a.ActiveAt = since
		}
	})
}

// missing reports whether no rule that the alert can belong to has it, and all
// of them were evaluated.
func (e *Engine) missing(fp string, a Alert) bool {
	for _, info := range e.named[a.Name] {
		if info.concerns(a) && (!info.evaluated || info.produced[fp]) {
			return false
		}
	}
	return true
}

// fire notes that the condition of an alert holds.
func (e *Engine) fire(ctx context.Context, info *ruleInfo, a *prules.Alert, x *entry, ts time.Time) (Alert, bool) {
	isNew := x == nil
	if isNew {
		x = &entry{alert: Alert{Since: a.ActiveAt}}
	}
	was := x.alert
	x.heldSince = time.Time{}
	if x.falseSince = a.KeepFiringSince; x.falseSince.IsZero() {
		x.lastTrue = ts
	}
	x.resumed, x.interrupt = false, false
	same := was.State == AlertFiring && was.Value == telemetry.Number(a.Value)
	if was.State == AlertFiring && (same || ts.Sub(x.sent) < e.cfg.RefreshInterval.Std()) {
		return Alert{}, false
	}
	next := e.describe(ctx, info, a, was.Query, ts)
	next.Since = was.Since
	if was.State == AlertFiring {
		e.gauges.refreshed.Inc()
	} else {
		e.gauges.transition(AlertFiring)
	}
	x.alert, x.sent = next, ts
	e.entries.put(x)
	return next, true
}

// silent decides what becomes of an alert that its rule no longer has: it is
// resolved when the data that it is about are there, else held.
func (e *Engine) silent(ctx context.Context, info *ruleInfo, x *entry, ts time.Time) (Alert, bool) {
	at := ts.Add(-info.offset)
	known := info.rule.LastError() == nil && e.known(ctx, info, x, at)
	x.resumed = false
	if !known {
		return e.hold(ctx, x, ts, at)
	}
	// While the rule itself had the alert it kept it firing long enough; after
	// an interruption the time counts from when the data said so.
	if keep := info.rule.KeepFiringFor(); keep > 0 && x.interrupt {
		if x.falseSince.IsZero() {
			x.falseSince = ts
		}
		if ts.Sub(x.falseSince) < keep {
			return Alert{}, false
		}
	}
	e.revalue(ctx, info, x, at)
	return e.resolve(x, ts, ""), true
}

// hold keeps an alert whose data stopped.
func (e *Engine) hold(ctx context.Context, x *entry, ts, at time.Time) (Alert, bool) {
	x.interrupt, x.falseSince = true, time.Time{}
	if x.heldSince.IsZero() {
		x.heldSince = ts
	}
	if limit := e.cfg.CloseHeldAfter.Std(); limit > 0 && ts.Sub(x.heldSince) >= limit {
		return e.resolve(x, ts, "closed without recovery: its data did not return for "+e.cfg.CloseHeldAfter.String()), true
	}
	state, why := e.dataless(ctx, x, ts, at)
	if x.alert.State == state {
		return Alert{}, false
	}
	x.alert.State, x.alert.At, x.sent = state, ts, ts
	x.alert.Summary = heldSummary(x.alert)
	if state == AlertStale {
		x.alert.Summary = staleSummary(x.alert, why)
	}
	e.gauges.transition(state)
	return x.alert, true
}

// resolve ends an alert; why is empty for a real recovery.
func (e *Engine) resolve(x *entry, ts time.Time, why string) Alert {
	e.entries.drop(x)
	a := x.alert
	a.State, a.At = AlertResolved, ts
	a.Summary = resolvedSummary(a, why)
	e.gauges.transition(AlertResolved)
	return a
}

// endOrphans resolves alerts whose rule is no longer loaded.
func (e *Engine) endOrphans(ctx context.Context, now time.Time) {
	if e.set.Catalogue == nil {
		return // nothing was loaded yet
	}
	var out []Alert
	for x := range e.entries.all() {
		owned := slices.ContainsFunc(e.events, func(r AlertRule) bool { return eventConcerns(r, x.alert) })
		owned = owned || slices.ContainsFunc(e.named[x.alert.Name], func(i *ruleInfo) bool { return i.concerns(x.alert) })
		if !owned {
			out = append(out, e.resolve(x, now, "closed without recovery: its rule is no longer loaded"))
		}
	}
	e.handOn(ctx, out)
}
