package alertmanager

import (
	"time"

	"github.com/prometheus/alertmanager/alert"
)

// saved is what the row of an alert says of its times.
type saved struct {
	is    bool      // there is a row
	ends  time.Time // zero: without an end
	lease time.Duration
}

// savedOf returns what a row says that is written from an alert now.
func savedOf(a *alert.Alert) saved { return saved{is: true, ends: a.EndsAt, lease: leaseOf(a)} }

// leaseOf is how long an alert lasts from its last report on, unless it is told
// again.
func leaseOf(a *alert.Alert) time.Duration {
	if a.EndsAt.IsZero() {
		return 0
	}
	return max(a.EndsAt.Sub(a.UpdatedAt), 0)
}

// behind is by how much the end of an alert that is told again and again may be
// later than its row says. Senders repeat each alert all the time, so most of what
// is told needs no write; a restart gives as much time back as may be missing.
func (s saved) behind() time.Duration { return s.lease / 2 }

// holds reports whether the row stands for an alert that says the same, but that
// it ends at another time.
func (s saved) holds(ends time.Time) bool {
	if !s.is || s.ends.IsZero() || ends.IsZero() {
		return s.is && s.ends.IsZero() && ends.IsZero()
	}
	later := ends.Sub(s.ends)
	return later >= 0 && later <= s.behind()
}

// rowMargin is how long before its end a row is written anew if the alert goes on
// longer: more than lies between two looks and what the stored clock may be behind.
const rowMargin = 3 * saveEvery

// runsOut reports whether the row ends soon after the time and before its alert.
func (e *entry) runsOut(at time.Time) bool {
	return e.saved.is && !e.saved.ends.IsZero() && e.alert.EndsAt.After(e.saved.ends) && !e.saved.ends.After(at.Add(rowMargin))
}

// makeUp gives an alert that was read from its row the time that the row may lack.
func (e *entry) makeUp(down time.Time) {
	if e.origin != OriginReceived || !e.repeated || e.alert.EndsAt.IsZero() || e.endedAt(down) {
		return
	}
	next := *e.alert
	next.EndsAt = next.EndsAt.Add(e.saved.behind())
	e.alert = &next
}
