package incident

import (
	"fmt"
	"slices"
	"time"
)

// engine holds what the pure steps need beside the state.
type engine struct {
	cfg   Config
	newID func(at time.Time) string
}

// Results of a step, as the counter tocsin_incident_occurrences_total names them.
const (
	resultOpened    = "opened"
	resultReopened  = "reopened"
	resultAttached  = "attached"
	resultChanged   = "changed"
	resultRefreshed = "refreshed"
	resultParked    = "parked"
	resultAbsorbed  = "absorbed"
	resultIgnored   = "ignored" // weak or over, and no incident is open
	resultLate      = "late"    // older than what is known of the same key
	resultFull      = "full"    // not stored for lack of room
)

// opens says whether an occurrence opens an incident alone.
func opens(o Occurrence) bool {
	if o.Condition != ConditionFiring || !o.Strong {
		return false
	}
	if o.Source == SourceAlert {
		return o.Severity.Rank() >= SeverityWarning.Rank()
	}
	return o.Symptom
}

// gathers says whether an occurrence opens an incident together with others.
func gathers(o Occurrence) bool {
	return o.Condition == ConditionFiring && o.Strong && o.Source == SourceAnomaly
}

// raw says whether an occurrence is about a series that is no signal. Many of
// them together may open an incident, but they never keep one open that was
// opened by something else: nobody may ever look at them again.
func raw(o Occurrence) bool { return o.Source == SourceAnomaly && o.Signal == "" }

// apply decides what one occurrence changes. It only reads the state.
func (e engine) apply(s *state, o Occurrence) delta {
	d := delta{result: resultIgnored}
	if a, ok := s.absorbed[o.Key]; ok {
		if o.Condition == ConditionCleared {
			e.release(s, a, o, &d)
			return d
		}
		if !o.Since.After(a.Resolved) {
			d.result = resultAbsorbed
			return d
		}
		d.release, d.urgent = append(d.release, o.Key), true // a new episode whose predecessor's end was not seen
	}
	if p, ok := parkedBefore(s, o); ok && o.Condition == ConditionFiring && p.Since.Equal(o.Since) {
		o.Worst = worstOf(p, o)
	}
	if l := s.find(o); l != nil {
		e.fold(l.clone(), o, &d)
		return d
	}
	if o.Condition != ConditionFiring {
		if p, ok := parkedBefore(s, o); ok {
			d.unpark, d.urgent = append(d.unpark, p), true
		}
		return d
	}
	group := []Occurrence{o}
	companions := e.companions(s, o)
	if opens(o) || (gathers(o) && len(companions)+1 >= e.cfg.GatherCount) {
		e.begin(s, append(group, companions...), &d)
		return d
	}
	if gathers(o) {
		e.park(s, o, &d)
	}
	return d
}

// release ends the absorption of an episode that has cleared, and notes its end
// on the resolved incident, which would otherwise wait for it if it reopened.
func (e engine) release(s *state, a absorbed, o Occurrence, d *delta) {
	d.release, d.urgent, d.result = append(d.release, o.Key), true, resultAbsorbed
	for _, l := range s.recent {
		if l.ID != a.Incident {
			continue
		}
		l = l.clone()
		if i := l.index(o.Key); i >= 0 && !o.At.Before(l.Occurrences[i].At) {
			l.Occurrences[i].Condition, l.Occurrences[i].At = ConditionCleared, o.At
			e.note(l, o.Key, o.At, ConditionCleared)
			d.incidents = append(d.incidents, l)
		}
		return
	}
}

func parkedBefore(s *state, o Occurrence) (Occurrence, bool) {
	p := s.parked[scopeOf(o)]
	if i := slices.IndexFunc(p, func(x Occurrence) bool { return x.Key == o.Key }); i >= 0 {
		return p[i], true
	}
	return Occurrence{}, false
}

// companions returns the parked anomalies of the occurrence's service that are
// still going on and were seen near it in time. When the occurrence opens an
// incident by itself, all that are still parked come along.
func (e engine) companions(s *state, o Occurrence) []Occurrence {
	within := time.Duration(e.cfg.GatherWindow)
	if opens(o) {
		within = parkedFor
	}
	var out []Occurrence
	for _, p := range s.parked[scopeOf(o)] {
		if p.Key != o.Key && o.At.Sub(p.At).Abs() <= within {
			out = append(out, p)
		}
	}
	return out
}

// park keeps a strong anomaly for companions. The time of its first report
// counts, and the worst of all; the least recent gives way when there is no room.
func (e engine) park(s *state, o Occurrence, d *delta) {
	d.result = resultParked
	all := s.parked[scopeOf(o)]
	if p, ok := parkedBefore(s, o); ok {
		if o.At.Sub(p.At) <= parkedFor {
			if p.Since.Equal(o.Since) && o.Worst != worstSoFar(p) {
				p.Worst = o.Worst
				d.park, d.urgent = append(d.park, p), true
			}
			return
		}
		d.unpark = append(d.unpark, p)
	} else if len(all) >= maxParkedPerService {
		d.unpark = append(d.unpark, all[0])
	} else if s.parkedTotal() >= maxParked {
		d.result = resultFull
		return
	}
	d.park, d.urgent = append(d.park, o), true
}

// begin opens an incident for a group whose first member set it off, or reopens
// the one that ended not long ago, or folds the group into the storm's.
func (e engine) begin(s *state, group []Occurrence, d *delta) {
	o := group[0]
	d.urgent = true
	for _, p := range s.parked[scopeOf(o)] {
		if slices.ContainsFunc(group, func(g Occurrence) bool { return g.Key == p.Key }) {
			d.unpark = append(d.unpark, p)
		}
	}
	if l := match(s.recent, scopeOf(o)); l != nil && o.At.Sub(l.Resolved) <= time.Duration(e.cfg.ReopenWindow) {
		e.reopen(s, l.clone(), group, d)
		return
	}
	sc := scopeOf(o)
	if s.storming(o.At, e.cfg) {
		sc = stormScope
		if l := s.open[sc]; l != nil {
			l = l.clone()
			for _, g := range group {
				e.fold(l, g, d)
			}
			return
		}
	}
	l := &live{Incident: Incident{
		ID: e.newID(o.At), Service: o.Service, Environment: o.Environment,
		State: StateOpen, Opened: o.At, Updated: o.At, Onset: o.Since,
	}, Memory: memory{Scope: [2]string{sc.service, sc.environment}}}
	if sc == stormScope {
		l.Service, l.Environment = "", ""
	} else {
		d.opening = o.At
	}
	e.enter(l, group, d)
	l.entitle()
	d.result = resultOpened
	text := lead(l).Summary
	switch n := len(l.Occurrences) - 1; {
	case sc == stormScope:
		text = fmt.Sprintf("more than %d incidents opened within a minute; what follows is gathered here, first %s: %s", e.cfg.StormIncidents, o.Name, text)
	case n > 0:
		text += fmt.Sprintf(", with %s", plural(n, "further anomaly", "further anomalies"))
	}
	e.emit(l, d, Event{Kind: EventOpened, At: o.At, Text: text, Key: lead(l).Key})
}

// enter puts the members of a group on an incident that opens or reopens,
// without an event for each.
func (e engine) enter(l *live, group []Occurrence, d *delta) {
	alone := opens(group[0])
	for _, g := range group {
		if alone && raw(g) {
			g.Strong = false
		}
		d.link(l, g)
		i := l.index(g.Key)
		if i < 0 {
			e.store(l, g)
			continue
		}
		old := l.Occurrences[i]
		l.Occurrences[i] = merged(old, g)
		if g.Since.After(old.Since) {
			l.Occurrences[i].Worst = g.Worst // the end of the earlier episode may not have been seen
		}
		if l.Occurrences[i].Strong && old.Condition != g.Condition {
			e.note(l, g.Key, g.At, g.Condition)
		}
	}
	for _, g := range l.Occurrences {
		if g.Strong && g.Condition == ConditionFiring && g.Severity.Rank() > l.Severity.Rank() {
			l.Severity = g.Severity
		}
	}
}

func (e engine) reopen(s *state, l *live, group []Occurrence, d *delta) {
	o := group[0]
	ago := o.At.Sub(l.Resolved)
	l.State, l.Resolved, l.Acked = StateOpen, time.Time{}, time.Time{}
	l.Reopened++
	l.Updated = latest(l.Updated, o.At)
	before, flapped := l.Severity, l.Memory.Tracks[o.Key].Flapping
	e.enter(l, group, d)
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
	d.result = resultReopened
	e.emit(l, d, Event{Kind: EventReopened, At: o.At, Key: o.Key,
		Text: fmt.Sprintf("came back %s after it had resolved: %s", span(ago), o.Summary)})
	if l.Memory.Tracks[o.Key].Flapping && !flapped {
		e.flaps(l, o, d)
	}
}

// store adds an occurrence, or counts it when there is no room. A strong one
// takes the place of the latest weak one, because recovery depends on it.
func (e engine) store(l *live, o Occurrence) bool {
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
	if o.Strong {
		e.note(l, o.Key, o.At, o.Condition)
		if o.Since.Before(l.Onset) {
			l.Onset = o.Since
		}
	}
	return true
}

// note writes a change of condition into the track of a strong occurrence.
func (e engine) note(l *live, key string, at time.Time, cond Condition) {
	if l.Memory.Tracks == nil {
		l.Memory.Tracks = make(map[string]track)
	}
	t := l.Memory.Tracks[key]
	var recent []time.Time
	for _, c := range t.Changes {
		if at.Sub(c) <= time.Duration(e.cfg.FlapWindow) {
			recent = append(recent, c)
		}
	}
	if len(recent) >= e.cfg.FlapChanges {
		recent = recent[len(recent)-e.cfg.FlapChanges+1:]
	}
	t.Changes = append(recent, at)
	if len(t.Changes) >= e.cfg.FlapChanges {
		t.Flapping = true
	}
	t.Cleared = time.Time{}
	if cond == ConditionCleared {
		t.Cleared = at
	}
	l.Memory.Tracks[key] = t
}

// emit appends an event of the daemon's own and the incident as it stands now.
func (e engine) emit(l *live, d *delta, ev Event) {
	ev.Incident = l.ID
	if ev.Actor == "" {
		ev.Actor = ActorSelf
	}
	d.urgent = true
	d.events = append(d.events, EventRecord{Event: ev, Incident: l.snapshot()})
	d.touch(l)
}
