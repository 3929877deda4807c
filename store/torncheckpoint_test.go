package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// The TSDB takes damage of a checkpoint for damage of the log's first segment, and
// then deletes the log.
func TestOpenTSDB_DamagedCheckpoint_KeepsTheRest(t *testing.T) {
	for log, kind := range map[string]string{"wal": "checkpoint", "head/wal": "head-checkpoint"} {
		t.Run(log, func(t *testing.T) { damageCheckpoint(t, log, kind) })
	}
}

func damageCheckpoint(t *testing.T, log, kind string) {
	dir := t.TempDir()
	c := store.DefaultConfig()
	c.StartTimestamps = log == "wal"
	now := start
	samples := 0
	for n := range 8 { // each opening begins a segment
		r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, c) })
		now = now.Add(time.Hour)
		r.now = now
		var e []sinktest.Entry
		for i := range 400 { // more than a page of series
			e = append(e, sinktest.Metric("torn", now.UnixMilli(), float64(n), "i", strconv.Itoa(i%tornSeries), "j", strconv.Itoa(i), "text", strings.Repeat("x", 80)))
		}
		samples += r.write(t, e...).Stored
		if n == 7 {
			if err := r.db.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, log, "checkpoint.*", "0*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("checkpoints: %v, %v", found, err)
	}
	segments, _ := filepath.Glob(filepath.Join(dir, log, "0*"))
	edit(t, found[0], func(b []byte) []byte { b[len(bytes.TrimRight(b, "\x00"))/2] ^= 8; return b })
	forgetImages(t, dir)
	for turn := range 2 {
		r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, c) })
		got := 0
		series, _ := read(t, r.db, "torn")
		for _, s := range series {
			got += len(s)
		}
		if turn == 0 {
			d := r.db.Damages()
			if len(d) != 1 || d[0].Log != kind || d[0].Kept == "" {
				t.Errorf("damages %v, want that of the checkpoint", d)
			}
		}
		if got < samples/2 {
			t.Errorf("opening %d: %d of %d samples", turn+1, got, samples)
		}
		if err := r.db.Close(); err != nil {
			t.Error(err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, log, "0*")); len(left) < len(segments) {
		t.Errorf("segments %v became %v", segments, left)
	}
}

func TestOpenTSDB_KilledWhileOpening_StartsFromTheLogAsItWas(t *testing.T) {
	l := newTornLog(t, 30, true)
	// What an opening leaves that was killed while the TSDB repaired: the guard, a
	// segment cut short and an empty one behind it.
	wal, guard := filepath.Join(l.dir, "wal"), filepath.Join(l.dir, "wal-guard")
	for _, log := range []string{"wal", "wbl"} {
		if err := os.CopyFS(filepath.Join(guard, log), os.DirFS(filepath.Join(l.dir, log))); err != nil {
			t.Fatal(err)
		}
	}
	path := newest(t, l.dir, "wal")
	edit(t, path, func(b []byte) []byte { return b[:len(b)/3] })
	for name, text := range map[string]string{"00000007": "", "00000000.repair": "half"} {
		if err := os.WriteFile(filepath.Join(wal, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got := open(t, l.dir)
	if got.samples != l.samples || len(got.damages) > 0 {
		t.Errorf("got %+v, want all %d samples", got, l.samples)
	}
}
