package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// begin opens an incident for a group whose first member set it off, or reopens
// the one that ended not long ago, or folds the group into the storm's.
func (e engine) begin(s *state, group []Occurrence, h home, d *delta) {
	o := group[0]
	d.urgent = true
	if h.ended != nil {
		for _, g := range group {
			e.unpark(s, g, d)
		}
		e.reopen(s, h.ended.clone(), group, d)
		return
	}
	sc := scopeOf(o)
	if s.storming(o.At, e.cfg) {
		sc = stormScope
		if l := s.umbrella(); l != nil {
			l = l.clone()
			for _, g := range group {
				e.unpark(s, g, d)
				e.fold(s, l, g, home{live: l, by: affinity{topology: 1}}, d)
			}
			return
		}
	}
	l := e.opening(s, group, sc, d)
	if sc == stormScope {
		l.Service, l.Environment = "", ""
	} else {
		d.opening = o.At
	}
	e.enter(s, l, group, d)
	l.entitle()
	if p := s.prints.by[lead(l).Key]; p != nil && p.Incident != l.ID {
		l.RecurrenceOf = p.Incident
	}
	d.result = resultOpened
	text := lead(l).Summary
	switch n := len(l.Occurrences) - 1; {
	case sc == stormScope:
		text = fmt.Sprintf("more than %d incidents opened within a minute; what follows is gathered here, first %s: %s", e.cfg.StormIncidents, o.Name, text)
	case n > 0:
		text += fmt.Sprintf(", with %s", telemetry.Counted(n, "further anomaly", "further anomalies"))
	}
	if h.predecessor != nil {
		l.Predecessor = h.predecessor.ID
		text += fmt.Sprintf("; goes on from %s, which takes in nothing new after %s", l.Predecessor, span(time.Duration(e.cfg.MaxAge)))
	}
	e.must(e.move(l, StateOpen, Event{At: o.At, Text: text, Key: lead(l).Key}, d))
	switch {
	case sc == stormScope:
		e.gatherMembers(s, l, d)
	case h.predecessor != nil:
		p := d.latest(h.predecessor)
		p.Successor = l.ID
		e.emit(p, d, Event{Kind: EventLinked, At: o.At, Text: "goes on as " + l.ID + ", " + l.Title})
	}
}

// opening makes the incident of a group: the candidate of its scope, or a new one.
func (e engine) opening(s *state, group []Occurrence, sc scope, d *delta) *live {
	o := group[0]
	if c := s.candidates[scopeOf(o)]; c != nil {
		rest := slices.DeleteFunc(slices.Clone(c.Occurrences), func(p Occurrence) bool {
			return slices.ContainsFunc(group, func(g Occurrence) bool { return g.Key == p.Key })
		})
		if sc != stormScope && len(rest) < len(c.Occurrences) {
			l := c.clone()
			l.Occurrences, l.Opened, l.Onset, l.NeverOpened, l.Severity = nil, o.At, o.Since, false, ""
			l.Environment = o.Environment
			return l
		}
		for _, g := range group {
			e.unpark(s, g, d)
		}
	}
	return &live{Incident: Incident{
		ID: e.newID(o.At), Service: o.Service, Environment: o.Environment,
		Opened: o.At, Updated: o.At, Onset: o.Since,
	}, Memory: memory{Scope: [2]string{sc.service, sc.environment}}}
}

// enter puts the members of a group on an incident that opens or reopens,
// without an event for each.
func (e engine) enter(s *state, l *live, group []Occurrence, d *delta) {
	alone := opens(group[0])
	for _, g := range group {
		if alone && raw(g) {
			g.Strong = false
		}
		d.link(l, g)
		i := l.index(g.Key)
		if i < 0 {
			e.store(s, l, g, d)
			continue
		}
		d.own(l, g.Key)
		old := l.Occurrences[i]
		l.Occurrences[i] = merged(old, g)
		if g.Since.After(old.Since) {
			l.Occurrences[i].Worst = g.Worst // the end of the earlier episode may not have been seen
		}
		if l.Occurrences[i].Strong && old.Condition != g.Condition {
			e.note(s, l, l.Occurrences[i], d)
		}
		l.strongAt(l.Occurrences[i], d)
	}
	for _, g := range l.Occurrences {
		if g.Strong && g.Condition == ConditionFiring && g.Severity.Rank() > l.Severity.Rank() {
			l.Severity, l.Memory.Severe = g.Severity, g.At
		}
	}
}

func (e engine) reopen(s *state, l *live, group []Occurrence, d *delta) {
	o := group[0]
	ago := o.At.Sub(l.Resolved)
	before, flapped := l.Severity, l.Memory.Tracks[o.Key].Flapping
	what := "had resolved"
	if l.State == StateExpired {
		what = "had expired"
	}
	e.enter(s, l, group, d)
	if l.Severity != before {
		l.entitle()
	}
	for key, a := range s.absorbed {
		if a.Incident == l.ID {
			d.release = append(d.release, key)
		}
	}
	slices.Sort(d.release)
	d.release = slices.Compact(d.release)
	for _, x := range l.Occurrences {
		if x.Condition != ConditionCleared || s.byKey[x.Key] == "" {
			d.own(l, x.Key)
		}
	}
	d.result = resultReopened
	e.must(e.move(l, StateOpen, Event{At: o.At, Key: o.Key,
		Text: fmt.Sprintf("came back %s after it %s: %s", span(ago), what, o.Summary)}, d))
	if l.Memory.Tracks[o.Key].Flapping && !flapped {
		e.flaps(s, l, o, d)
	}
}

// store adds an occurrence, or counts it when there is no room. A strong one
// takes the place of the latest weak one, because recovery depends on it.
func (e engine) store(s *state, l *live, o Occurrence, d *delta) bool {
	if len(l.Occurrences) >= maxOccurrences {
		weak := -1
		for i, x := range l.Occurrences {
			if !x.Strong {
				weak = i
			}
		}
		if !o.Strong || weak < 0 {
			l.drop(o.Key)
			return false
		}
		l.drop(l.Occurrences[weak].Key)
		l.Occurrences = slices.Delete(l.Occurrences, weak, weak+1)
	}
	l.Occurrences = append(l.Occurrences, o)
	d.own(l, o.Key)
	if o.Strong {
		e.stored(s, l, o, d)
	}
	return true
}

// stored notes what a strong occurrence that is new to an incident means for it.
func (e engine) stored(s *state, l *live, o Occurrence, d *delta) {
	e.note(s, l, o, d)
	d.print(s, o).Incident = l.ID
	l.sign(o)
	l.strongAt(o, d)
	if o.Since.Before(l.Onset) {
		l.Onset = o.Since
	}
}
