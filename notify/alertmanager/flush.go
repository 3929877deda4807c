package alertmanager

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/alertmanager/alert"
	amnotify "github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/notify"
)

// Tick moves the router to event time at: groups that are due are told, what has
// changed is written, and what was decided is put into the outbox.
func (r *Router) Tick(ctx context.Context, at time.Time) error {
	if err := r.o.Silences.Save(ctx); err != nil {
		return err
	}
	if err := r.decideDue(ctx, at); err != nil {
		return err
	}
	if err := r.send(ctx); err != nil {
		return err
	}
	return r.observe(ctx, at)
}

func (r *Router) decideDue(ctx context.Context, at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var due []*group
	for _, g := range r.groups {
		if !g.next.After(at) {
			due = append(due, g)
		}
	}
	slices.SortFunc(due, func(a, b *group) int { return cmp.Or(a.next.Compare(b.next), cmp.Compare(a.id, b.id)) })
	for _, g := range due {
		r.flush(g, at)
	}
	for fp, e := range r.alerts {
		if e.runsOut(at) {
			r.touch(e)
		}
		if e.endedAt(at) {
			r.look(e)
			r.forget(fp, e)
		}
	}
	if err := r.write(ctx); err != nil {
		return fmt.Errorf("store groups: %w", err)
	}
	return r.saveClock(ctx, at)
}

// member is an alert of a group at the time of a flush.
type member struct {
	e     *entry
	alert *alert.Alert // without an end unless it has ended
	ended bool
	mute  notify.Mute
}

// flush decides what the channels of a group are told at the time, makes the
// messages, lets go of alerts that have ended and sets when it is due again. The
// caller holds mu and writes what came of it.
func (r *Router) flush(g *group, at time.Time) {
	g.dirty = true
	members := r.membersOf(g, at)
	g.mutedBy = r.mutedByTime(g, at)
	for _, c := range r.plan.channels[g.route.RouteOpts.Receiver] {
		r.flushChannel(g, c, members, at)
	}
	for _, m := range members {
		if !m.ended {
			continue
		}
		for _, t := range g.sent {
			delete(t.firing, m.e.fp)
			delete(t.known, m.e.fp)
		}
		delete(g.members, m.e.fp)
		delete(m.e.groups, g)
		r.forget(m.e.fp, m.e)
	}
	if len(g.members) == 0 {
		delete(r.groups, g.id)
		r.gone[g.id] = true
		return
	}
	if g.next = g.next.Add(g.route.RouteOpts.GroupInterval); !g.next.After(at) {
		g.next = at.Add(g.route.RouteOpts.GroupInterval)
	}
}

// membersOf returns the alerts of a group in the order of Alertmanager's
// messages, each with what mutes it.
func (r *Router) membersOf(g *group, at time.Time) []member {
	out := make([]member, 0, len(g.members))
	for _, e := range g.members {
		a := *e.alert
		m := member{e: e, alert: &a, ended: e.endedAt(at)}
		if !m.ended {
			a.EndsAt = time.Time{}
		}
		m.mute = r.muteOf(a.Labels, at)
		out = append(out, m)
	}
	slices.SortFunc(out, func(x, y member) int {
		s := alert.AlertSlice{x.alert, y.alert}
		switch {
		case s.Less(0, 1):
			return -1
		case s.Less(1, 0):
			return 1
		}
		return 0
	})
	return out
}

// flushChannel decides for one channel of the receiver.
func (r *Router) flushChannel(g *group, c *Channel, members []member, at time.Time) {
	t := g.sent[c.name]
	s := sight{firing: map[model.Fingerprint]bool{}, resolved: map[model.Fingerprint]bool{}}
	var seen []member
	muted := map[model.Fingerprint]bool{}
	for _, m := range members {
		fp := m.e.fp
		why := m.mute.Reason
		if why == "" && len(g.mutedBy) > 0 {
			why = notify.MuteTimeInterval
		}
		if why != "" {
			r.metrics.muted(why)
			if !m.ended {
				muted[fp] = true
				if t != nil && (why == notify.MuteSilence || why == notify.MuteMaintenance) {
					delete(t.firing, fp) // told again when the mute ends
				}
				continue
			}
			if t == nil || !t.known[fp] {
				continue
			}
		}
		seen = append(seen, m)
		if m.ended {
			s.resolved[fp] = true
		} else {
			s.firing[fp] = true
		}
	}
	if len(seen) == 0 {
		return
	}
	sendResolved := c.integration.SendResolved()
	reason, joined := decide(t, s, sendResolved, g.route.RouteOpts.RepeatInterval, at)
	if reason == "" {
		return
	}
	if !sendResolved {
		seen = slices.DeleteFunc(seen, func(m member) bool { return m.ended })
	}
	next := &told{firing: s.firing, resolved: s.resolved, known: map[model.Fingerprint]bool{}, at: at}
	for fp := range s.firing {
		next.known[fp] = true
	}
	if t != nil {
		for fp := range t.known {
			if muted[fp] {
				next.known[fp] = true // it burns on, unseen
			}
		}
	}
	g.sent[c.name] = next
	if len(seen) == 0 {
		return // only ends, of which it does not want to hear
	}
	r.seq++
	r.due = append(r.due, message{channel: c.name, m: r.messageOf(g, c, seen, reason, joined)})
	r.metrics.told(reason)
}

// messageOf makes the message about a group for one channel. Its key ends in a
// number that is stored with the message and never used again.
func (r *Router) messageOf(g *group, c *Channel, seen []member, reason string, joined bool) notify.Message {
	out := &notify.Group{
		Key: g.key, Receiver: c.receiver, Labels: stringMap(g.labels), Reason: reason, Joined: joined,
		Alerts: make([]notify.GroupAlert, len(seen)),
	}
	alerts := make([]*alert.Alert, len(seen))
	for i, m := range seen {
		a := m.alert
		alerts[i] = a
		out.Alerts[i] = notify.GroupAlert{
			Labels: stringMap(a.Labels), Annotations: stringMap(a.Annotations), StartsAt: a.StartsAt, EndsAt: a.EndsAt,
			GeneratorURL: a.GeneratorURL, Fingerprint: m.e.fp.String(), Resolved: m.ended,
		}
	}
	out.RouteLabels = routeLabels(r.plan, r.log, g, alerts)
	return notify.Message{Key: "group/" + amnotify.Key(g.id).Hash()[:16] + "/" + strconv.FormatInt(r.seq, 10), Group: out}
}

// routeLabels renders the labels of the route over the alerts of a message. One
// whose template fails is left out and logged.
func routeLabels(p *Plan, log *slog.Logger, g *group, alerts []*alert.Alert) map[string]string {
	if len(g.route.RouteOpts.Labels) == 0 {
		return nil
	}
	data := p.tmpl.Data(g.route.RouteOpts.Receiver, g.labels, g.route.RouteOpts.Labels, "unknown", alerts...)
	render := p.tmpl.RouteLabelRenderer(data)
	out := map[string]string{}
	for n := range g.route.RouteOpts.Labels {
		v, err := render(string(n))
		if err != nil {
			log.Warn("a label of a route cannot be rendered and is left out", "route", g.route.Key(), "label", n, "error", err)
			continue
		}
		out[string(n)] = v
	}
	return out
}

// forget lets go of an alert that has ended, is in no group, and of whose end
// everyone who asked was told.
func (r *Router) forget(fp model.Fingerprint, e *entry) {
	if len(e.groups) > 0 || r.unknown[fp] {
		return
	}
	delete(r.alerts, fp)
	r.removed = append(r.removed, e.row)
	r.sources.remove(e)
}

func stringMap(l model.LabelSet) map[string]string {
	out := make(map[string]string, len(l))
	for n, v := range l {
		out[string(n)] = string(v)
	}
	return out
}
