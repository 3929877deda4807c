package bands_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/bands"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// classic writes the buckets of a histogram that takes 50 observations each step,
// the last of them slow.
func (r *rig) classic(name, job string, n int) []detector.BucketSamples {
	var out []detector.BucketSamples
	for _, le := range []string{"0.1", "0.5", "1", "+Inf"} {
		share := map[string]float64{"0.1": 30, "0.5": 45, "1": 50, "+Inf": 50}[le]
		v := make([]float64, n)
		for i := range v {
			v[i] = share * float64(i+1)
			if i == n-1 && le != "+Inf" && le != "1" {
				v[i] = share * float64(i)
			}
		}
		l := labels.FromStrings("__name__", name+"_bucket", "job", job, "le", le)
		r.store(l, v...)
		out = append(out, detector.BucketSamples{Labels: l, Samples: r.given[l.String()]})
	}
	// The bank wants the buckets of one time together.
	for i := range n {
		for _, b := range out {
			r.bank.Feed(r.bank.Register(b.Labels), b.Samples[i].T, b.Samples[i].V, func(detector.Verdict) {})
		}
	}
	return out
}

func TestBands_QuantilesOfClassicHistograms(t *testing.T) {
	r := newRig(t, nil)
	r.classic("latency_seconds", "other", 400)
	buckets := r.classic("latency_seconds", "shop", 400)
	l := labels.FromStrings("__name__", "latency_seconds", "job", "shop", "quantile", "0.99")
	want := map[int64]detector.Verdict{}
	detector.ReplayBuckets(r.config, share, l, buckets, func(v detector.Verdict) { want[v.Time] = v })
	for _, p := range []string{"upper", "value"} {
		m := r.over(fmt.Sprintf(`latency_seconds{job="shop", quantile="0.99", tocsin_band=%q}`, p), now.Add(-20*time.Minute))
		if len(m) != 1 || m[0].Metric.Get("quantile") != "0.99" || len(m[0].Floats) < 20 {
			t.Fatalf("got %v", m)
		}
		found := 0
		for _, f := range m[0].Floats {
			if w, ok := want[f.T]; ok {
				found++
				if part(w, p) != f.F {
					t.Errorf("%s at %d: got %v, want %v", p, f.T, f.F, part(w, p))
				}
			}
		}
		if found == 0 {
			t.Error("no sample of the replay was found")
		}
	}
	if got, err := r.at(`latency_seconds{quantile=~".+", tocsin_band="value"}`, now.Add(-10*time.Minute)); err != nil || len(got) != 4 {
		t.Errorf("all quantiles of both: got %v, %v", got, err)
	}
	live := bands.New(bands.Options{
		Stored: r.db, Config: bands.DefaultConfig(), Detector: r.config, Lookback: 5 * time.Minute, Now: func() time.Time { return now },
		Share: func(labels.Labels) float64 { return share },
		Live:  func(l labels.Labels) (detector.Verdict, bool) { return r.bank.Last(r.bank.Lookup(l)) },
	})
	replayed := r.bands
	r.bands = live
	v, ok := r.bank.Last(r.bank.Lookup(l))
	if got, err := r.at(`latency_seconds{job="shop", quantile="0.99", tocsin_band="value"}`, now); err != nil || !ok || len(got) != 1 || got[labels.NewBuilder(l).Set("tocsin_band", "value").Labels().String()] != v.Value {
		t.Errorf("the present: got %v, %v, want %v", got, err, v.Value)
	}
	r.bands = replayed
	var sources []string
	ms, err := parser.NewParser(parser.Options{}).ParseMetricSelector(`latency_seconds{quantile="0.5"}`)
	if err != nil {
		t.Fatal(err)
	}
	err = r.bands.Each(context.Background(), ms, now.Add(-time.Hour), now, func(s *bands.Source) error {
		sources = append(sources, fmt.Sprint(s.Labels, s.Derived(), len(s.Samples())))
		return nil
	})
	if err != nil || len(sources) != 2 || sources[0] != `{__name__="latency_seconds", job="other", quantile="0.5"} true 0` {
		t.Errorf("sources: got %v, %v", sources, err)
	}
}

func TestBands_NativeHistograms(t *testing.T) {
	r := newRig(t, nil)
	l := labels.FromStrings("__name__", "latency_seconds", "job", "shop")
	a := r.db.Appender(context.Background())
	slot := r.bank.RegisterHistogram(l)
	for i := range 300 {
		n := uint64(i + 1)
		h := &histogram.Histogram{
			Schema: 0, Count: 50 * n, Sum: float64(n), ZeroThreshold: 1e-9, CounterResetHint: histogram.UnknownCounterReset,
			PositiveSpans: []histogram.Span{{Offset: 0, Length: 2}}, PositiveBuckets: []int64{int64(30 * n), int64(-10 * int64(n))},
		}
		at := now.Add(-time.Duration(299-i) * step).UnixMilli()
		if _, err := a.AppendHistogram(0, l, at, h, nil); err != nil {
			t.Fatal(err)
		}
		r.bank.FeedHistogram(slot, telemetry.HistogramSample{T: at, Int: h}, func(detector.Verdict) {})
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	past := now.Add(-10 * time.Minute)
	for query, want := range map[string]int{
		`latency_seconds{quantile=~".+", tocsin_band="value"}`:  2,
		`latency_seconds{quantile="0.5", tocsin_band="value"}`:  1,
		`latency_seconds{quantile="0.75", tocsin_band="value"}`: 0,
		`latency_seconds_count{tocsin_band="value"}`:            1,
		`latency_seconds{tocsin_band="value"}`:                  0,
	} {
		if got, err := r.at(query, past); err != nil || len(got) != want {
			t.Errorf("%s: got %v, %v, want %d", query, got, err, want)
		}
	}
	got, err := r.at(`latency_seconds_count{tocsin_band="value"}`, past)
	for _, v := range got {
		if v < 3.3 || v > 3.4 {
			t.Errorf("observations: got %v per second, want 50 in 15 s, %v", v, err)
		}
	}
}

// FuzzSelect feeds any text as a selector of bands: it selects, or it errs.
func FuzzSelect(f *testing.F) {
	for _, s := range []string{`queue_length{tocsin_band="upper"}`, `{tocsin_band!~"x|"}`, `latency{quantile=~".*", tocsin_band=~".+"}`, `{__name__=~"q.*", tocsin_band="score", tocsin_band!="score"}`} {
		f.Add(s)
	}
	r := newRig(f, nil)
	r.write(labels.FromStrings("__name__", "queue_length"), noise(100, 1)...)
	r.classic("latency", "shop", 100)
	p := parser.NewParser(parser.Options{})
	f.Fuzz(func(t *testing.T, text string) {
		ms, err := p.ParseMetricSelector(text)
		if err != nil || !bands.Selected(ms) {
			return
		}
		q, err := r.bands.Querier(now.Add(-time.Hour).UnixMilli(), now.UnixMilli())
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		set := q.Select(context.Background(), true, nil, ms...)
		var last labels.Labels
		for set.Next() {
			l := set.At().Labels()
			if l.Get("tocsin_band") == "" || labels.Compare(last, l) >= 0 {
				t.Errorf("%s: got %s after %s", text, l, last)
			}
			last = l
			it := set.At().Iterator(nil)
			for before := int64(0); it.Next() != 0; before = it.AtT() {
				if at, v := it.At(); at <= before || v != v && !value.IsStaleNaN(v) {
					t.Fatalf("%s: %d %v after %d", text, at, v, before)
				}
			}
		}
		if set.Err() != nil {
			t.Errorf("%s: %v", text, set.Err())
		}
	})
}
