package notify

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// lane is one channel with what its worker keeps between two sends.
type lane struct {
	channel Channel
	name    string
	edits   bool
	wake    chan struct{} // holds one token; a worker that sleeps takes it

	mu sync.Mutex // held over a pass: one Send at a time
	// paused is until when the receiver asked to be left alone. It is not
	// stored: after a restart one early try is the worst that happens.
	paused time.Time
	// unsaved writes the outcome of the last try when the database refused it,
	// so that a message which was sent is not sent again because of a full disk.
	unsaved func(context.Context) error
}

func newLane(c Channel) *lane {
	l := &lane{channel: c, name: c.Name(), wake: make(chan struct{}, 1)}
	if e, ok := c.(Editor); ok {
		l.edits = e.Edits()
	}
	return l
}

func (l *lane) signal() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// pass sends what is due on the lane, in order, until nothing is due at the
// time that clock tells, and returns when to look again: zero when nothing
// waits. It ends early, without error, when ctx is done.
func (b *Outbox) pass(ctx context.Context, l *lane, clock func() time.Time) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ctx.Err() == nil {
		if l.unsaved != nil {
			if err := l.unsaved(ctx); err != nil {
				return time.Time{}, fmt.Errorf("record what became of the last message on channel %s: %w", l.name, err)
			}
			l.unsaved = nil
		}
		r, ok, err := b.head(ctx, l.name)
		if err != nil {
			return time.Time{}, fmt.Errorf("read the queue of channel %s: %w", l.name, err)
		}
		if !ok {
			return time.Time{}, nil
		}
		if at := later(r.due, l.paused); at.After(clock()) {
			return at, nil
		}
		if err := b.try(ctx, l, r, clock); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
