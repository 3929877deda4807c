package store_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/store"
)

// Blocks of late samples reach further than what the base has moved to blocks in order.
// Merged with others they would be taken for the limit of its log.
func TestDB_LateBlocksBeyondTheBase_AreNotMergedIntoItsLimit(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tsdb")
	var r *rig
	open := func() {
		r = newRig(t, func(o *store.WriterOptions) {
			o.Config.OutOfOrderWindow = yamldoc.Duration(40 * time.Minute)
			db, err := store.OpenTSDB(store.TSDBOptions{Dir: dir, Config: o.Config, Logger: o.Logger, Block: oracleBlock})
			if err != nil {
				t.Fatal(err)
			}
			o.DB = db
		})
		if err := r.db.View(func(base *tsdb.DB) error { base.DisableCompactions(); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	open()
	at := start.Truncate(24 * time.Hour).UnixMilli()
	minute := func(n int) int64 { return at + int64(n)*60_000 }
	write := func(e sinktest.Entry) {
		t.Helper()
		r.now = start
		if res := r.write(t, e); res.Stored != 1 {
			t.Fatalf("got %+v", res)
		}
	}
	compact := func() {
		t.Helper()
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	const last = 34
	for n := range last + 1 {
		write(histogramAt(minute(n), uint64(n)))
		write(sinktest.Metric("f", minute(n), 1))
		if n == 16 {
			compact() // up to 10
		}
	}
	write(sinktest.Metric("f", minute(22)+1, 1))
	write(sinktest.Metric("f", minute(31)+1, 1))
	write(histogramAt(minute(22)+1, 1))
	write(histogramAt(minute(31)+1, 1))
	compact() // up to 20, and what is late beyond
	if got := len(kinds(t, r.db)); got != last+3 {
		t.Fatalf("%d histograms, want %d", got, last+3)
	}
	killed := filepath.Join(t.TempDir(), "killed")
	copySparse(t, dir, killed)
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	dir = killed
	open()
	defer r.db.Close()
	if got := len(kinds(t, r.db)); got != last+3 {
		t.Errorf("%d histograms after a kill, want %d", got, last+3)
	}
	// Later they are.
	for n := last + 1; n < 60; n++ {
		write(histogramAt(minute(n), uint64(n)))
		write(sinktest.Metric("f", minute(n), 1))
	}
	compact()
	wide := false
	for _, b := range r.db.Blocks() {
		wide = wide || b.Meta().MaxTime-b.Meta().MinTime > oracleBlock.Milliseconds()
	}
	if !wide {
		t.Errorf("no blocks were merged")
	}
}

// The base takes its limit back to the end of each block that it writes, while others are
// being written up to a later one: what comes then is late all the same, or it would be
// dropped from memory with what is in the block.
func TestDB_BaseTakesItsLimitBack_LateSamplesStayLate(t *testing.T) {
	for _, way := range []string{"writer", "past it"} {
		r := newRig(t, func(o *store.WriterOptions) { o.Config.OutOfOrderWindow *= 4 })
		at := start.Truncate(2 * time.Hour).UnixMilli()
		hour := time.Hour.Milliseconds()
		r.now = start.Add(24 * time.Hour)
		r.write(t, sinktest.Metric("f", at, 1), histogramAt(at, 1))
		r.write(t, sinktest.Metric("f", at+3*hour+1, 1), sinktest.Metric("g", at+3*hour+1, 1), histogramAt(at+2*hour+1, 1))
		if err := r.db.Compact(t.Context()); err != nil { // up to two hours
			t.Fatal(err)
		}
		var base *tsdb.Head
		if err := r.db.View(func(db *tsdb.DB) error { base = db.Head(); return nil }); err != nil {
			t.Fatal(err)
		}
		if got := base.MinTime(); got < at+2*hour {
			t.Fatalf("the base begins at %d, want %d at least", got, at+2*hour)
		}
		base.SetMinValidTime(at + hour)
		late := at + 2*hour - 1
		begin := r.db.AppenderV2
		if way == "writer" {
			begin = r.Appendable().AppenderV2
		}
		app := begin(t.Context())
		_, err := app.Append(0, labels.FromStrings("__name__", "new"), 0, late, 1, nil, nil, noOptions)
		if err := errors.Join(err, app.Commit()); err != nil {
			t.Fatal(err)
		}
		if s, _ := read(t, r.db, "new"); len(s["{}"]) != 1 {
			t.Errorf("%s: got %v, want the late one", way, s)
		}
		if got := base.MinTime(); got < at+2*hour {
			t.Errorf("%s: the base begins at %d, %d ms before what is in a block", way, got, at+2*hour-got)
		}
	}
}
