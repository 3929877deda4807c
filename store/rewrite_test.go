package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// logFiles returns the segments of all logs by path.
func logFiles(t *testing.T, dir string) map[string]os.FileInfo {
	t.Helper()
	out := map[string]os.FileInfo{}
	for _, log := range []string{"wal", "wbl", "head/wal"} {
		entries, err := os.ReadDir(filepath.Join(dir, log))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil {
				t.Fatal(err)
			}
			out[filepath.Join(dir, log, e.Name())] = info
		}
	}
	return out
}

// What the system could not write it takes for written from then on. Nothing is acknowledged
// on top of it: it is written anew, with each of the ways to be durable.
func TestWriter_FailedSync_TheLogIsWrittenAnew(t *testing.T) {
	for _, durability := range []string{store.DurabilityProcess, store.DurabilityFsync} {
		dir := t.TempDir()
		r := newRig(t, func(o *store.WriterOptions) {
			o.Config.Durability = durability
			o.DB = openDB(t, dir, o.Config)
		})
		defer r.db.Close()
		at := r.now.UnixMilli()
		r.FailSync(syscall.EIO)
		err := r.try(sinktest.Metric("m", at, 1), sinktest.Metric("m", at-1000, 1, "late", "no"))
		if durability == store.DurabilityProcess {
			if err != nil {
				t.Fatal(err)
			}
			err = r.Sync()
		}
		if !errors.Is(err, store.ErrReadOnly) || !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: got %v, want that nothing is accepted and why", durability, err)
		}
		if err := r.try(sinktest.Metric("m", at+1, 1)); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s: got %v while the log may not be on the disk", durability, err)
		}
		before := logFiles(t, dir)
		cut := filepath.Join(dir, "head", "wal", "00000000.rewrite")
		if err := os.WriteFile(cut, []byte("of a kill"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := r.Reopen(context.Background()); err != nil {
			t.Fatal(err)
		}
		after := logFiles(t, dir)
		for path, was := range before {
			is, ok := after[path]
			if !ok || is.Size() < was.Size() || os.SameFile(is, was) {
				t.Errorf("%s: %s is as it was, want a copy", durability, path)
			}
		}
		if _, err := os.Stat(cut); err == nil {
			t.Errorf("%s: an unfinished copy is left", durability)
		}
		r.write(t, sinktest.Metric("m", at+1, 2))
		got, _ := read(t, r.db, "m")
		if len(got["{}"]) != 2 || len(got[`{late="no"}`]) != 1 {
			t.Errorf("%s: got %v", durability, got)
		}
		if err := r.Sync(); err != nil {
			t.Errorf("%s: %s", durability, err)
		}
		// Whoever opens it again for another reason need not write it anew.
		if err := r.FailLog(errors.New("no space")); err == nil {
			t.Fatal("no error")
		}
		before = logFiles(t, dir)
		if err := r.Reopen(context.Background()); err != nil {
			t.Fatal(err)
		}
		after = logFiles(t, dir)
		var copied []string
		for path, was := range before {
			if is, ok := after[path]; ok && !os.SameFile(is, was) && was.Size() > 0 {
				copied = append(copied, path)
			}
		}
		if slices.Sort(copied); len(copied) > 0 {
			t.Errorf("%s: %v were written anew", durability, copied)
		}
	}
}

// A file system that cannot sync at all is used as it is.
func TestWriter_SyncUnsupported_GoesOn(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	r.write(t, sinktest.Metric("m", at, 1))
	r.FailSync(syscall.ENOTSUP)
	if err := r.Sync(); !errors.Is(err, syscall.ENOTSUP) {
		t.Errorf("got %v", err)
	}
	r.write(t, sinktest.Metric("m", at+1, 1))
}
