package alertmanager

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/dispatch"
	"github.com/prometheus/alertmanager/marker"
	"github.com/prometheus/common/model"
)

// Alerts returns all alerts that are known, ended ones too while somebody has to
// be told of their end. The alerts must not be changed.
func (r *Router) Alerts() []*alert.Alert {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*alert.Alert, 0, len(r.alerts))
	for _, e := range r.alerts {
		out = append(out, shown(e, r.o.Now()))
	}
	return out
}

// Alert returns an alert by its fingerprint, and whether it is known.
func (r *Router) Alert(fp model.Fingerprint) (*alert.Alert, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.alerts[fp]
	if !ok {
		return nil, false
	}
	return shown(e, r.o.Now()), true
}

// shownLease is the end that the API shows of an alert that has none, because
// clients expect one.
const shownLease = 5 * time.Minute

func shown(e *entry, now time.Time) *alert.Alert {
	if !e.alert.EndsAt.IsZero() {
		return e.alert
	}
	a := *e.alert
	a.EndsAt = now.Add(shownLease)
	return &a
}

// Groups returns the groups of the routes that pass the first filter, with those
// of their alerts that pass the second, and the receivers of each alert, as
// Alertmanager's dispatcher does.
func (r *Router) Groups(ctx context.Context, routes func(*dispatch.Route) bool, alerts func(*alert.Alert, time.Time) bool) (dispatch.AlertGroups, map[model.Fingerprint][]string, error) {
	type snapshot struct {
		group  dispatch.AlertGroup
		alerts []*alert.Alert
		g      *group
	}
	r.mu.Lock()
	p, now := r.plan, r.o.Now()
	var all []snapshot
	for _, g := range r.groups {
		if !routes(g.route) {
			continue
		}
		s := snapshot{g: g, group: dispatch.AlertGroup{Labels: g.labels, Receiver: g.route.RouteOpts.Receiver, GroupKey: g.key, RouteID: g.route.ID()}}
		for _, e := range g.members {
			s.alerts = append(s.alerts, shown(e, r.o.Now()))
		}
		all = append(all, s)
	}
	r.mu.Unlock()
	out, receivers := dispatch.AlertGroups{}, map[model.Fingerprint][]string{}
	for i := range all {
		s := &all[i]
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		for _, a := range s.alerts {
			if alerts(a, now) {
				s.group.Alerts = append(s.group.Alerts, a)
				receivers[a.Fingerprint()] = append(receivers[a.Fingerprint()], s.group.Receiver)
			}
		}
		if len(s.group.Alerts) == 0 {
			continue
		}
		sort.Sort(s.group.Alerts)
		s.group.RouteLabels = labelSet(routeLabels(p, r.log, s.g, s.group.Alerts))
		out = append(out, &s.group)
	}
	sort.Sort(out)
	for fp := range receivers {
		slices.Sort(receivers[fp])
	}
	return out, receivers, nil
}

// GroupMuted returns the time intervals that mute a group of a route now, and
// whether there are any.
func (r *Router) GroupMuted(routeID, key string) ([]string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range r.groups {
		if g.key == key && g.route.ID() == routeID {
			by := r.mutedByTime(g, r.o.Now())
			return by, len(by) > 0
		}
	}
	return nil, false
}

// maintenancePrefix begins what is shown in the place of a silence's id for an
// alert in a maintenance window.
const maintenancePrefix = "maintenance/"

// Mark tells the marker in ctx, if any, what silences and what inhibits an alert
// of the labels now.
func (r *Router) Mark(ctx context.Context, lset model.LabelSet) {
	m, ok := marker.FromContext(ctx)
	if !ok {
		return
	}
	now, fp := r.o.Now(), lset.Fingerprint()
	var ids []string
	for _, s := range r.o.Silences.Matching(lset, now) {
		ids = append(ids, s.ID)
	}
	r.mu.Lock()
	if w, in := r.plan.windows.InSet(lset, now); in {
		ids = append(ids, maintenancePrefix+w.Name)
	}
	by, _, inhibited := r.sources.inhibitor(lset, now)
	r.mu.Unlock()
	m.SetSilenced(fp, ids)
	if inhibited {
		m.SetInhibited(fp, []string{by.fp.String()})
	} else {
		m.SetInhibited(fp, nil)
	}
}
