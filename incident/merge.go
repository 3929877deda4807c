package incident

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// maxHops bounds the way from a merged incident to the one that it goes on as.
const maxHops = 16

// unite merges open incidents whose first suspect is the same and that are close
// to each other, when two looks in a row find it. Only incidents with the same
// suspect are compared, so that the cost stays that of the open incidents.
func (e engine) unite(s *state, now time.Time, d *delta) {
	if e.suspect == nil {
		return
	}
	by := map[string][]*live{}
	for _, l := range byID(s.open) {
		if x := d.latest(l); x.State.Active() && x.scope() != stormScope {
			if suspect := e.suspect(l.ID); suspect != "" {
				by[suspect] = append(by[suspect], l)
			}
		}
	}
	for _, suspect := range slices.Sorted(maps.Keys(by)) {
		same := by[suspect]
		for i, l := range same[min(1, len(same)):] {
			e.twin(s, same[:i+1], l, suspect, now, d)
		}
	}
}

// twin looks for the incident, among older ones, that this one is the same as.
func (e engine) twin(s *state, older []*live, l *live, suspect string, now time.Time, d *delta) {
	for _, o := range older {
		o = d.latest(o)
		if !o.State.Active() || slices.Contains(l.Memory.Apart, o.ID) || now.Sub(o.Opened) > time.Duration(e.cfg.MaxAge) {
			continue
		}
		a := e.between(s, o, l)
		if a.sum() < e.cfg.MergeAffinity-affinityTolerance {
			continue
		}
		c := d.latest(l)
		if c.Memory.Twin != o.ID {
			c.Memory.Twin, c.Memory.TwinAt = o.ID, now
			d.touch(c)
			d.urgent = true
			return
		}
		if !now.After(c.Memory.TwinAt) {
			return
		}
		e.merge(s, o, c, merging{at: now, reason: fmt.Sprintf("both have the same first suspect, %s; %s", suspect, a)}, d)
		return
	}
	if l.Memory.Twin != "" {
		c := d.latest(l)
		c.Memory.Twin = ""
		d.touch(c)
	}
}

type merging struct {
	at            time.Time
	actor, reason string
}

// merge folds the younger of two incidents, both clones, into the older, which
// goes on with the occurrences of both. The younger stays in the store as an
// alias of it.
func (e engine) merge(s *state, old, young *live, m merging, d *delta) {
	taken := 0
	for _, o := range young.Occurrences {
		taken++
		i := old.index(o.Key)
		switch {
		case i < 0 && !e.keep(old, o, d):
			taken--
			continue
		case i >= 0 && old.Occurrences[i].At.Before(o.At):
			strong := old.Occurrences[i].Strong || o.Strong
			old.Occurrences[i] = o
			old.Occurrences[i].Strong = strong
			fallthrough
		case i >= 0:
			d.own(old, o.Key)
		}
		if o.Strong {
			if old.Memory.Tracks == nil {
				old.Memory.Tracks = map[string]track{}
			}
			if t, ok := young.Memory.Tracks[o.Key]; ok && (i < 0 || old.Memory.Tracks[o.Key].Changed.Before(t.Changed)) {
				old.Memory.Tracks[o.Key] = t
			}
			old.sign(o)
			p := d.print(s, o)
			p.Incident = old.ID
		}
		d.link(old, o)
	}
	if young.Onset.Before(old.Onset) {
		old.Onset = young.Onset
	}
	if young.Severity.Rank() > old.Severity.Rank() {
		old.Severity = young.Severity
	}
	old.Memory.LastStrong = latest(old.Memory.LastStrong, young.Memory.LastStrong)
	old.Memory.Severe = latest(old.Memory.Severe, young.Memory.Severe)
	old.stands = nil
	old.Updated = latest(old.Updated, m.at)
	old.Merged = append(slices.Clone(old.Merged), young.ID)
	young.MergedInto = old.ID
	e.must(e.move(young, StateMerged, Event{At: m.at, Actor: m.actor,
		Text: fmt.Sprintf("goes on as %s, %s: %s", old.ID, old.Title, m.reason)}, d))
	e.emit(old, d, Event{Kind: EventAttached, At: m.at, Actor: m.actor,
		Text: fmt.Sprintf("took in %s, %s, with %s: %s", young.ID, young.Title, telemetry.Counted(taken, "occurrence", "occurrences"), m.reason)})
}

// keep adds an occurrence of a merged incident without turning anything.
func (e engine) keep(l *live, o Occurrence, d *delta) bool {
	if len(l.Occurrences) >= maxOccurrences {
		l.drop(o.Key)
		return false
	}
	l.Occurrences = append(l.Occurrences, o)
	d.own(l, o.Key)
	return true
}

// Merge makes two active incidents one by the word of actor: the older takes in
// the younger, whichever is named first, and is returned. Both are named in the
// reason's events. ErrNotFound, ErrConflict if either is over or they are the
// same, ErrInvalid.
func (m *Manager) Merge(ctx context.Context, id, with, actor, reason string, at time.Time) (Incident, error) {
	return m.person(ctx, id, personal{verb: "merge", actor: actor, note: reason, at: at,
		do: func(l *live, at time.Time, d *delta) (*live, error) {
			other, err := m.lookup(ctx, with)
			if err != nil {
				return nil, fmt.Errorf("with %s: %w", with, err)
			}
			if other.ID == l.ID {
				return nil, fmt.Errorf("want two incidents, but both are %s: %w", l.ID, ErrConflict)
			}
			other = other.clone()
			for _, x := range []*live{l, other} {
				if !x.State.Active() {
					return nil, fmt.Errorf("want two incidents that are under way, but %s is %s%s: %w", x.ID, x.State, x.ended(), ErrConflict)
				}
			}
			old, young := l, other
			if other.Opened.Before(l.Opened) || other.Opened.Equal(l.Opened) && other.ID < l.ID {
				old, young = other, l
			}
			m.engine.merge(m.state, old, young, merging{at: at, actor: actor, reason: said("merged by "+actor, reason)}, d)
			return old, nil
		}})
}

// Split takes the occurrence with the key out of an active incident by the word
// of actor, into one of its own, which is returned. The two are not merged again
// by themselves. ErrConflict if it is over, or would be left with nothing strong.
func (m *Manager) Split(ctx context.Context, id, key, actor, reason string, at time.Time) (Incident, error) {
	return m.person(ctx, id, personal{verb: "split", actor: actor, note: reason, at: at,
		do: func(l *live, at time.Time, d *delta) (*live, error) {
			i := l.index(key)
			if i < 0 {
				return nil, fmt.Errorf("occurrence %q: want one that the incident holds: %w", key, ErrNotFound)
			}
			if !l.State.Active() {
				return nil, fmt.Errorf("want an incident that is under way, but it is %s%s: %w", l.State, l.ended(), ErrConflict)
			}
			o := l.Occurrences[i]
			if !slices.ContainsFunc(l.Occurrences, func(x Occurrence) bool { return x.Strong && x.Key != key }) {
				return nil, fmt.Errorf("occurrence %q: want an incident with another strong occurrence, which keeps it: %w", key, ErrConflict)
			}
			return m.engine.split(m.state, l, o, merging{at: at, actor: actor, reason: reason}, d), nil
		}})
}

func (e engine) split(s *state, l *live, o Occurrence, m merging, d *delta) *live {
	sc := scopeOf(o)
	n := &live{Incident: Incident{
		ID: e.newID(latest(m.at, l.Opened)), Service: o.Service, Environment: o.Environment, Severity: o.Severity,
		Opened: m.at, Updated: latest(m.at, o.At), Onset: o.Since, SplitFrom: l.ID, Occurrences: []Occurrence{o},
	}, Memory: memory{Scope: [2]string{sc.service, sc.environment}, Apart: []string{l.ID}}}
	t, tracked := l.Memory.Tracks[o.Key]
	l.Occurrences = slices.DeleteFunc(slices.Clone(l.Occurrences), func(x Occurrence) bool { return x.Key == o.Key })
	l.forget(o.Key)
	l.Memory.Apart = append(slices.Clone(l.Memory.Apart), n.ID)
	n.Occurrences[0].Strong = true // somebody thinks it worth an incident
	n.Memory.Tracks = map[string]track{}
	if tracked {
		n.Memory.Tracks[o.Key] = t
	} else {
		e.note(s, n, n.Occurrences[0], d)
	}
	n.sign(n.Occurrences[0])
	n.strongAt(n.Occurrences[0], d)
	n.Memory.Severe = n.Memory.LastStrong
	n.entitle()
	d.own(n, o.Key)
	d.link(n, o)
	if l.Memory.Titled == o.Key {
		l.entitle()
	}
	l.Updated = latest(l.Updated, m.at)
	e.must(e.move(n, StateOpen, Event{At: m.at, Actor: m.actor, Key: o.Key, Text: said("split from "+l.ID+" by "+m.actor, m.reason) + "; " + attachedText(o)}, d))
	e.emit(l, d, Event{Kind: EventSplit, At: m.at, Actor: m.actor, Key: o.Key, Text: said(o.Name+" now has its own incident, "+n.ID, m.reason)})
	return n
}

// forget takes an occurrence out of what an incident is known by.
func (l *live) forget(key string) {
	delete(l.Memory.Tracks, key)
	l.Memory.Services, l.Memory.Signature, l.Memory.Marks = nil, nil, nil
	for _, o := range l.Occurrences {
		if o.Strong {
			l.sign(o)
		}
	}
}
