package incident

import (
	"fmt"
	"math"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// fold brings an occurrence into an open incident, which the caller has cloned.
func (e engine) fold(s *state, l *live, o Occurrence, h home, d *delta) {
	i := l.index(o.Key)
	if i < 0 {
		e.join(s, l, o, h, d)
		return
	}
	old := l.Occurrences[i]
	if o.At.Before(old.At) {
		d.result = resultLate
		return
	}
	reported := o.Condition
	if old.Source == SourceAnomaly && old.Strong {
		seen, known := e.reading(old, o)
		if !known {
			d.result = resultIgnored
			return
		}
		o = seen
		if o.Condition != ConditionFiring {
			o.Worst = nil
		}
	}
	if !old.Strong && (raw(o) || o.Condition != ConditionFiring) {
		o.Strong = false // an end makes no evidence strong
	}
	now := merged(old, o)
	l.Occurrences[i] = now
	l.Updated = latest(l.Updated, o.At)
	d.touch(l)
	d.result = resultRefreshed
	d.urgent = d.urgent || now.Condition != old.Condition
	switch {
	case now.Strong && !old.Strong:
		e.promote(s, l, now, d)
	case now.Strong && now.Condition != old.Condition:
		d.result = resultChanged
		e.turn(s, l, turned{old: old, now: now, told: reported}, d)
	}
	l.strongAt(now, d)
	e.raise(l, now, d)
	if i := l.index(o.Key); i >= 0 && l.State == StateMitigated && now.Strong && now.Condition == ConditionFiring && now.Since.After(l.Mitigated) && !l.Memory.Tracks[o.Key].Flapping {
		e.must(e.move(l, StateOpen, Event{At: o.At, Key: o.Key, Text: "fires again although it was mitigated: " + attachedText(now)}, d))
	}
}

// settledShare is the share of its way from normal at which a series that the
// detector has got used to has settled on a new level rather than recovered.
const settledShare = 0.5

// away returns how far a value is from what was expected when the episode began,
// in units of how far the episode's last odd value was, in the same direction; 0
// when that is not known.
func away(old Occurrence, v telemetry.Number) float64 {
	went := float64(old.Value - old.Expected)
	if w := float64(v-old.Expected) / went; went != 0 && !math.IsNaN(w) {
		return w
	}
	return 0
}

// reading returns what a report means for a strong anomaly that the incident
// knows, and false when it means nothing for it.
//
// The detector closes an episode also when a new level has lasted so long that it
// takes it for normal. That is no recovery of what users feel: the occurrence is
// then held, until a person resolves it or the value comes back, which the
// detector tells as an episode in the other direction. Such an episode of an
// occurrence that is clear is no relapse either.
func (e engine) reading(old, o Occurrence) (Occurrence, bool) {
	back := o.Condition == ConditionFiring && !o.Strong && !o.Since.Equal(old.Since)
	switch {
	case old.Condition == ConditionCleared && back:
		return o, false
	case old.Condition.Dataless() && back && away(old, o.Value) < settledShare:
		o.Condition = ConditionCleared
	case o.Condition == ConditionCleared && old.Symptom && old.Condition != ConditionCleared && away(old, o.Value) >= settledShare:
		o.Condition = ConditionHeld
	}
	return o, true
}

// join adds an occurrence that the incident does not know yet. What is over or
// without data when first heard of is no evidence.
func (e engine) join(s *state, l *live, o Occurrence, h home, d *delta) {
	if o.Condition != ConditionFiring {
		return
	}
	if raw(o) {
		o.Strong = false
	}
	d.touch(l)
	l.Updated = latest(l.Updated, o.At)
	if !e.store(s, l, o, d) {
		d.result = resultFull
		return
	}
	d.result = resultAttached
	d.link(l, o)
	l.retitle()
	why := ""
	if o.Service != l.Service && o.Service != "" && l.scope() != stormScope {
		why = o.Service + " (" + h.by.String() + "): "
	}
	switch {
	case o.Strong && l.State == StateMitigated:
		e.must(e.move(l, StateOpen, Event{At: o.At, Key: o.Key, Text: "not over although it was mitigated: " + why + attachedText(o)}, d))
	case o.Strong:
		e.emit(l, d, Event{Kind: EventAttached, At: o.At, Key: o.Key, Text: why + attachedText(o)})
	case l.Memory.WeakEvents < maxWeakEvents:
		l.Memory.WeakEvents++
		e.emit(l, d, Event{Kind: EventAttached, At: o.At, Key: o.Key, Text: "as evidence: " + why + attachedText(o)})
	}
	e.raise(l, o, d)
}

// promote makes evidence that has become strong a part of what must recover.
func (e engine) promote(s *state, l *live, o Occurrence, d *delta) {
	e.stored(s, l, o, d)
	d.result = resultAttached
	l.retitle()
	e.emit(l, d, Event{Kind: EventAttached, At: o.At, Key: o.Key, Text: "became strong: " + attachedText(o)})
}

// turned is a change of condition: what was stored, what is, and the condition
// that the report told of.
type turned struct {
	old, now Occurrence
	told     Condition
}

// turn records that a strong occurrence changed its condition, as an event
// unless it flaps.
func (e engine) turn(s *state, l *live, x turned, d *delta) {
	o := x.now
	if x.old.Condition.Dataless() && o.Condition.Dataless() {
		e.sourceWord(l, o, d)
		return
	}
	flapped := l.Memory.Tracks[o.Key].Flapping
	e.note(s, l, o, d)
	d.urgent = true
	if l.Memory.Tracks[o.Key].Flapping {
		if !flapped {
			e.flaps(s, l, o, d)
		}
		return
	}
	ev := Event{At: o.At, Key: o.Key}
	switch {
	case o.Condition == ConditionCleared:
		ev.Kind, ev.Text = EventCleared, fmt.Sprintf("%s recovered%s", o.Name, nowAt(o))
	case o.Condition == ConditionHeld && x.told == ConditionCleared:
		ev.Kind, ev.Text = EventHeld, fmt.Sprintf("%s settled at %s, far from the %s expected before; nothing odd is left but no recovery was seen, the incident stays open",
			o.Name, figure(o.Value, o.Unit), figure(x.old.Expected, o.Unit))
	case o.Condition.Dataless():
		ev.Kind, ev.Text = EventHeld, fmt.Sprintf("%s: its data stopped at %s; this is no recovery, the incident stays open", o.Name, clock(o.At))
	case x.old.Condition.Dataless():
		ev.Kind, ev.Text = EventNote, fmt.Sprintf("%s: its data are back and it still fires: %s", o.Name, o.Summary)
	default:
		l.retitle()
		ev.Kind, ev.Text = EventAttached, "again: "+attachedText(o)
	}
	e.emit(l, d, ev)
}

// sourceWord records what became known of the source of an occurrence without
// data. The occurrence stands as before, so it counts as no turn.
func (e engine) sourceWord(l *live, o Occurrence, d *delta) {
	text := o.Name + ": its source is back, its own data are not; the incident stays open"
	if o.Condition == ConditionStale {
		text = o.Summary + "; the incident stays open"
	}
	e.emit(l, d, Event{Kind: EventHeld, At: o.At, Key: o.Key, Text: text})
}

// raise lets the severity follow the most severe strong occurrence, upwards only;
// cool lets it down again.
func (e engine) raise(l *live, o Occurrence, d *delta) {
	if !o.Strong || o.Condition != ConditionFiring {
		return
	}
	if o.Severity.Rank() >= l.Severity.Rank() {
		if o.At.Sub(l.Memory.Severe) >= strongStep {
			l.Memory.Severe, d.urgent = o.At, true
		}
	}
	if o.Severity.Rank() <= l.Severity.Rank() {
		return
	}
	was := l.Severity
	l.Severity = o.Severity
	l.entitle()
	e.emit(l, d, Event{Kind: EventRaised, At: o.At, Key: o.Key,
		Text: fmt.Sprintf("severity rose from %s to %s: %s", was, o.Severity, attachedText(o))})
}

// merged brings a stored occurrence up to date with a further report of it.
// What the report does not know keeps its last known value, and what was strong
// once in an incident stays strong.
func merged(old, o Occurrence) Occurrence {
	if old.Condition != ConditionCleared || o.Condition != ConditionFiring || !o.Since.After(old.Since) {
		o.Worst = worstOf(old, o) // else a new episode, which starts with its own
		o = blaming(old, o)
	}
	o.Strong = old.Strong || o.Strong
	o.Symptom = old.Symptom || o.Symptom
	if old.Severity.Rank() > o.Severity.Rank() {
		o.Severity = old.Severity
	}
	if old.Condition == ConditionCleared && o.Condition.Dataless() {
		o.Condition = ConditionCleared // it had recovered before its data stopped
	}
	if old.Condition != ConditionCleared && old.Since.Before(o.Since) {
		o.Since = old.Since
	}
	if old.Source == SourceAnomaly && old.Condition != ConditionCleared && !isNaN(old.Expected) {
		// What was expected when it began is what it must come back to.
		o.Expected, o.Lower, o.Upper = old.Expected, old.Lower, old.Upper
	}
	if o.Condition.Dataless() && !isNaN(old.Value) && old.Condition.Dataless() {
		o.Value = old.Value
	}
	keep := func(is *telemetry.Number, was telemetry.Number) {
		if isNaN(*is) {
			*is = was
		}
	}
	keep(&o.Value, old.Value)
	keep(&o.Expected, old.Expected)
	keep(&o.Lower, old.Lower)
	keep(&o.Upper, old.Upper)
	keep(&o.Threshold, old.Threshold)
	if o.Source == SourceAnomaly && o.Condition == ConditionCleared && o.Worst != nil && old.Condition != ConditionCleared {
		o.Summary = recoveredSummary(o)
	}
	if o.Summary == "" {
		o.Summary = old.Summary
	}
	if o.Query == "" {
		o.Query = old.Query
	}
	if o.Channels == nil {
		o.Channels = old.Channels
	}
	return o
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
