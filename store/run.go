package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
// disk when something was written, which bounds what loss of power can take,
// and every ten minutes it forgets series that had no sample for four hours.
// It returns nil.
func (w *Writer) Run(ctx context.Context) error {
	sync := time.NewTicker(syncEvery)
	defer sync.Stop()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
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
		}
	}
}

// Sync brings everything acknowledged so far to the disk. It does nothing
// when nothing was written since the last time.
func (w *Writer) Sync() error {
	if !w.unsynced.Swap(false) {
		return nil
	}
	for _, name := range []string{"wal", "wbl"} {
		if err := syncNewest(filepath.Join(w.db.Dir(), name)); err != nil {
			w.unsynced.Store(true)
			return err
		}
	}
	return nil
}

// syncNewest syncs the newest segment in a folder of the log. The TSDB syncs a
// segment itself when it begins the next one.
func syncNewest(dir string) error {
	entries, err := os.ReadDir(dir) // sorted, and segment names have leading zeros
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	for i := len(entries) - 1; i >= 0; i-- {
		if entries[i].IsDir() {
			continue // checkpoint
		}
		f, err := os.Open(filepath.Join(dir, entries[i].Name()))
		if err != nil {
			return fmt.Errorf("sync %s: %w", dir, err)
		}
		err = f.Sync()
		f.Close()
		if err != nil {
			return fmt.Errorf("sync %s: %w", f.Name(), err)
		}
		return nil
	}
	return nil
}

// Sweep forgets series that were last used four hours before now and returns
// how many labellings it forgot. Their next sample finds them again by labels.
func (w *Writer) Sweep(now time.Time) int {
	n := w.cache.sweep(minuteOf(now.Add(-sweepAge)))
	w.metrics.swept.Add(n)
	return n
}
