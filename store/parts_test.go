package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

func oneHistogram() *histogram.Histogram {
	return &histogram.Histogram{Schema: 1, Count: 1, Sum: 1, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1}}
}

// baseSeries returns how many series the base has in memory.
func baseSeries(t *testing.T, db *store.DB) (n uint64) {
	t.Helper()
	if err := db.View(func(base *tsdb.DB) error { n = base.Head().NumSeries(); return nil }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWriter_LateAndRepeatedSamples_OverHeadAndBase(t *testing.T) {
	const minute = int64(60_000)
	dir := t.TempDir()
	now := start
	var r *rig
	open := func() {
		if r != nil {
			if err := r.db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		r = newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
		r.now = now
	}
	open()
	t.Cleanup(func() { r.db.Close() })
	at := start.UnixMilli()
	for i, tt := range []struct {
		t      int64
		v      float64
		reason string // empty: stored
		reopen bool   // before
		base   uint64 // series of the base after it
	}{
		{t: 0, v: 1},
		{t: 1 * minute, v: 2},
		{t: 1 * minute, v: 2}, // repeated
		{t: 1 * minute, v: 3, reason: telemetry.ReasonDuplicateTime},               // another value
		{t: 1 * minute, v: 2, reopen: true},                                        // repeated after a start
		{t: 1 * minute, v: 3, reopen: true, reason: telemetry.ReasonDuplicateTime}, // and another value
		{t: 30_000, v: 4, base: 1},                                                 // late
		{t: 30_000, v: 4, base: 1},
		{t: 40_000, v: 5, base: 1, reopen: true},
		{t: 20_000, v: 6, base: 1},
		{t: 2 * minute, v: 7, base: 1},
		{t: -31 * minute, v: 8, base: 1, reason: telemetry.ReasonTooOld},
		{t: -20 * minute, v: 9, base: 1},
		{t: 3 * minute, v: 10, base: 1, reopen: true},
	} {
		if tt.reopen {
			open()
		}
		res := r.write(t, sinktest.Metric("m", at+tt.t, tt.v))
		if stored := res.Stored == 1; stored != (tt.reason == "") || !stored && res.Refused[tt.reason] != 1 {
			t.Errorf("step %d: got %+v, want refused for %q", i, res, tt.reason)
		}
		if n := baseSeries(t, r.db); n != tt.base {
			t.Errorf("step %d: %d series in the base, want %d", i, n, tt.base)
		}
		if n := r.db.NumSeries(); n != 1 {
			t.Errorf("step %d: %d series, want 1", i, n)
		}
	}
	want := fmt.Sprint([]telemetry.Sample{
		{T: at - 20*minute, V: 9}, {T: at, V: 1}, {T: at + 20_000, V: 6}, {T: at + 30_000, V: 4}, {T: at + 40_000, V: 5},
		{T: at + minute, V: 2}, {T: at + 2*minute, V: 7}, {T: at + 3*minute, V: 10},
	})
	for turn := range 3 {
		if got, _ := read(t, r.db, "m"); fmt.Sprint(got["{}"]) != want {
			t.Errorf("got  %v\nwant %v", got["{}"], want)
		}
		now = start.Add(9 * time.Hour)
		open()
		r.write(t, sinktest.Metric("tick", now.UnixMilli(), 1))
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := r.db.NumSeries(); turn == 0 && n != 1 {
			t.Errorf("%d series after all else has gone to blocks, want tick", n)
		}
	}
}

// A series that is further behind than the head takes is kept by the base alone.
func TestWriter_SeriesFarBehind_IsKept(t *testing.T) {
	r := newRig(t, func(o *store.WriterOptions) {
		o.Config.OutOfOrderWindow *= 6
		o.DB = openDB(t, t.TempDir(), o.Config)
		t.Cleanup(func() { o.DB.Close() })
	})
	at := r.now.UnixMilli()
	r.write(t, sinktest.Metric("tick", at, 1))
	for i := range int64(5) {
		for _, v := range []float64{1, 1, 2} {
			res := r.write(t, sinktest.Metric("slow", at-2*3_600_000+i*1000, v))
			if (res.Stored == 1) != (v == 1) {
				t.Errorf("sample %d with value %v: got %+v", i, v, res)
			}
		}
	}
	if got, _ := read(t, r.db, "slow"); len(got["{}"]) != 5 {
		t.Errorf("got %v, want five", got)
	}
}

func TestWriter_FloatsAndHistogramsOfOneSeries_AreBothKept(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	at := r.now.UnixMilli()
	for i := range int64(4) {
		e := sinktest.Metric("m", at+2*i, float64(i))
		e.Histograms = []telemetry.HistogramSample{{T: at + 2*i + 1, Int: oneHistogram()}}
		if res := r.write(t, e); res.Stored != 2 {
			t.Errorf("got %+v", res)
		}
	}
	for range 2 {
		if f, h := read(t, r.db, "m"); len(f) != 1 || len(f["{}"]) != 4 || h != 4 {
			t.Errorf("got %v and %d histograms, want one series with four of each", f, h)
		}
		if n := r.db.NumSeries(); n != 1 {
			t.Errorf("%d series, want 1", n)
		}
		if err := r.db.Close(); err != nil {
			t.Fatal(err)
		}
		r = newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	}
	r.db.Close()
}

// What ends a series of histograms is a float on the wire.
func TestWriter_StaleMarkerOfHistograms_EndsTheSeries(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	r.write(t, sinktest.Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: at, Int: oneHistogram()}}})
	r.write(t, sinktest.Metric("h", at+1, math.Float64frombits(value.StaleNaN)))
	q, err := newEngine(t, store.DefaultConfig().Query, nil).NewInstantQuery(context.Background(), r.db, nil, "h", time.UnixMilli(at+2))
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if v, err := q.Exec(context.Background()).Vector(); err != nil || len(v) != 0 {
		t.Errorf("got %v, %v; want nothing after the marker", v, err)
	}
}

// folderOfBefore makes a data folder as it was before there was a head: all samples in
// the log of the embedded TSDB. Its series are m{i="0"} to m{i="4"}.
func folderOfBefore(t *testing.T, at int64) string {
	t.Helper()
	dir := t.TempDir()
	o := tsdb.DefaultOptions()
	o.EnableExemplarStorage, o.MaxExemplars = true, 100
	o.OutOfOrderTimeWindow = 1_800_000
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := db.AppenderV2(t.Context())
	for n := range int64(300) {
		for i := range 5 {
			opts := storage.AppendV2Options{}
			if n == 299 {
				opts.Exemplars = []exemplar.Exemplar{{Labels: labels.FromStrings("trace_id", fmt.Sprint(i)), Value: float64(i), Ts: at, HasTs: true}}
			}
			if _, err := a.Append(0, labels.FromStrings("__name__", "m", "i", fmt.Sprint(i)), 0, at-(299-n)*15_000, float64(n), nil, nil, opts); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestOpenTSDB_FolderOfBefore_GoesOnWithoutGapOrDouble(t *testing.T) {
	at := start.UnixMilli()
	dir := folderOfBefore(t, at)
	most := 6
	open := func(now time.Time) *rig {
		r := newRig(t, func(o *store.WriterOptions) {
			o.Config.Limits.MaxSeries = most
			o.DB = openDB(t, dir, o.Config)
		})
		r.now = now
		return r
	}
	r := open(start)
	if got := readExemplars(t, r.db, "m"); len(got) != 5 {
		t.Errorf("exemplars %v, want those of the old log", got)
	}
	put := func(i string, t64 int64, v float64) telemetry.WriteResult {
		return r.write(t, sinktest.Metric("m", t64, v, "i", i))
	}
	// A sender repeats what it sent before the update, corrects it, and goes on.
	if res := put("0", at, 299); res.Stored != 1 {
		t.Errorf("repeated: got %+v", res)
	}
	if res := put("1", at, 298); res.Refused[telemetry.ReasonDuplicateTime] != 1 {
		t.Errorf("another value: got %+v", res)
	}
	if res := put("2", at-7_000, 1); res.Stored != 1 {
		t.Errorf("late: got %+v", res)
	}
	for i := range 5 {
		if res := put(fmt.Sprint(i), at+15_000, 300); res.Stored != 1 {
			t.Errorf("next: got %+v", res)
		}
	}
	if res := put("new", at+15_000, 1); res.Stored != 1 || r.db.NumSeries() != 6 {
		t.Errorf("a sixth series: got %+v, %d series", res, r.db.NumSeries())
	}
	want := map[string]int{`{i="0"}`: 301, `{i="1"}`: 301, `{i="2"}`: 302, `{i="3"}`: 301, `{i="4"}`: 301, `{i="new"}`: 1}
	check := func(when string) {
		t.Helper()
		got, _ := read(t, r.db, "m")
		for ls, n := range want {
			s := got[ls]
			if len(s) != n {
				t.Errorf("%s: %s has %d samples, want %d", when, ls, len(s), n)
			}
			for i := 1; i < len(s); i++ {
				if s[i].T <= s[i-1].T {
					t.Errorf("%s: %s has %v after %v", when, ls, s[i], s[i-1])
				}
			}
		}
	}
	if res := put("other", at+15_000, 1); res.Refused[telemetry.ReasonSeriesLimit] != 1 {
		t.Errorf("a seventh series: got %+v", res)
	}
	check("after the update")
	most = 7
	for turn := range 2 {
		if err := r.db.Close(); err != nil {
			t.Fatal(err)
		}
		r = open(start.Add(6 * time.Hour))
		check("opened again")
		r.write(t, sinktest.Metric("tick", r.now.UnixMilli(), 1))
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		check("in blocks")
		if n := r.db.NumSeries(); turn == 0 && n != 1 || len(r.db.Blocks()) == 0 {
			t.Errorf("turn %d: %d series in memory and %d blocks, want tick alone", turn, n, len(r.db.Blocks()))
		}
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
}

// A store that kept starts of counters, and so no floats in the head, has floats there
// from before.
func TestWriter_StartTimestampsTurnedOn_HeadIsReadAndEmptied(t *testing.T) {
	dir := t.TempDir()
	at := start.UnixMilli()
	for i, keep := range []bool{false, true, true} {
		r := newRig(t, func(o *store.WriterOptions) {
			o.Config.StartTimestamps = keep
			o.DB = openDB(t, dir, o.Config)
		})
		now := at + int64(i)*4*3_600_000
		r.now = time.UnixMilli(now)
		e := sinktest.Metric("c", now, float64(i))
		e.Exemplars = []telemetry.Exemplar{trace(now, 1, fmt.Sprint(i))}
		r.write(t, e)
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, _ := read(t, r.db, "c")
		if len(got["{}"]) != i+1 || r.db.NumSeries() != 1 {
			t.Errorf("opening %d: got %v, %d series", i, got, r.db.NumSeries())
		}
		if err := r.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
