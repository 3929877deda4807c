package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// synced is what is on the disk for sure: how long each file of the log was when it
// was synced last.
type synced struct {
	mu    sync.Mutex
	sizes map[string]int64
	n     int
}

func (s *synced) note(path string, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sizes[path] = max(size, s.sizes[path])
	s.n++
}

// afterPowerLoss copies a data folder as a disk has it that lost all that was not
// synced: each file of the log as long as it was at its last sync.
func (s *synced) afterPowerLoss(t *testing.T, from string) string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	dir := filepath.Join(t.TempDir(), "after")
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for _, log := range []string{"wal", "wbl", "head/wal"} {
		files, err := filepath.Glob(filepath.Join(from, log, "0*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			if err := os.Truncate(filepath.Join(dir, log, filepath.Base(path)), s.sizes[path]); err != nil {
				t.Fatal(err)
			}
		}
	}
	// Chunks in memory maps are never synced; the log has them too.
	if err := os.RemoveAll(filepath.Join(dir, "chunks_head")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestWriter_Fsync_AcknowledgedSurvivesLossOfPower(t *testing.T) {
	s := &synced{sizes: map[string]int64{}}
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) {
		o.Config.Durability = store.DurabilityFsync
		o.DB = openDB(t, dir, o.Config)
	})
	defer r.db.Close()
	r.OnSync(s.note)
	const writers, each = 8, 25
	var load sync.WaitGroup
	for k := range writers {
		load.Go(func() {
			for n := range each {
				if err := r.try(sinktest.Metric("m", r.now.UnixMilli()+int64(n), float64(n), "k", fmt.Sprint(k))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	load.Wait()
	r.try(sinktest.Metric("m", r.now.UnixMilli()-5000, 1, "k", "0")) // late: the other log
	after := openDB(t, s.afterPowerLoss(t, dir), store.DefaultConfig())
	defer after.Close()
	got, _ := read(t, after, "m")
	n := 0
	for _, x := range got {
		n += len(x)
	}
	if n != writers*each+1 {
		t.Errorf("%d of %d acknowledged samples are on the disk", n, writers*each+1)
	}
	// How many share a sync hangs on the machine; that they do is tested with disk.Rounds.
	if s.n == 0 {
		t.Error("no file was synced")
	}
}

func TestWriter_Process_SyncedEachSecondSurvivesLossOfPower(t *testing.T) {
	s := &synced{sizes: map[string]int64{}}
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	defer r.db.Close()
	r.OnSync(s.note)
	at := r.now.UnixMilli()
	for n := range int64(100) {
		r.write(t, sinktest.Metric("m", at+n, 1))
	}
	if s.n != 0 {
		t.Errorf("%d files synced by writes, want that left to Run", s.n)
	}
	if err := r.Sync(); err != nil { // as Run does each second
		t.Fatal(err)
	}
	for n := range int64(100) {
		r.write(t, sinktest.Metric("m", at+1000+n, 1))
	}
	after := openDB(t, s.afterPowerLoss(t, dir), store.DefaultConfig())
	defer after.Close()
	got, _ := read(t, after, "m")
	if n := len(got["{}"]); n != 100 {
		t.Errorf("%d samples on the disk, want the 100 before the sync", n)
	}
	// Nothing new, nothing to do.
	if err := r.Sync(); err != nil {
		t.Fatal(err)
	}
	before := s.n
	if err := r.Sync(); err != nil || s.n != before {
		t.Errorf("got %v and %d more syncs of nothing", err, s.n-before)
	}
}
