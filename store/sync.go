package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// syncState is one more than the segment of each log that was synced last. The TSDB
// syncs a segment when it begins the next one, but behind our back and perhaps not
// yet, so that all from the last one on are synced.
type syncState struct {
	mu    sync.Mutex
	after [len(syncedLogs)]int
}

// syncedLogs are the folders of all logs.
var syncedLogs = [...]string{logNames[0], logNames[1], headLog}

// durable returns when what was committed is as durable as the configuration wants.
func (w *Writer) durable(g *generation) error {
	if !w.fsync {
		return nil
	}
	if err := w.syncs.Wait(func() error { return w.sync(g) }); err != nil {
		return w.fail(g, err)
	}
	return nil
}

// errNotOnDisk is of a file that the system could not write. It may take it for written
// from then on.
var errNotOnDisk = errors.New("it may not be on the disk")

// Sync brings everything acknowledged so far to the disk. It does nothing
// when nothing was written since the last time. When the system could not write the log,
// nothing more is acknowledged until the store was opened again, which writes it anew.
func (w *Writer) Sync() error {
	if !w.unsynced.Load() {
		return nil
	}
	g, err := w.db.acquire()
	if err != nil {
		return fmt.Errorf("sync the log: %w", err)
	}
	defer w.db.release(g)
	err = w.sync(g)
	// A file system that cannot sync at all is used as it is.
	if errors.Is(err, errNotOnDisk) && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && g.failed.Load() == nil {
		return w.fail(g, err)
	}
	return err
}

// sync syncs the logs of one opening of the TSDB.
func (w *Writer) sync(g *generation) error {
	g.synced.mu.Lock()
	defer g.synced.mu.Unlock()
	w.unsynced.Store(false)
	for i, name := range syncedLogs {
		if err := w.syncLog(filepath.Join(w.db.Dir(), name), &g.synced.after[i]); err != nil {
			w.unsynced.Store(true)
			if errors.Is(err, errNotOnDisk) {
				g.rewrite.Store(true)
			}
			return fmt.Errorf("sync the log: %w", err)
		}
	}
	w.metrics.syncs.Inc()
	return nil
}

// syncLog syncs the segments in dir from the one before *after on, and the folder
// itself when one of them is new, and moves *after on.
func (w *Writer) syncLog(dir string, after *int) error {
	segments, err := segmentsIn(dir)
	if err != nil || len(segments) == 0 {
		return err
	}
	next := segments[len(segments)-1].number + 1
	for _, s := range segments {
		if s.number+1 < *after {
			continue
		}
		size, err := w.toDisk(s.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted because a checkpoint has taken its place
		}
		if err != nil {
			return err
		}
		if w.onSync != nil {
			w.onSync(s.path, size)
		}
	}
	if next != *after {
		if _, err := syncFile(dir); err != nil {
			return err
		}
	}
	*after = next
	return nil
}

// syncFile syncs a file or folder and returns how long it was before.
func syncFile(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err := f.Sync(); err != nil {
		return 0, fmt.Errorf("%s: %w: %w", path, errNotOnDisk, err)
	}
	return info.Size(), nil
}
