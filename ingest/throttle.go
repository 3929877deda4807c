package ingest

import (
	"sync"
	"time"
)

// throttle lets one event per second through and counts the others. It is
// safe for concurrent use.
type throttle struct {
	mu     sync.Mutex
	last   time.Time
	hidden int
}

// allow reports whether an event at now may be told, and how many were kept
// back since the last one that was.
func (t *throttle) allow(now time.Time) (hidden int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.last.IsZero() && now.Sub(t.last) < time.Second {
		t.hidden++
		return 0, false
	}
	hidden, t.hidden, t.last = t.hidden, 0, now
	return hidden, true
}
