package sinktest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/tocsinhq/tocsin/telemetry"
)

func seriesLimit(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	var entries []Entry
	for i := range h.MaxSeries + 5 {
		entries = append(entries, Metric("m", now, float64(i), "i", fmt.Sprint(i)))
	}
	r := h.try(t, entries...)
	if r.Stored != h.MaxSeries || r.Refused[telemetry.ReasonSeriesLimit] != 5 {
		t.Fatalf("stored %d, refused %v; want %d and 5", r.Stored, r.Refused, h.MaxSeries)
	}
	if m := r.Rejected[0].Message; !strings.Contains(m, fmt.Sprint(h.MaxSeries)) || !strings.Contains(m, "existing series are unaffected") {
		t.Errorf("got %q", m)
	}
	h.write(t, Metric("m", now+1, 1, "i", "0"))
	if got := len(h.Read(t, "m")); got != h.MaxSeries {
		t.Errorf("got %d series, want %d", got, h.MaxSeries)
	}
}

func staleMarker(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	r := h.try(t, Metric("m", now, stale))
	if r.Stored != 0 || r.RefusedTotal() != 0 {
		t.Errorf("got %+v, want nothing stored and nothing refused", r)
	}
	if got := h.Read(t, "m"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	h.write(t, Metric("m", now, 1))
	h.write(t, Metric("m", now+1, stale))
	h.want(t, "m", map[string][]telemetry.Sample{"{}": {{T: now, V: 1}, {T: now + 1, V: stale}}})
}

func histograms(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	good := &histogram.Histogram{Schema: 1, Count: 3, Sum: 5, PositiveSpans: []histogram.Span{{Length: 2}}, PositiveBuckets: []int64{1, 1}}
	bad := &histogram.Histogram{Schema: 1, Count: 1, Sum: 5, PositiveSpans: []histogram.Span{{Length: 2}}, PositiveBuckets: []int64{1, 1}}
	h.write(t, Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: now + 1, Int: good}, {T: now, Int: good}}})
	h.write(t, Entry{Labels: []string{"__name__", "f"}, Histograms: []telemetry.HistogramSample{{T: now, Float: good.ToFloat(nil)}}})
	r := h.try(t,
		Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: now + 3, Int: good}, {T: now + 2, Int: bad}, {T: now + 4}}},
		Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: 0, Int: good}}},
		Metric("m", now, 1))
	if r.Stored != 2 || r.Refused[telemetry.ReasonBadHistogram] != 2 || r.Refused[telemetry.ReasonBadTime] != 1 {
		t.Errorf("got %+v", r)
	}
	if h1, f1 := h.Histograms(t, "h"), h.Histograms(t, "f"); h1 != 3 || f1 != 1 {
		t.Errorf("got %d and %d histograms, want 3 and 1", h1, f1)
	}
}

func manyRefusals(t *testing.T, h Harness) {
	var entries []Entry
	for i := range 40 {
		entries = append(entries, Metric("m", 0, 1, "i", fmt.Sprint(i)))
	}
	r := h.try(t, entries...)
	if len(r.Rejected) != telemetry.MaxRejections || r.RefusedTotal() != 40 || r.Stored != 0 {
		t.Errorf("got %d details, %d refused, %d stored", len(r.Rejected), r.RefusedTotal(), r.Stored)
	}
	for i, x := range r.Rejected {
		if x.Series != i || !strings.Contains(x.Labels, fmt.Sprintf(`i="%d"`, i)) {
			t.Errorf("detail %d: got %+v", i, x)
		}
	}
}

// concurrent writes the same series from several goroutines, each with its
// own times. All is stored, whoever comes first.
func concurrent(t *testing.T, h Harness) {
	const writers, rounds, each = 4, 20, 10
	now := h.Now.UnixMilli()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for round := range rounds {
				var entries []Entry
				for i := range each {
					entries = append(entries, Metric("m", now+int64(round*writers+w), float64(round), "i", fmt.Sprint(i)))
				}
				b, _ := Batch(entries...)
				r, err := h.Sink.Write(context.Background(), b)
				if err != nil || r.Stored != each {
					t.Errorf("writer %d round %d: %+v, %v", w, round, r, err)
				}
			}
		})
	}
	wg.Wait()
	got := h.Read(t, "m")
	if len(got) != each {
		t.Errorf("got %d series, want %d", len(got), each)
	}
	for ls, samples := range got {
		if len(samples) != writers*rounds {
			t.Errorf("%s: got %d samples, want %d", ls, len(samples), writers*rounds)
		}
	}
}

func withoutSamples(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	h.write(t, Entry{Labels: []string{"__name__", "m"}}, Metric("n", now, 1))
	h.write(t)
	if got := h.Read(t, "m"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	// Labels at fault are told even so.
	r := h.try(t, Entry{Labels: []string{"a", "b"}})
	if r.Refused[telemetry.ReasonMissingName] != 1 || r.Rejected[0].Samples != 0 {
		t.Errorf("got %+v", r)
	}
}
