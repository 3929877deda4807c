package incident

import "time"

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
