package incident

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// tick decides what the passing of event time alone changes: recovery, the end
// of flapping, data that never came back, incidents that turn out to be one, and
// what can be forgotten. It only reads the state.
func (e engine) tick(s *state, now time.Time) delta {
	var d delta
	for _, l := range byID(s.open) {
		l = e.settle(s, l, now, &d)
		if e.conclude(s, l, now, &d) || e.expire(l, now, &d) {
			continue
		}
		e.cool(l, now, &d)
	}
	e.unite(s, now, &d)
	for _, l := range byID(s.recent) {
		if now.Sub(l.Resolved) > time.Duration(e.cfg.ReopenWindow) {
			c := d.latest(l)
			e.must(e.move(c, StateClosed, Event{At: now, Text: "did not come back within " + span(time.Duration(e.cfg.ReopenWindow))}, &d))
		}
	}
	for _, sc := range slices.SortedFunc(maps.Keys(s.candidates), func(a, b scope) int {
		return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.environment, b.environment))
	}) {
		e.age(s.candidates[sc], now, &d)
	}
	return d
}

// conclude resolves an incident whose strong occurrences have all been seen to
// recover and stayed so long enough to be believed. Held ones have not recovered.
func (e engine) conclude(s *state, l *live, now time.Time, d *delta) bool {
	strong := 0
	var since, until time.Time
	for _, o := range l.Occurrences {
		if !o.Strong {
			continue
		}
		t := l.Memory.Tracks[o.Key]
		if o.Condition != ConditionCleared || t.Flapping {
			return false
		}
		strong++
		since = latest(since, t.Cleared)
		until = latest(until, t.Cleared.Add(e.hold(s, o)))
	}
	if strong == 0 || now.Before(until) {
		return false
	}
	what := "its one strong occurrence has"
	if strong > 1 {
		what = fmt.Sprintf("all %d strong occurrences have", strong)
	}
	c := d.latest(l)
	e.must(e.move(c, StateResolved, Event{At: now,
		Text: fmt.Sprintf("recovered: %s been clear since %s; it lasted %s", what, clock(since), span(since.Sub(c.Onset)))}, d))
	return true
}

// expire ends an incident of which nothing is known any more: everything strong
// that did not recover has been without data for ExpireAfter.
func (e engine) expire(l *live, now time.Time, d *delta) bool {
	var since time.Time
	n := 0
	for _, o := range l.Occurrences {
		switch {
		case !o.Strong || o.Condition == ConditionCleared:
		case !o.Condition.Dataless():
			return false
		default:
			n++
			since = latest(since, latest(o.At, l.Memory.Tracks[o.Key].Changed))
		}
	}
	if n == 0 || now.Sub(since) < time.Duration(e.cfg.ExpireAfter) {
		return false
	}
	e.must(e.move(d.latest(l), StateExpired, Event{At: now,
		Text: fmt.Sprintf("no data of %s since %s; whether it recovered is not known", telemetry.Counted(n, "occurrence that had not recovered", "occurrences that had not recovered"), clock(since))}, d))
	return true
}

// cool lets the severity down to that of what still fires, when nothing as severe
// as the incident has fired for SeverityCooldown.
func (e engine) cool(l *live, now time.Time, d *delta) {
	if l.Memory.Severe.IsZero() || now.Sub(l.Memory.Severe) < time.Duration(e.cfg.SeverityCooldown) {
		return
	}
	var most Severity
	for _, o := range l.Occurrences {
		if o.Strong && o.Condition != ConditionCleared && o.Severity.Rank() > most.Rank() {
			most = o.Severity
		}
	}
	if most.Rank() == 0 || most.Rank() >= l.Severity.Rank() {
		return
	}
	c := d.latest(l)
	was := c.Severity
	c.Severity, c.Memory.Severe = most, now
	e.emit(c, d, Event{Kind: EventLowered, At: now,
		Text: fmt.Sprintf("severity fell from %s to %s: nothing so severe for %s", was, most, span(time.Duration(e.cfg.SeverityCooldown)))})
}
