package store

import (
	"context"
	"sync"
)

// epochs lets one wait until all who are inside at a moment have left, without
// keeping others from coming in meanwhile. The zero value is ready. It is safe for
// concurrent use.
type epochs struct {
	waiting sync.Mutex // of those who wait

	mu     sync.Mutex
	now    int
	inside [2]int
	left   [2]chan struct{} // not nil while somebody waits for the last one
}

// enter returns the epoch with which to leave.
func (e *epochs) enter() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inside[e.now]++
	return e.now
}

func (e *epochs) leave(epoch int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.inside[epoch]--
	if e.inside[epoch] == 0 && e.left[epoch] != nil {
		close(e.left[epoch])
		e.left[epoch] = nil
	}
}

// wait returns when all who were inside when it was called have left, or ctx ends.
func (e *epochs) wait(ctx context.Context) error {
	e.waiting.Lock()
	defer e.waiting.Unlock()
	// Those for whom an earlier wait has not waited to the end come first, so that
	// their epoch is free for those who come now.
	for range 2 {
		e.mu.Lock()
		e.now = 1 - e.now
		old := 1 - e.now
		if e.inside[e.now] > 0 { // not free
			e.now, old = old, e.now
		}
		var left chan struct{}
		if e.inside[old] > 0 {
			left = make(chan struct{})
			e.left[old] = left
		}
		e.mu.Unlock()
		if left == nil {
			continue
		}
		select {
		case <-left:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
