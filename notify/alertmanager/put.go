package alertmanager

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/common/model"
)

// Put takes in reports of alerts at event time at. When it returns without error
// every change of state survives a kill; that an alert only goes on is written when
// its row is too far behind, since a restart makes up for the rest. Those that do not fit are counted, and refused is how many. An alert
// that has ended and was not known is nothing to anybody and is left out.
func (r *Router) Put(ctx context.Context, origin Origin, alerts []*alert.Alert, at time.Time) (refused int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	changed := false
	for _, a := range alerts {
		ok, did := r.put(origin, a, at)
		if !ok {
			refused++
		}
		changed = changed || did
	}
	r.metrics.received(origin, len(alerts)-refused)
	if !changed {
		return refused, nil
	}
	r.signal()
	if err := r.writeAlerts(ctx); err != nil {
		return refused, fmt.Errorf("store %d alerts: %w", len(alerts), err)
	}
	return refused, nil
}

// put takes in one report. ok is false when there is no room; changed is true
// when something must be on disk before the sender is told that it is.
func (r *Router) put(origin Origin, a *alert.Alert, at time.Time) (ok, changed bool) {
	fp := a.Fingerprint()
	e := r.alerts[fp]
	ended := !a.EndsAt.IsZero() && !a.EndsAt.After(at)
	if e == nil {
		if ended {
			r.metrics.ended.Inc()
			return true, false
		}
		if len(r.alerts) >= r.o.Config.MaxAlerts {
			r.metrics.dropped("too_many_alerts", 1)
			return false, false
		}
		r.rows++
		e = &entry{fp: fp, alert: a, origin: origin, groups: map[*group]bool{}, row: r.rows}
		r.alerts[fp] = e
		r.touch(e)
		r.sources.add(e)
		r.join(e, at)
		r.look(e)
		return true, true
	}
	was := e.endedAt(at)
	next := merge(e.alert, a, at)
	same := sameWords(e.alert, next) && next.StartsAt.Equal(e.alert.StartsAt)
	goesOn := same && e.repeated && e.origin == origin && e.alert.Timeout == next.Timeout
	e.alert, e.origin, e.repeated = next, origin, true
	is := e.endedAt(at)
	behind := !e.saved.holds(next.EndsAt)
	if !goesOn || behind || was || is {
		r.touch(e)
	}
	if len(e.groups) < e.routes && !is {
		r.join(e, at) // a group that was told of its end has let go of it
		changed = true
	}
	if was != is {
		r.look(e)
	}
	return true, changed || was != is || !same || goesOn && behind
}

// touch notes that the row of an alert is older than the alert.
func (r *Router) touch(e *entry) {
	if !e.dirty {
		e.dirty = true
		r.stale = append(r.stale, e)
	}
}

// join puts an alert into its groups, and makes those that are not there.
func (r *Router) join(e *entry, at time.Time) {
	if e.origin == OriginChannel {
		return
	}
	routes := r.plan.root.Match(e.alert.Labels)
	e.routes = len(routes)
	for _, route := range routes {
		labels := groupLabels(e.alert.Labels, route)
		id := idOf(r.ids[route], labels)
		g := r.groups[id]
		if g == nil {
			g = r.newGroup(id, route, labels, at)
			// Who has waited long enough elsewhere is not made to wait again.
			if e.alert.StartsAt.Add(route.RouteOpts.GroupWait).Before(at) {
				g.next = at
			}
		}
		g.members[e.fp] = e
		e.groups[g] = true
	}
}

// Reconcile is told of all alerts of our own rules that burn. Others of theirs
// have ended, and their end was not heard of.
func (r *Router) Reconcile(ctx context.Context, burning []*alert.Alert, origin func(*alert.Alert) Origin, at time.Time) error {
	have := make(map[model.Fingerprint]bool, len(burning))
	for _, a := range burning {
		have[a.Fingerprint()] = true
	}
	r.mu.Lock()
	var ended []*alert.Alert
	for fp, e := range r.alerts {
		if e.origin != OriginReceived && !have[fp] && !e.endedAt(at) {
			end := *e.alert
			end.EndsAt, end.UpdatedAt = at, at
			ended = append(ended, &end)
		}
	}
	var missing []*alert.Alert
	for _, a := range burning {
		if e := r.alerts[a.Fingerprint()]; e == nil || e.endedAt(at) {
			missing = append(missing, a)
		}
	}
	r.mu.Unlock()
	var errs []error
	for _, a := range append(ended, missing...) {
		_, err := r.Put(ctx, origin(a), []*alert.Alert{a}, at)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
