package incident

import (
	"fmt"
	"math"
	"time"
)

// note writes a change of condition of a strong occurrence into its track and
// into what is remembered of its fingerprint. The count of changes is that of the
// fingerprint, over incidents; each change counts for half after FlapWindow.
func (e engine) note(s *state, l *live, o Occurrence, d *delta) {
	if l.Memory.Tracks == nil {
		l.Memory.Tracks = make(map[string]track)
	}
	p := d.print(s, o)
	p.fade(o.At, time.Duration(e.cfg.FlapWindow))
	t := l.Memory.Tracks[o.Key]
	if o.Condition == ConditionFiring && (t.Changed.IsZero() || !t.Cleared.IsZero()) {
		e.began(s, o, d)
	}
	p.Flap++
	turns := append([]time.Time(nil), p.Turns...)
	turns = append(turns, o.At)
	p.Turns = turns[max(0, len(turns)-e.cfg.FlapChanges):]
	t.Changed, t.Cleared = o.At, time.Time{}
	// A change that came some time ago has lost a little of its weight.
	t.Flapping = t.Flapping || int(math.Round(p.Flap)) >= e.cfg.FlapChanges && len(p.Turns) == e.cfg.FlapChanges
	if o.Condition == ConditionCleared {
		t.Cleared, p.Cleared = o.At, o.At
	}
	l.Memory.Tracks[o.Key] = t
}

// flaps tells once that an occurrence is no longer believed at each turn.
func (e engine) flaps(s *state, l *live, o Occurrence, d *delta) {
	turns := d.print(s, o).Turns
	over := o.At.Sub(turns[0])
	e.emit(l, d, Event{Kind: EventNote, At: o.At, Key: o.Key, Text: fmt.Sprintf(
		"%s is flapping: it changed %d times within %s; the incident stays open until it has stood still for %s",
		o.Name, len(turns), span(over), span(time.Duration(e.cfg.FlapQuiet)))})
}

// settle ends the flapping of occurrences that have stood still, and returns the
// altered clone, or the incident itself when nothing ended.
func (e engine) settle(s *state, l *live, now time.Time, d *delta) *live {
	c := l
	for i, o := range l.Occurrences {
		t, ok := l.Memory.Tracks[o.Key]
		if !ok || !t.Flapping || now.Sub(t.Changed) < time.Duration(e.cfg.FlapQuiet) {
			continue
		}
		if c == l {
			c = l.clone()
			d.incidents, d.urgent = append(d.incidents, c), true
		}
		t.Flapping = false
		c.Memory.Tracks[o.Key] = t
		p := d.print(s, o)
		p.Flap, p.Turns = 0, nil
		if c.Occurrences[i].Condition == ConditionCleared {
			c.Updated = latest(c.Updated, now)
			e.emit(c, d, Event{Kind: EventCleared, At: now, Key: o.Key,
				Text: fmt.Sprintf("%s stopped flapping and has been clear since %s", o.Name, clock(t.Cleared))})
		}
	}
	return c
}

// hold is how long an occurrence must have been clear to be believed: ResolveAfter,
// three looks at it, or the time after which it usually came back.
func (e engine) hold(s *state, o Occurrence) time.Duration {
	return max(time.Duration(e.cfg.ResolveAfter), 3*o.step(), s.prints.by[o.Key].usualGap())
}
