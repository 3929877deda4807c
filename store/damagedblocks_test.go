package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// newBlocks makes a folder with several blocks and returns it with the names of these and
// how many samples each has; the others are in memory.
func newBlocks(t *testing.T) (dir string, samples map[string]int, all int) {
	t.Helper()
	dir = t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	for n := range 8 * 6 {
		r.now = start.Add(time.Duration(n) * 10 * time.Minute)
		r.write(t, sinktest.Metric("m", r.now.UnixMilli(), float64(n)))
		all++
	}
	if err := r.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	samples = map[string]int{}
	for _, b := range r.db.Blocks() {
		samples[b.Meta().ULID.String()] = int(b.Meta().Stats.NumSamples)
	}
	if len(samples) == 0 {
		t.Fatal("no blocks")
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, samples, all
}

func firstOf(samples map[string]int) (id string) {
	for have := range samples {
		if id == "" || have < id {
			id = have
		}
	}
	return id
}

var blockDamages = map[string]func(block string) error{
	"index cut":     func(b string) error { return os.Truncate(filepath.Join(b, "index"), 100) },
	"index missing": func(b string) error { return os.Remove(filepath.Join(b, "index")) },
	"chunks empty":  func(b string) error { return os.Truncate(filepath.Join(b, "chunks", "000001"), 0) },
	"no chunks":     func(b string) error { return os.Remove(filepath.Join(b, "chunks", "000001")) },
	"meta empty":    func(b string) error { return os.Truncate(filepath.Join(b, "meta.json"), 0) },
	"meta missing":  func(b string) error { return os.Remove(filepath.Join(b, "meta.json")) },
}

func TestOpenTSDB_DamagedBlock_IsPutAsideAndTold(t *testing.T) {
	for what, damage := range blockDamages {
		t.Run(what, func(t *testing.T) {
			dir, samples, all := newBlocks(t)
			id := firstOf(samples)
			if err := damage(filepath.Join(dir, id)); err != nil {
				t.Fatal(err)
			}
			r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
			s, _ := read(t, r.db, "m")
			if got, want := len(s["{}"]), all-samples[id]; got != want {
				t.Errorf("%d samples, want %d", got, want)
			}
			d := r.db.Damages()
			if len(d) != 1 || !strings.Contains(d[0].String(), id) {
				t.Fatalf("got %v, want block %s", d, id)
			}
			if _, err := os.Stat(d[0].Kept); err != nil {
				t.Error(err)
			}
			if got := r.counter(t, "tocsin_store_damaged_blocks_total"); got != "1" {
				t.Errorf("counted %s, want 1", got)
			}
			if err := r.db.Close(); err != nil {
				t.Fatal(err)
			}
			c := store.DefaultConfig()
			db := openDB(t, dir, c)
			if d := db.Damages(); len(d) > 0 {
				t.Errorf("opened again: got %v", d)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestWriter_Run_DamagedBlockThatAppears_DoesNotHoldUpMemory(t *testing.T) {
	r := newRig(t, nil)
	for n := range 6 * 6 {
		r.now = start.Add(time.Duration(n) * 10 * time.Minute)
		r.write(t, sinktest.Metric("m", r.now.UnixMilli(), float64(n)))
	}
	dir, samples, _ := newBlocks(t)
	id := firstOf(samples)
	put := filepath.Join(r.db.Dir(), id)
	if err := os.CopyFS(put, os.DirFS(filepath.Join(dir, id))); err != nil {
		t.Fatal(err)
	}
	if err := blockDamages["index cut"](put); err != nil {
		t.Fatal(err)
	}
	tick := make(chan time.Time)
	ended := make(chan struct{})
	go func() { defer close(ended); r.CompactAt(t.Context(), tick) }()
	tick <- start
	tick <- start // the first has ended
	tick <- start
	if _, err := os.Stat(put); err != nil {
		t.Fatalf("it was written a moment ago and may be incomplete: %v", err)
	}
	old := time.Now().Add(-time.Hour)
	for _, path := range []string{"index", "meta.json", "tombstones", "chunks/000001", "chunks", ""} {
		if err := os.Chtimes(filepath.Join(put, path), old, old); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	for range 3 {
		tick <- start
	}
	if d := r.db.Damages(); len(d) != 1 || !strings.Contains(d[0].String(), id) {
		t.Fatalf("got %v, want block %s", d, id)
	}
	if oldest := r.db.MinTime(); oldest <= start.UnixMilli() {
		t.Errorf("memory still begins at %d", oldest)
	}
}
