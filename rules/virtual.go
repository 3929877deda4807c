package rules

import (
	"cmp"
	"slices"
	"time"
)

// Virtual is how an engine whose clock is not the wall clock differs from a live
// one: in a rule test, which has a beginning of its own, and in a backtest, whose
// store shows what was recorded live. The zero value is a live engine.
type Virtual struct {
	// Origin is where the multiples of intervals are counted from, at which rules
	// are evaluated; the zero time is the Unix epoch.
	Origin time.Time
	// Fresh says that there is nothing of earlier evaluations to take up, so that
	// alerts are on record from the first evaluation on.
	Fresh bool
	// Exact leaves the alerts of a rule exactly as Prometheus has them: one that
	// comes back after its data were gone waits for its `for` again.
	Exact bool
}

// slotOf returns the last multiple of the interval at or before t.
func (v Virtual) slotOf(t time.Time, interval time.Duration) time.Time {
	n := t.UnixNano()
	if !v.Origin.IsZero() {
		n -= v.Origin.UnixNano()
	}
	past := n % int64(interval)
	if past < 0 {
		past += int64(interval)
	}
	return time.Unix(0, t.UnixNano()-past).UTC()
}

// inOrder sorts groups by the places of their names in order; those that it does
// not name go with the first. The signals come before all.
func inOrder(groups []*scheduled, order []string) {
	if len(order) == 0 {
		return
	}
	place := func(s *scheduled) int {
		if s.group.File() == signalsFile {
			return -1
		}
		return max(0, slices.Index(order, s.group.Name()))
	}
	slices.SortStableFunc(groups, func(a, b *scheduled) int { return cmp.Compare(place(a), place(b)) })
}
