package store

import (
	"context"
	"fmt"
	"time"
)

// MemoryUse is what SetMemory's func answers, in bytes.
type MemoryUse struct{ Live, Taken uint64 }

// SetMemory makes the writer believe in another memory and have no collector but
// collect.
func (w *Writer) SetMemory(use func() MemoryUse, collect func()) {
	w.memory.use = func() memoryUse {
		u := use()
		return memoryUse{live: u.Live, taken: u.Taken}
	}
	w.memory.collect = collect
}

// LookAtMemory does what Run does now and then.
func (w *Writer) LookAtMemory() { w.memory.look() }

// FailLog does what an error of the log does.
func (w *Writer) FailLog(err error) error {
	g, aerr := w.db.acquire()
	if aerr != nil {
		return aerr
	}
	defer w.db.release(g)
	return w.fail(g, err)
}

// OnSync makes f be told what is on the disk: the files of the log and how long
// they were when they were synced.
func (w *Writer) OnSync(f func(path string, size int64)) { w.onSync = f }

// FailSync makes the next sync of a file of the log fail as when the disk could not write
// it: the system says so once, and takes it for written from then on.
func (w *Writer) FailSync(err error) {
	w.toDisk = func(path string) (int64, error) {
		w.toDisk = syncFile
		return 0, fmt.Errorf("%s: %w: %w", path, errNotOnDisk, err)
	}
}

// CloseParts closes both parts of the store under its users, by which every further
// write of their logs fails.
func (d *DB) CloseParts() error {
	g, err := d.acquire()
	if err != nil {
		return err
	}
	defer d.release(g)
	return g.close()
}

// CompactAt does what Run does beside all else.
func (w *Writer) CompactAt(ctx context.Context, tick <-chan time.Time) {
	w.compactLoop(ctx, tick, nil, nil)
}

// ImageIfBehind writes an image if so many bytes were logged since the last.
func (d *DB) ImageIfBehind(most int64) error { return d.imageIfBehind(most) }
