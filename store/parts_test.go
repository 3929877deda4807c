package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
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

// A series that head and base both have is one.
func TestDB_Stats_SeriesOfBothParts_CountsOnce(t *testing.T) {
	r := newRig(t, nil)
	at := start.UnixMilli()
	r.write(t, sinktest.Metric("both", at, 1))
	r.write(t, sinktest.Metric("both", at-30_000, 1)) // late
	r.write(t, sinktest.Metric("head", at, 1))
	if n := baseSeries(t, r.db); n != 1 {
		t.Fatalf("%d series in the base, want 1", n)
	}
	s := r.db.Stats("__name__", 10)
	got := map[string]uint64{}
	for _, x := range append(s.IndexPostingStats.CardinalityMetricsStats, s.IndexPostingStats.LabelValuePairsStats...) {
		got[x.Name] = x.Count
	}
	if s.NumSeries != 2 || got["both"] != 1 || got["__name__=both"] != 1 || got["head"] != 1 {
		t.Errorf("got %d series, %v, want one of each", s.NumSeries, got)
	}
	sizes := s.IndexPostingStats.LabelValueStats
	if len(sizes) != 1 || sizes[0].Count != labels.SizeOfLabels("__name__", "both", 1)+labels.SizeOfLabels("__name__", "head", 1) {
		t.Errorf("got sizes %v", sizes)
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

// The first of several samples of a series that memory has dropped is refused.
func TestWriter_RunOfADroppedSeries_StoresWhatIsGood(t *testing.T) {
	for _, starts := range []bool{false, true} {
		r := newRig(t, func(o *store.WriterOptions) { o.Config.StartTimestamps = starts; o.Config.OutOfOrderWindow *= 24 })
		at := r.now.UnixMilli()
		r.write(t, sinktest.Metric("m", at, 1))
		r.now = r.now.Add(8 * time.Hour)
		r.write(t, sinktest.Metric("tick", r.now.UnixMilli(), 1))
		if err := r.db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		e := sinktest.Metric("m", at, 2)
		e.Samples = append(e.Samples, telemetry.Sample{T: r.now.UnixMilli(), V: 3})
		e.Histograms = []telemetry.HistogramSample{{T: r.now.UnixMilli() - 1, Int: oneHistogram()}}
		if res := r.write(t, e); res.Stored != 2 || res.Refused[telemetry.ReasonDuplicateTime] != 1 {
			t.Errorf("starts=%t: got %+v, want one refused and two stored", starts, res)
		}
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

// Dashboards find what is in memory under the names that the TSDB gives it, and nothing
// twice.
func TestDB_Metrics_AreOfBothParts(t *testing.T) {
	registry := prometheus.NewRegistry()
	db, err := store.OpenTSDB(store.TSDBOptions{Dir: t.TempDir(), Config: store.DefaultConfig(), Logger: slog.New(slog.DiscardHandler), Registerer: registry})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *store.WriterOptions) { o.DB = db })
	at := r.now.UnixMilli()
	e := sinktest.Metric("m", at, 1)
	e.Exemplars = []telemetry.Exemplar{trace(at, 1, "a")}
	r.write(t, e, sinktest.Metric("n", at+1000, 1))
	r.write(t, sinktest.Metric("m", at-1000, 1)) // late
	for range 2 {
		all, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]float64{}
		for _, f := range all {
			for _, m := range f.GetMetric() {
				key := f.GetName()
				for _, l := range m.GetLabel() {
					key += " " + l.GetName() + "=" + l.GetValue()
				}
				got[key] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
		for name, want := range map[string]float64{
			"prometheus_tsdb_head_series": 2, "prometheus_tsdb_head_min_time": float64(at - 1000), "prometheus_tsdb_head_max_time_seconds": float64(at+1000) / 1000,
			"prometheus_tsdb_exemplar_exemplars_in_storage": 1,
		} {
			if got[name] != want {
				t.Errorf("%s: got %v, want %v", name, got[name], want)
			}
		}
		if _, ok := got["prometheus_tsdb_wal_segment_current log=head"]; !ok {
			t.Errorf("no metrics of the head's log")
		}
		if err := r.FailLog(errors.New("no space")); err == nil {
			t.Fatal("no error")
		}
		if err := r.Reopen(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
