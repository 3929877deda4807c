package incident

import (
	"fmt"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// engine holds what the pure steps need beside the state.
type engine struct {
	cfg      Config
	newID    func(at time.Time) string
	topology func(a, b string) float64
	suspect  func(id string) string
	lagging  func(at time.Time) bool
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
	resultBlind     = "blind"   // about data that are missing while we ourselves lag
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
	if e.blind(o) {
		d.result = resultBlind
		return d
	}
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
	if o.Condition == ConditionCleared {
		e.over(s, s.recent[s.lasting[o.Key]], o, &d)
	}
	if p, ok := parkedBefore(s, o); ok && o.Condition == ConditionFiring && p.Since.Equal(o.Since) {
		o.Worst = worstOf(p, o)
	}
	h := e.home(s, o)
	if h.live != nil {
		e.unpark(s, o, &d)
		e.fold(s, h.live.clone(), o, h, &d)
		return d
	}
	if o.Condition != ConditionFiring {
		e.unpark(s, o, &d)
		return d
	}
	companions := e.companions(s, o)
	if opens(o) || gathers(o) && e.enough(s, o, companions) {
		e.begin(s, append([]Occurrence{o}, companions...), h, &d)
		return d
	}
	if gathers(o) {
		e.park(s, o, &d)
	}
	return d
}

// blind says whether an occurrence only tells of data that do not come, at a
// time when it is we who do not take them in: nothing is to be made of it.
func (e engine) blind(o Occurrence) bool {
	absent := o.Condition.Dataless() || o.Source == SourceAnomaly && (o.Kind == kindMissing || o.Kind == kindFlatline)
	return absent && o.Condition != ConditionCleared && e.lagging != nil && e.lagging(o.At)
}

// home is where an occurrence belongs: an open incident, or an ended one that it
// reopens, or one that has grown too old to take it in.
type home struct {
	live        *live // open; nil if there is none
	known       bool  // it holds the occurrence already
	by          affinity
	ended       *live // may reopen
	predecessor *live
}

// home finds it in time proportional to the number of open incidents, and of
// those that may reopen if nothing open is near.
func (e engine) home(s *state, o Occurrence) home {
	var h home
	var holder *live
	if holder = s.open[s.byKey[o.Key]]; holder != nil {
		if !e.another(s, holder, o) {
			return home{live: holder, known: true}
		}
	}
	if o.Condition != ConditionFiring {
		return h
	}
	if l := s.umbrella(); l != nil && l.holds(scopeOf(o)) {
		return home{live: l, by: affinity{topology: 1}}
	}
	marks := marksOf(o)
	var best, oldest float64
	for _, l := range s.open {
		a := e.affinity(s, l, o, marks)
		sum := a.sum()
		if sum < e.cfg.AttachAffinity-affinityTolerance {
			continue
		}
		if o.At.Sub(l.Opened) > time.Duration(e.cfg.MaxAge) {
			if p := h.predecessor; p == nil || sum > oldest || sum == oldest && l.ID < p.ID {
				h.predecessor, oldest = l, sum
			}
			continue
		}
		if h.live == nil || sum > best || sum == best && l.ID < h.live.ID {
			h.live, h.by, best = l, a, sum
		}
	}
	if h.live != nil || !gathers(o) && !opens(o) {
		return h
	}
	h.ended = e.returning(s, o, marks)
	return h
}

// another says whether a report of an occurrence that an incident holds is of
// another matter: an anomaly that was over, began anew as a strong one, and is
// too far from the incident by now. What a rule watches stays with its incident,
// and so does what flaps: that is what flapping means.
func (e engine) another(s *state, l *live, o Occurrence) bool {
	if o.Source != SourceAnomaly || !gathers(o) || l.scope() == stormScope {
		return false
	}
	i := l.index(o.Key)
	if i < 0 {
		return true
	}
	old := l.Occurrences[i]
	if old.Condition != ConditionCleared || !o.Since.After(old.At) || l.Memory.Tracks[o.Key].Flapping || l.ruled(o) {
		return false
	}
	return e.affinity(s, l, o, marksOf(o)).sum() < e.cfg.AttachAffinity-affinityTolerance
}

// ruled says whether a rule of the incident watches what the occurrence is about:
// it is the same alert, or an anomaly of an alert's signal. People have said then
// what is one matter, and every return of it is a return of the incident.
func (l *live) ruled(o Occurrence) bool {
	return meets(o.Environment, l) && slices.ContainsFunc(l.Occurrences, func(x Occurrence) bool {
		return x.Source == SourceAlert && (x.Key == o.Key || o.Signal != "" && x.Signal == o.Signal && x.Service == o.Service)
	})
}

// returning finds the ended incident that an occurrence reopens: one with a rule
// that watches the same, or the one that it is nearest to.
func (e engine) returning(s *state, o Occurrence, marks []uint64) *live {
	var found *live
	best := e.cfg.AttachAffinity - affinityTolerance
	for _, l := range s.recent {
		if ago := o.At.Sub(l.Resolved); ago > time.Duration(e.cfg.ReopenWindow) || o.At.Sub(l.Opened) > time.Duration(e.cfg.MaxAge) {
			continue
		}
		sum := e.affinity(s, l, o, marks).sum()
		if opens(o) && l.ruled(o) {
			sum = 2
		}
		if found == nil && sum >= best || sum > best || found != nil && sum == best && l.ID > found.ID {
			found, best = l, sum
		}
	}
	return found
}

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

// must is for moves that the table allows in every state in which they are made.
func (e engine) must(err error) {
	if err != nil {
		panic("incident: " + err.Error())
	}
}

// emit appends an event and the incident as it stands now.
func (e engine) emit(l *live, d *delta, ev Event) {
	ev.Incident = l.ID
	if ev.Actor == "" {
		ev.Actor = ActorSelf
	}
	d.urgent = true
	d.events = append(d.events, EventRecord{Event: ev, Incident: l.snapshot()})
	d.touch(l)
}
