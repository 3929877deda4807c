package notify

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// breakAfter is after how many failed tries in a row a channel counts as down:
// then one try goes out at a time, with growing pauses, whatever waits.
const breakAfter = 3

// lane is one channel with what its worker keeps between two sends.
type lane struct {
	channel Channel
	name    string
	edits   bool
	wake    chan struct{} // holds one token; a worker that sleeps takes it
	waiting atomic.Int64  // rows that wait, at least; only a guess that they are few is relied on

	mu sync.Mutex // held over a pass: one Send at a time
	// paused is until when the receiver asked to be left alone, or a channel
	// that is down is spared. It is not stored: after a restart one early try
	// is the worst that happens.
	paused  time.Time
	fails   int // tries in a row that failed and may succeed later
	lastErr string
	// unsaved writes the outcome of the last try when the database refused it,
	// so that a message which was sent is not sent again because of a full disk.
	unsaved func(context.Context) error
	spoken  budget // messages of other channels that this one failed to tell
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

// down reports whether the channel has failed so often in a row that it is
// tried only now and then.
func (l *lane) down() bool { return l.fails >= breakAfter }

// answered notes that the channel took or refused a message: it works.
func (l *lane) answered() { l.fails, l.lastErr = 0, "" }

// failed notes a try that may succeed later, and spares a channel that is down.
func (l *lane) failed(now time.Time, err string, b *Outbox) {
	l.fails, l.lastErr = l.fails+1, err
	if l.down() {
		l.paused = later(l.paused, now.Add(b.backoff.Delay(l.fails-breakAfter+1, 0, b.jitter())))
	}
}

// pass sends what is due on the lane, in order, until nothing is due at the
// time that clock tells, and returns when to look again: zero when nothing
// waits. It ends early, without error, when ctx is done.
func (b *Outbox) pass(ctx context.Context, l *lane, clock func() time.Time) (time.Time, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := false
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
		now := clock()
		if at := later(r.due, l.paused); at.After(now) {
			if end := b.deadline(r); !l.down() || r.muted.Reason != "" || end.After(at) {
				return at, nil
			} else if end = later(end, r.due); end.After(now) {
				return end, nil
			}
			if err := b.giveUp(ctx, l, r, now); err != nil {
				return time.Time{}, err
			}
			continue
		}
		if r.muted.Reason != "" && !asked {
			if err := b.reask(ctx, l, now); err != nil {
				return time.Time{}, err
			}
			asked = true
			continue
		}
		if err := b.try(ctx, l, r, clock); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, nil
}

// deadline is when the outbox gives up a row that still fails.
func (b *Outbox) deadline(r row) time.Time { return r.patience().Add(time.Duration(b.cfg.GiveUp)) }

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
