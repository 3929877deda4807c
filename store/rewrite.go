package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tocsinhq/tocsin/internal/disk"
)

// After a sync that failed the system may take what it could not write for written: the
// next sync succeeds, and what is read is as it should be until the machine loses power.
// So the files that it may be of are written anew, from what the system still has, before
// the store is opened again.

// rewriteSuffix is of a segment that is being written anew. It is no number, so that nobody
// takes it for a segment.
const rewriteSuffix = ".rewrite"

// rewriteUnsynced writes anew what of the logs of an opening that is closed is not on the
// disk for sure, and returns when it is.
func (g *generation) rewriteUnsynced(dir string) error {
	g.synced.mu.Lock()
	defer g.synced.mu.Unlock()
	for i, name := range syncedLogs {
		if err := rewriteSince(filepath.Join(dir, name), g.synced.after[i]-1); err != nil {
			return fmt.Errorf("write the log anew after a sync that failed: %w", err)
		}
	}
	return nil
}

// rewriteSince replaces the segments in a folder from a number on by copies.
func rewriteSince(dir string, from int) error {
	segments, err := segmentsIn(dir)
	if err != nil {
		return err
	}
	for _, s := range segments {
		if s.number < from {
			continue
		}
		if err := rewrite(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(segments) == 0 {
		return nil
	}
	return disk.SyncFolder(dir)
}

// rewrite replaces a file by a copy of it that is on the disk.
func rewrite(path string) (err error) {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path+rewriteSuffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Sync(), to.Close()); err == nil {
		err = os.Rename(to.Name(), path)
	}
	if err != nil {
		_ = os.Remove(to.Name()) // it is made anew
	}
	return err
}

// dropRewrites removes copies that a kill has left unfinished.
func dropRewrites(dir string) error {
	for _, name := range syncedLogs {
		entries, err := os.ReadDir(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("look for unfinished copies of the log: %w", err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), rewriteSuffix) {
				continue
			}
			if err := os.Remove(filepath.Join(dir, name, e.Name())); err != nil {
				return fmt.Errorf("remove an unfinished copy of the log: %w", err)
			}
		}
	}
	return nil
}
