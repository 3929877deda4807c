package store

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Times of the writer's upkeep.
const (
	syncEvery  = time.Second
	sweepEvery = 10 * time.Minute
	// sweepAge is more than the three hours for which the head keeps a series
	// without samples, so that a sweep rarely drops what is still wanted.
	sweepAge = 4 * time.Hour
	// compactEvery is how often it is looked whether samples are to go to a block.
	compactEvery = time.Minute
	// imageEvery is how much of the log a start may have to read at most, unless imageBehind
	// comes before.
	imageEvery = 10 * time.Minute
	// imageBehind is how many bytes of the log make another image due before that: some 25
	// million samples, two seconds and a half of processor time at a start. A million
	// series scraped each 15 seconds come to it in six minutes, what a sender has kept
	// during an outage in seconds. The image takes a fortieth of what storing them took.
	imageBehind = 256 << 20
	// imageLook is how often that is looked at.
	imageLook = 10 * time.Second
)

// Run keeps the writer until ctx ends: each second it syncs the log to the
// disk when something was written, which bounds what loss of power can take;
// after an error of the log it opens the store again; and every ten minutes it
// forgets series that had no sample for four hours. Beside that it moves samples from
// memory to blocks, and each ten minutes, or when much was logged, writes an image of the
// head. It returns nil.
func (w *Writer) Run(ctx context.Context) error {
	image := time.NewTicker(imageEvery)
	defer image.Stop()
	var beside sync.WaitGroup
	compact := time.NewTicker(compactEvery)
	defer compact.Stop()
	look := time.NewTicker(imageLook)
	defer look.Stop()
	beside.Go(func() { w.compactLoop(ctx, compact.C, image.C, look.C) })
	defer beside.Wait()
	toDisk := time.NewTicker(syncEvery)
	defer toDisk.Stop()
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
		case <-toDisk.C:
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

// compactLoop moves samples to blocks at each tick, and writes images of the head at
// those of image, or of look if much was logged, until ctx ends.
func (w *Writer) compactLoop(ctx context.Context, tick, image, look <-chan time.Time) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-image:
			_ = w.db.Image() // while the store is closed there is nothing to keep
			continue
		case <-look:
			_ = w.db.imageIfBehind(imageBehind)
			continue
		case <-tick:
		}
		err := w.db.moveToBlocks(ctx)
		if err == nil || ctx.Err() != nil || errors.Is(err, ErrReadOnly) {
			continue
		}
		w.metrics.compactErrors.Inc()
		w.log.Error("samples could not be moved from memory to disk; it is tried again", "after", compactEvery, "err", err)
	}
}

// Sweep forgets series that were last used four hours before now and returns
// how many labellings it forgot. Their next sample finds them again by labels.
func (w *Writer) Sweep(now time.Time) int {
	n := w.cache.sweep(minuteOf(now.Add(-sweepAge)))
	w.metrics.swept.Add(n)
	return n
}
