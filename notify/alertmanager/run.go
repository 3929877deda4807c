package alertmanager

import (
	"context"
	"time"
)

// Run drives the router by the wall clock until ctx ends: at each time that a
// group is due, soon after something came in, and at least every idleTick.
func (r *Router) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	var look time.Time // what came in waits for it; zero: nothing came in
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
			// More comes with it, in a storm without end: one look for all of it.
			now := r.o.Now()
			if look.IsZero() {
				look = now.Add(gatherFor)
			}
			if wait := min(r.Next().Sub(now), look.Sub(now)); wait > 0 {
				timer.Reset(wait)
				continue
			}
		case <-timer.C:
		}
		now := r.o.Now()
		look = time.Time{}
		if err := r.Tick(ctx, now); err != nil && ctx.Err() == nil {
			r.metrics.tickErrors.Inc()
			r.log.Error("groups of alerts could not be moved on; tried again", "error", err)
		}
		timer.Reset(min(max(r.Next().Sub(r.o.Now()), time.Millisecond), idleTick))
	}
}

// gatherFor is how long a look waits for more after something came in, unless a
// group is due before.
const gatherFor = 100 * time.Millisecond

// idleTick is the longest time between two looks: alerts that end by themselves
// are noticed by then.
const idleTick = 5 * time.Second

// Next returns when the next group is due; a far time when there is none.
func (r *Router) Next() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := forever
	for _, g := range r.groups {
		if g.next.Before(next) {
			next = g.next
		}
	}
	return next
}
