package incident

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// tick decides what the passing of event time alone changes: recovery, the end
// of flapping, and what can be forgotten. It only reads the state.
func (e engine) tick(s *state, now time.Time) delta {
	var d delta
	for _, l := range byID(s.open) {
		if c := e.settle(l, now, &d); c != nil {
			e.conclude(c, now, &d)
		} else {
			e.conclude(l, now, &d)
		}
	}
	for sc, l := range s.recent {
		if now.Sub(l.Resolved) > time.Duration(e.cfg.ReopenWindow) {
			d.forget = append(d.forget, sc)
		}
	}
	for _, sc := range slices.SortedFunc(maps.Keys(s.parked), func(a, b scope) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.environment, b.environment))
	}) {
		for _, p := range s.parked[sc] {
			if now.Sub(p.At) > parkedFor {
				d.unpark = append(d.unpark, p)
				d.urgent = true
			}
		}
	}
	return d
}

// settle ends the flapping of occurrences that have stood still, and returns the
// altered clone, or nil when nothing ended.
func (e engine) settle(l *live, now time.Time, d *delta) *live {
	var c *live
	for i, o := range l.Occurrences {
		t, ok := l.Memory.Tracks[o.Key]
		if !ok || !t.Flapping || now.Sub(t.Changes[len(t.Changes)-1]) < time.Duration(e.cfg.FlapQuiet) {
			continue
		}
		if c == nil {
			c = l.clone()
			d.incidents, d.urgent = append(d.incidents, c), true
		}
		t.Flapping, t.Changes = false, nil
		c.Memory.Tracks[o.Key] = t
		if c.Occurrences[i].Condition == ConditionCleared {
			c.Updated = latest(c.Updated, now)
			e.emit(c, d, Event{Kind: EventCleared, At: now, Key: o.Key,
				Text: fmt.Sprintf("%s stopped flapping and has been clear since %s", o.Name, clock(t.Cleared))})
		}
	}
	return c
}

// conclude resolves an incident whose strong occurrences have all been seen to
// recover and stayed so for ResolveAfter. Held ones have not recovered.
func (e engine) conclude(l *live, now time.Time, d *delta) {
	strong := 0
	var since time.Time
	for _, o := range l.Occurrences {
		if !o.Strong {
			continue
		}
		t := l.Memory.Tracks[o.Key]
		if o.Condition != ConditionCleared || t.Flapping {
			return
		}
		strong++
		since = latest(since, t.Cleared)
	}
	if strong == 0 || now.Sub(since) < time.Duration(e.cfg.ResolveAfter) {
		return
	}
	c := l
	if !slices.Contains(d.incidents, l) {
		c = l.clone()
	}
	c.State, c.Resolved, c.Updated = StateResolved, now, latest(c.Updated, now)
	what := "its one strong occurrence has"
	if strong > 1 {
		what = fmt.Sprintf("all %d strong occurrences have", strong)
	}
	e.emit(c, d, Event{Kind: EventResolved, At: now,
		Text: fmt.Sprintf("recovered: %s been clear since %s; it lasted %s", what, clock(since), span(since.Sub(c.Onset)))})
}
