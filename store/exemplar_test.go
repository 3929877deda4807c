package store_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// readExemplars returns the values of the exemplars of a metric in order of time.
func readExemplars(t testing.TB, db *store.DB, metric string) (values []float64) {
	t.Helper()
	q, err := db.ExemplarQuerier(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	found, err := q.Select(0, math.MaxInt64, []*labels.Matcher{labels.MustNewMatcher(labels.MatchEqual, "__name__", metric)})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range found {
		for _, e := range s.Exemplars {
			values = append(values, e.Value)
		}
	}
	return values
}

func trace(t int64, v float64, id string) telemetry.Exemplar {
	return telemetry.Exemplar{T: t, V: v, Labels: []telemetry.Pair{{Name: []byte("trace_id"), Value: []byte(id)}}}
}

func TestWriter_DroppedExemplars_AreCountedByReason(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	e := sinktest.Metric("m", at, 1)
	e.Exemplars = []telemetry.Exemplar{trace(at, 1, "a"), trace(at, 1, "a"), trace(at, 2, string(make([]byte, 200))), trace(at, 3, "\xff"), trace(-1, 4, "x"), trace(at+1e7, 5, "x")}
	r.write(t, e)
	e.Exemplars = []telemetry.Exemplar{trace(at-1e7, 6, "old"), trace(at, 1, "a")}
	r.write(t, e)
	refused := sinktest.Metric("refused", 0, 1)
	refused.Exemplars = []telemetry.Exemplar{trace(at, 1, "a")}
	nameless := sinktest.Entry{Labels: []string{"a", "b"}, Exemplars: refused.Exemplars}
	r.write(t, refused, nameless)
	if got := readExemplars(t, r.db, "m"); len(got) != 1 {
		t.Errorf("stored %v, want one", got)
	}
	for name, want := range map[string]string{
		`tocsin_store_exemplars_total`:                                     "3", // one stored, twice there already
		`tocsin_store_dropped_exemplars_total{reason="duplicate"}`:         "2",
		`tocsin_store_dropped_exemplars_total{reason="labels_too_long"}`:   "1",
		`tocsin_store_dropped_exemplars_total{reason="invalid_labels"}`:    "1",
		`tocsin_store_dropped_exemplars_total{reason="bad_timestamp"}`:     "1",
		`tocsin_store_dropped_exemplars_total{reason="out_of_order"}`:      "1",
		`tocsin_store_dropped_exemplars_total{reason="unknown_series"}`:    "2",
		`tocsin_store_dropped_exemplars_total{reason="too_far_in_future"}`: "1",
	} {
		if got := r.counter(t, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestWriter_MaxExemplars_BoundsWhatIsKept(t *testing.T) {
	for _, most := range []int{0, 3} {
		r := newRig(t, func(o *store.WriterOptions) { o.Config.MaxExemplars = most })
		at := r.now.UnixMilli()
		for i := range int64(5) {
			e := sinktest.Metric("m", at+i, 1)
			e.Exemplars = []telemetry.Exemplar{trace(at+i, float64(i), fmt.Sprint(i))}
			r.write(t, e)
		}
		if got := readExemplars(t, r.db, "m"); len(got) != most || most > 0 && got[0] != 2 {
			t.Errorf("max %d: got %v", most, got)
		}
		if most == 0 && r.counter(t, `tocsin_store_dropped_exemplars_total{reason="exemplars_off"}`) != "5" {
			t.Error("exemplars that are not wanted are not counted")
		}
	}
}

func TestWriter_Exemplars_SurviveAKill(t *testing.T) {
	dir := t.TempDir()
	c := store.DefaultConfig()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, c) })
	at := r.now.UnixMilli()
	e := sinktest.Metric("m", at, 1)
	e.Exemplars = []telemetry.Exemplar{trace(at, 1, "a")}
	r.write(t, e)
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	// A series that this process has not met takes an exemplar, and the observer is
	// not told of it before its first sample.
	rec := newRecorder()
	again := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, c); o.Observer = rec })
	t.Cleanup(func() { again.db.Close() })
	alone := sinktest.Entry{Labels: []string{"__name__", "m"}, Exemplars: []telemetry.Exemplar{trace(at+1, 2, "b")}}
	again.write(t, sinktest.Metric("tick", at, 1)) // the head has begun
	if res := again.write(t, alone); res.Exemplars != 1 || res.RefusedTotal() != 0 {
		t.Errorf("got %+v", res)
	}
	if n := rec.registered("m"); n != 0 {
		t.Errorf("the observer was told %d times of a series without a sample", n)
	}
	again.write(t, sinktest.Metric("m", at+2, 1))
	if rec.registered("m") != 1 || rec.registered("histogram m") != 0 {
		t.Error("the series is not registered as one of floats by its first sample")
	}
	if got := fmt.Sprint(readExemplars(t, again.db, "m")); got != "[1 2]" {
		t.Errorf("got %s, want both", got)
	}
}

func TestWriter_StartTimestamps_AreKeptWhenAskedFor(t *testing.T) {
	one := &histogram.Histogram{Schema: 1, Count: 1, Sum: 1, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1}}
	for _, keep := range []bool{false, true} {
		r := newRig(t, func(o *store.WriterOptions) { o.Config.StartTimestamps = keep })
		at := r.now.UnixMilli()
		r.write(t,
			sinktest.Entry{Labels: []string{"__name__", "c"}, Samples: []telemetry.Sample{{T: at, V: 5, ST: at - 10_000}, {T: at + 10_000, V: 6, ST: at - 10_000}, {T: at + 20_000, V: 7, ST: at + 15_000}}},
			sinktest.Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: at, ST: at - 7, Int: one}}},
			sinktest.Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: at + 1, ST: at + 2, Int: one}}})
		want := fmt.Sprint([]int64{0, 0, 0, 0, 0})
		if keep {
			want = fmt.Sprint([]int64{at - 10_000, at - 10_000, at + 15_000, at - 7, 0})
		}
		if got := r.counter(t, "tocsin_store_dropped_start_timestamps_total"); got != "1" {
			t.Errorf("dropped %s starts, want the one after its sample", got)
		}
		if got := fmt.Sprint(append(starts(t, r.db, "c"), starts(t, r.db, "h")...)); got != want {
			t.Errorf("start_timestamps %t: got starts %s, want %s", keep, got, want)
		}
		// A counter that began anew between two samples has counted all of its value.
		res := newEngine(t, store.DefaultConfig().Query, nil)
		q, err := res.NewInstantQuery(context.Background(), r.db, nil, "resets(c[1m])", time.UnixMilli(at+20_000))
		if err != nil {
			t.Fatal(err)
		}
		v, err := q.Exec(context.Background()).Vector()
		if err != nil || len(v) != 1 {
			t.Fatal(v, err)
		}
		if got := v[0].F; got != float64(b2i(keep)) {
			t.Errorf("start_timestamps %t: got %v resets", keep, got)
		}
		q.Close()
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestWriter_StartTimestamps_SurviveAKillAndTheSwitch(t *testing.T) {
	dir := t.TempDir()
	at := start.UnixMilli()
	starting := []telemetry.Sample{{T: at, V: 5, ST: at - 10}, {T: at + 1, V: 6, ST: at - 10}}
	for i, keep := range []bool{true, true, false, true} {
		c := store.DefaultConfig()
		c.StartTimestamps = keep
		r := newRig(t, func(o *store.WriterOptions) { o.Config = c; o.DB = openDB(t, dir, c) })
		if i == 0 {
			r.write(t, sinktest.Entry{Labels: []string{"__name__", "c"}, Samples: starting})
		}
		if got, want := fmt.Sprint(starts(t, r.db, "c")), fmt.Sprint([]int64{at - 10, at - 10}); i == 1 && got != want {
			t.Errorf("after a restart: got starts %s, want %s", got, want)
		}
		if s, _ := read(t, r.db, "c"); len(s["{}"]) != 2 || s["{}"][1].V != 6 {
			t.Errorf("start_timestamps %t at opening %d: got %v, want both samples", keep, i+1, s)
		}
		if err := r.db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// starts returns the start timestamps of a metric's samples.
func starts(t testing.TB, db *store.DB, metric string) (all []int64) {
	t.Helper()
	q, err := db.Querier(0, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	set := q.Select(context.Background(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", metric))
	for set.Next() {
		it := set.At().Iterator(nil)
		for it.Next() != chunkenc.ValNone {
			all = append(all, it.AtST())
		}
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return all
}
