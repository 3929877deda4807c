package store

import (
	"context"
	"time"
)

// Times of the writer's upkeep.
const (
	syncEvery  = time.Second
	sweepEvery = 10 * time.Minute
	// sweepAge is more than the three hours for which the head keeps a series
	// without samples, so that a sweep rarely drops what is still wanted.
	sweepAge = 4 * time.Hour
)

// Run keeps the writer until ctx ends: each second it syncs the log to the
// disk when something was written, which bounds what loss of power can take;
// after an error of the log it opens the store again; and every ten minutes it
// forgets series that had no sample for four hours. It returns nil.
func (w *Writer) Run(ctx context.Context) error {
	sync := time.NewTicker(syncEvery)
	defer sync.Stop()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	again := time.NewTicker(reopenEvery)
	defer again.Stop()
	memory := time.NewTicker(memoryLook)
	defer memory.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-sync.C:
			if err := w.Sync(); err != nil {
				w.metrics.syncErrors.Inc()
				w.log.Warn("log of samples is not on the disk yet", "err", err)
			}
		case <-sweep.C:
			w.Sweep(w.now())
		case <-memory.C:
			w.memory.look()
		case <-again.C:
			w.upkeepLog(ctx)
		}
	}
}

// Sweep forgets series that were last used four hours before now and returns
// how many labellings it forgot. Their next sample finds them again by labels.
func (w *Writer) Sweep(now time.Time) int {
	n := w.cache.sweep(minuteOf(now.Add(-sweepAge)))
	w.metrics.swept.Add(n)
	return n
}
