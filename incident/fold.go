package incident

import (
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// fold brings an occurrence into an open incident, which the caller has cloned.
func (e engine) fold(l *live, o Occurrence, d *delta) {
	i := l.index(o.Key)
	if i < 0 {
		e.join(l, o, d)
		return
	}
	old := l.Occurrences[i]
	if o.At.Before(old.At) {
		d.result = resultLate
		return
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
		e.promote(l, now, d)
	case now.Strong && now.Condition != old.Condition:
		d.result = resultChanged
		e.turn(l, old.Condition, now, d)
	}
	e.raise(l, now, d)
}

// join adds an occurrence that the incident does not know yet. What is over or
// without data when first heard of is no evidence.
func (e engine) join(l *live, o Occurrence, d *delta) {
	if o.Condition != ConditionFiring {
		return
	}
	if raw(o) {
		o.Strong = false
	}
	d.touch(l)
	l.Updated = latest(l.Updated, o.At)
	if !e.store(l, o) {
		d.result = resultFull
		return
	}
	d.result = resultAttached
	d.link(l, o)
	switch {
	case o.Strong:
		e.emit(l, d, Event{Kind: EventAttached, At: o.At, Key: o.Key, Text: attachedText(o)})
	case l.Memory.WeakEvents < maxWeakEvents:
		l.Memory.WeakEvents++
		e.emit(l, d, Event{Kind: EventAttached, At: o.At, Key: o.Key, Text: "as evidence: " + attachedText(o)})
	}
	e.raise(l, o, d)
}

// promote makes evidence that has become strong a part of what must recover.
func (e engine) promote(l *live, o Occurrence, d *delta) {
	e.note(l, o.Key, o.At, o.Condition)
	if o.Since.Before(l.Onset) {
		l.Onset = o.Since
	}
	d.result = resultAttached
	e.emit(l, d, Event{Kind: EventAttached, At: o.At, Key: o.Key, Text: "became strong: " + attachedText(o)})
}

// turn records that a strong occurrence changed its condition, as an event
// unless it flaps.
func (e engine) turn(l *live, was Condition, o Occurrence, d *delta) {
	flapped := l.Memory.Tracks[o.Key].Flapping
	e.note(l, o.Key, o.At, o.Condition)
	d.urgent = true
	if l.Memory.Tracks[o.Key].Flapping {
		if !flapped {
			e.flaps(l, o, d)
		}
		return
	}
	ev := Event{At: o.At, Key: o.Key}
	switch {
	case o.Condition == ConditionCleared:
		ev.Kind, ev.Text = EventCleared, fmt.Sprintf("%s recovered%s", o.Name, nowAt(o))
	case o.Condition == ConditionHeld:
		ev.Kind, ev.Text = EventHeld, fmt.Sprintf("%s: its data stopped at %s; this is no recovery, the incident stays open", o.Name, clock(o.At))
	case was == ConditionHeld:
		ev.Kind, ev.Text = EventNote, fmt.Sprintf("%s: its data are back and it still fires: %s", o.Name, o.Summary)
	default:
		ev.Kind, ev.Text = EventAttached, "again: "+attachedText(o)
	}
	e.emit(l, d, ev)
}

// flaps tells once that an occurrence is no longer believed at each turn.
func (e engine) flaps(l *live, o Occurrence, d *delta) {
	t := l.Memory.Tracks[o.Key]
	over := o.At.Sub(t.Changes[0])
	e.emit(l, d, Event{Kind: EventNote, At: o.At, Key: o.Key, Text: fmt.Sprintf(
		"%s is flapping: it changed %d times within %s; the incident stays open until it has stood still for %s",
		o.Name, len(t.Changes), span(over), span(time.Duration(e.cfg.FlapQuiet)))})
}

// raise lets the severity follow the most severe strong occurrence, upwards only.
func (e engine) raise(l *live, o Occurrence, d *delta) {
	if !o.Strong || o.Condition != ConditionFiring || o.Severity.Rank() <= l.Severity.Rank() {
		return
	}
	was := l.Severity
	l.Severity = o.Severity
	l.Title = title(l)
	e.emit(l, d, Event{Kind: EventRaised, At: o.At, Key: o.Key,
		Text: fmt.Sprintf("severity rose from %s to %s: %s", was, o.Severity, attachedText(o))})
}

// merged brings a stored occurrence up to date with a further report of it.
// What the report does not know keeps its last known value, and what was strong
// once in an incident stays strong.
func merged(old, o Occurrence) Occurrence {
	o.Strong = old.Strong || o.Strong
	o.Symptom = old.Symptom || o.Symptom
	if old.Severity.Rank() > o.Severity.Rank() {
		o.Severity = old.Severity
	}
	if old.Condition == ConditionCleared && o.Condition == ConditionHeld {
		o.Condition = ConditionCleared // it had recovered before its data stopped
	}
	if old.Condition != ConditionCleared && old.Since.Before(o.Since) {
		o.Since = old.Since
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
