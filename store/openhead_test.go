package store_test

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/tsdb/wlog"
	"github.com/prometheus/prometheus/util/compression"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// Two requests that were acknowledged stand in the log the wrong way round, and so long ago
// that no sender might bring their samples any more.
func TestDB_LogTheWrongWayRound_OldSamplesAreKept(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	minute := time.Minute.Milliseconds()
	now := r.now.UnixMilli()
	at := now - 150*minute
	r.write(t, sinktest.Metric("m", at, 1))
	r.write(t, histogramAt(now, 1))
	killed := filepath.Join(t.TempDir(), "killed")
	copySparse(t, dir, killed)
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	log, err := wlog.New(slog.New(slog.DiscardHandler), nil, filepath.Join(killed, "head", "wal"), compression.None)
	if err != nil {
		t.Fatal(err)
	}
	var e record.Encoder
	for _, after := range []int64{2, 1} {
		if err := log.Log(e.Samples([]record.RefSample{{Ref: chunks.HeadSeriesRef(1), T: at + after*minute, V: 1}}, nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r = newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, killed, o.Config) })
		if s, _ := read(t, r.db, "m"); len(s["{}"]) != 3 {
			t.Errorf("got %v, want three", s)
		}
		if res := r.write(t, histogramAt(now-31*minute, 1)); res.Stored > 0 {
			t.Errorf("a sample behind the window was taken")
		}
		if err := r.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
