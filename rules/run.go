package rules

import (
	"context"
	"time"
)

// wallClock is the clock of Run where the caller gives none.
func wallClock() time.Time { return time.Now() }

// Run evaluates on the wall clock until ctx ends and then returns nil. An
// evaluation that takes longer than its interval delays the next; it never
// runs twice at once, and what was passed over is not made up for.
func (e *Engine) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		now := e.opts.Now()
		next, err := e.EvalDue(ctx, now)
		if err != nil && ctx.Err() == nil {
			e.log.Warn("rules failed to evaluate; the others were evaluated", "err", err)
		}
		timer.Reset(max(next.Sub(e.opts.Now()), time.Millisecond))
	}
}
