package store_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// scrapeOne appends one sample as a scrape does and commits.
func scrapeOne(t *testing.T, r *rig, ls labels.Labels, at int64, v float64, h *histogram.Histogram) (storage.SeriesRef, error) {
	t.Helper()
	app := r.ScrapeAppendable().AppenderV2(context.Background())
	ref, err := app.Append(0, ls, 0, at, v, h, nil, noOptions)
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	return ref, err
}

func TestScrapeAppendable_BrokenLimit_LeavesOutTheSampleAndCountsIt(t *testing.T) {
	bad := tsdbutil.GenerateTestHistogram(1)
	bad.Count = 1
	for _, tt := range []struct {
		name, reason string
		ls           labels.Labels
		at           int64
		h            *histogram.Histogram
		want         error
	}{
		{name: "too many labels", reason: "too_many_labels", ls: labels.FromStrings("__name__", "m", "a", "1", "b", "2", "c", "3")},
		{name: "long value", reason: "label_too_long", ls: labels.FromStrings("__name__", "m", "a", strings.Repeat("x", 65))},
		{name: "control character", reason: "invalid_label", ls: labels.FromStrings("__name__", "m", "a", "\x01")},
		{name: "no name", reason: "missing_metric_name", ls: labels.FromStrings("a", "1")},
		{name: "seconds", reason: "bad_timestamp", ls: labels.FromStrings("__name__", "m"), at: start.Unix(), want: storage.ErrOutOfBounds},
		{name: "future", reason: "too_far_in_future", ls: labels.FromStrings("__name__", "m"), at: start.UnixMilli() + 3_600_000, want: storage.ErrOutOfBounds},
		{name: "histogram", reason: "bad_histogram", ls: labels.FromStrings("__name__", "m"), h: bad},
		{name: "series", reason: "series_limit", ls: labels.FromStrings("__name__", "new")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder()
			r := newRig(t, func(o *store.WriterOptions) {
				o.Observer = rec
				o.Config.Limits.MaxLabels, o.Config.Limits.MaxLabelValueBytes, o.Config.Limits.MaxSeries = 3, 64, 2
			})
			at := r.now.UnixMilli()
			if tt.reason == "series_limit" {
				r.write(t, sinktest.Metric("one", at, 1), sinktest.Metric("two", at, 1))
			} else {
				r.write(t, sinktest.Metric("one", at, 1))
			}
			if tt.at == 0 {
				tt.at = at
			}
			app := r.ScrapeAppendable().AppenderV2(context.Background())
			ref, err := app.Append(0, tt.ls, 0, tt.at, 1, tt.h, nil, noOptions)
			if ref != 0 || !errors.Is(err, tt.want) {
				t.Errorf("got reference %d and error %v, want 0 and %v", ref, err, tt.want)
			}
			ref, err = app.Append(0, labels.FromStrings("__name__", "one"), 0, at+1, 2, nil, nil, noOptions)
			if ref == 0 || err != nil {
				t.Errorf("known series beside it: got %d, %v", ref, err)
			}
			if err := app.Commit(); err != nil {
				t.Fatal(err)
			}
			if got := r.counter(t, `tocsin_store_refused_samples_total{reason="`+tt.reason+`"}`); got != "1" {
				t.Errorf("counted %s, want 1", got)
			}
			if got := times(rec.of(`{__name__="one"}`), at); got != "0 1" {
				t.Errorf("observed at %s, want 0 1", got)
			}
		})
	}
}

func TestScrapeAppendable_SeriesOverLimit_IsTakenOnceThereIsRoom(t *testing.T) {
	r := newRig(t, func(o *store.WriterOptions) { o.Config.Limits.MaxSeries = 1 })
	at := r.now.UnixMilli()
	first, err := scrapeOne(t, r, labels.FromStrings("__name__", "a"), at, 1, nil)
	if first == 0 || err != nil {
		t.Fatal(first, err)
	}
	again, err := scrapeOne(t, r, labels.FromStrings("__name__", "a"), at+1, 1, nil)
	if again != first || err != nil {
		t.Errorf("the same series: got %d, %v, want reference %d", again, err, first)
	}
	if ref, err := scrapeOne(t, r, labels.FromStrings("__name__", "b"), at, 1, nil); ref != 0 || err != nil {
		t.Errorf("over the limit: got %d, %v", ref, err)
	}
}

func TestScrapeAppendable_StaleMarkerOfUnknownSeries_MakesNone(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	stale := math.Float64frombits(value.StaleNaN)
	if ref, err := scrapeOne(t, r, labels.FromStrings("__name__", "gone"), at, stale, nil); ref != 0 || err != nil {
		t.Errorf("got %d, %v", ref, err)
	}
	if n := r.db.NumSeries(); n != 0 {
		t.Errorf("%d series, want none", n)
	}
}

func TestScrapeAppendable_OldTimestamp_IsOutOfBounds(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	r.write(t, sinktest.Metric("m", at, 1))
	if _, err := scrapeOne(t, r, labels.FromStrings("__name__", "m"), at-7*24*3_600_000, 1, nil); !errors.Is(err, storage.ErrOutOfBounds) {
		t.Errorf("got %v, want what a scrape takes for one sample's fault", err)
	}
}

func TestScrapeAppendable_Exemplars_AreStoredAndCounted(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	one := func(trace string, t int64) exemplar.Exemplar {
		return exemplar.Exemplar{Labels: labels.FromStrings("trace_id", trace), Value: 1, Ts: t, HasTs: true}
	}
	for i, tt := range []struct {
		all     []exemplar.Exemplar
		partial bool
	}{
		{all: []exemplar.Exemplar{one("a", at)}},
		{all: []exemplar.Exemplar{one("seconds", at/1000), one("b", at+1)}},
		{all: []exemplar.Exemplar{one("too late", at-3*3_600_000)}, partial: true},
	} {
		app := r.ScrapeAppendable().AppenderV2(context.Background())
		ref, err := app.Append(0, labels.FromStrings("__name__", "m"), 0, at+int64(i), 1, nil, nil, storage.AppendV2Options{Exemplars: tt.all})
		var partial *storage.AppendPartialError
		if ref == 0 || errors.As(err, &partial) != tt.partial || err != nil && !tt.partial {
			t.Errorf("scrape %d: got %d, %v", i, ref, err)
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if got := times(rec.of(`{__name__="m"}`), at); got != "0 1 2" {
		t.Errorf("observed at %s, want every sample, also that whose exemplar came late", got)
	}
	for name, want := range map[string]string{
		"tocsin_store_exemplars_total": "2", `tocsin_store_dropped_exemplars_total{reason="bad_timestamp"}`: "1", `tocsin_store_dropped_exemplars_total{reason="out_of_order"}`: "1",
	} {
		if got := r.counter(t, name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestScrapeAppendable_SamplesOfSeveralTimes_AreObservedInOrder(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	app := r.ScrapeAppendable().AppenderV2(context.Background())
	for i, s := range []struct {
		name string
		at   int64
	}{{"a", at + 10}, {"a", at + 20}, {"b", at + 10}, {"b", at + 20}} {
		if _, err := app.Append(0, labels.FromStrings("__name__", s.name), 0, s.at, float64(i), nil, nil, noOptions); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	if got := times(rec.order, at); got != "10 10 20 20" {
		t.Errorf("observed at %s, want all of a time together", got)
	}
}

func BenchmarkScrapeAppendable(b *testing.B) {
	r := newRig(b, nil)
	const series = 1000
	all := make([]labels.Labels, series)
	for i := range all {
		all[i] = labels.FromStrings("__name__", "http_requests_total", "instance", "10.0.0.1:9100", "job", "node",
			"method", "GET", "path", fmt.Sprintf("/api/v1/thing/%d", i), "status", "200", "zone", "eu-west-1a")
	}
	at := r.now.UnixMilli()
	b.ReportAllocs()
	for b.Loop() {
		at += 15000
		app := r.ScrapeAppendable().AppenderV2(context.Background())
		for i := range all {
			if _, err := app.Append(0, all[i], 0, at, float64(i), nil, nil, noOptions); err != nil {
				b.Fatal(err)
			}
		}
		if err := app.Commit(); err != nil {
			b.Fatal(err)
		}
		r.now = r.now.Add(15_000_000_000)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*series), "ns/sample")
}
