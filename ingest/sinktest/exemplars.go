package sinktest

import (
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/tocsinhq/tocsin/telemetry"
)

// exemplar returns one with labels given as names and values in turn.
func exemplar(t int64, v float64, labels ...string) telemetry.Exemplar {
	e := telemetry.Exemplar{T: t, V: v}
	for i := 0; i+1 < len(labels); i += 2 {
		e.Labels = append(e.Labels, telemetry.Pair{Name: []byte(labels[i]), Value: []byte(labels[i+1])})
	}
	return e
}

// with adds exemplars to an entry.
func (e Entry) with(all ...telemetry.Exemplar) Entry {
	e.Exemplars = append(e.Exemplars, all...)
	return e
}

func exemplars(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	long := strings.Repeat("x", 120)
	r := h.try(t,
		Metric("m", now, 1).with(
			exemplar(now-5, 2, "trace_id", "b"), exemplar(now-9, 1, "trace_id", "a"), // in disorder
			exemplar(now-4, 3), exemplar(0, 4, "trace_id", "c"), // without labels; without a time
			exemplar(now-3, 99, "trace_id", long, "span_id", "1"), exemplar(now-2, 99, "a\xff", "b"),
			exemplar(now-2, 99, "a", "1", "a", "2"), exemplar(now/1000, 99, "in", "seconds"), exemplar(now+3600_000, 99, "too", "early")),
		Metric("other", now, 1).with(exemplar(now, 7, "trace_id", strings.Repeat("ä", 120))))
	if r.Stored != 2 || r.RefusedTotal() != 0 || r.Exemplars != 5 {
		t.Errorf("got %+v, want 2 samples and 5 exemplars stored and nothing refused", r)
	}
	h.wantExemplars(t, "m", 1, 2, 3, 4)
	h.wantExemplars(t, "other", 7)
	// Sent again, all is as good as stored, and nothing is there twice.
	again := Metric("m", now, 1).with(exemplar(now, 4, "trace_id", "c"))
	if r := h.try(t, again, again); r.Stored != 2 || r.Exemplars != 2 {
		t.Errorf("sent again: got %+v", r)
	}
	// Older than the window: dropped, and its sample stored.
	if r := h.try(t, Metric("m", now+1, 1).with(exemplar(now-31*60_000, 9, "trace_id", "old"))); r.Stored != 1 || r.Exemplars != 0 || r.RefusedTotal() != 0 {
		t.Errorf("out of order: got %+v", r)
	}
	h.wantExemplars(t, "m", 1, 2, 3, 4)
	// Of a native histogram, and of one whose sample is refused.
	good := &histogram.Histogram{Schema: 1, Count: 1, Sum: 1, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1}}
	r = h.try(t,
		Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: now, Int: good}}}.with(exemplar(0, 5, "trace_id", "h")),
		Metric("never", 0, 1).with(exemplar(now, 1, "trace_id", "n")))
	if r.Stored != 1 || r.Histograms != 1 || r.Exemplars != 1 || r.RefusedTotal() != 1 || r.Refused[telemetry.ReasonBadTime] != 1 {
		t.Errorf("got %+v, want the histogram and its exemplar stored and one sample refused", r)
	}
	h.wantExemplars(t, "h", 5)
	h.wantExemplars(t, "never")
}

func exemplarsAlone(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	h.write(t, Metric("m", now, 1))
	r := h.try(t,
		Entry{Labels: []string{"__name__", "m"}}.with(exemplar(now, 1, "trace_id", "a")),
		Entry{Labels: []string{"__name__", "nobody"}}.with(exemplar(now, 1, "trace_id", "a")),
		Metric("n", now, 1))
	if r.Stored != 1 || r.Exemplars != 1 || r.Refused[telemetry.ReasonNoSeries] != 1 || len(r.Rejected) != 1 || r.Rejected[0].Series != 1 || r.Rejected[0].Samples != 0 {
		t.Errorf("got %+v, want the exemplar of the unknown series refused", r)
	}
	h.wantExemplars(t, "m", 1)
	// Before the first sample of their series, in one request.
	good := &histogram.Histogram{Schema: 1, Count: 1, Sum: 1, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1}}
	r = h.try(t,
		Entry{Labels: []string{"__name__", "h"}}.with(exemplar(now, 1, "trace_id", "a")),
		Entry{Labels: []string{"__name__", "nobody"}}.with(exemplar(now, 1, "trace_id", "a")),
		Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: now, Int: good}}},
		Metric("late", 0, 1))
	if r.Stored != 1 || r.Exemplars != 1 || len(r.Rejected) != 2 || r.Rejected[0].Series != 1 || r.Rejected[1].Series != 3 {
		t.Errorf("got %+v, want the exemplar before its histogram stored, and the refusals in order", r)
	}
	h.wantExemplars(t, "h", 1)
	if got := h.Read(t, "nobody"); len(got) != 0 {
		t.Errorf("an exemplar made the series %v", got)
	}
}

// startsAtFault sends starts after their samples, as a scraper does for a series
// that is made while it is scraped.
func startsAtFault(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	good := &histogram.Histogram{Schema: 1, Count: 1, Sum: 1, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []int64{1}}
	h.write(t,
		Entry{Labels: []string{"__name__", "m"}, Samples: []telemetry.Sample{{T: now, V: 1, ST: now - 100}, {T: now + 1, V: 2, ST: now + 2}, {T: now + 3, V: 3, ST: now + 3}, {T: now + 4, V: 4, ST: -1}}},
		Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: now, ST: now - 1, Int: good}, {T: now + 1, ST: now + 2, Int: good}}})
	h.want(t, "m", map[string][]telemetry.Sample{"{}": {{T: now, V: 1}, {T: now + 1, V: 2}, {T: now + 3, V: 3}, {T: now + 4, V: 4}}})
	if n := h.Histograms(t, "h"); n != 2 {
		t.Errorf("got %d histograms, want 2", n)
	}
}

func (h Harness) wantExemplars(t *testing.T, metric string, want ...float64) {
	t.Helper()
	if got := h.Exemplars(t, metric); !slices.Equal(got, want) {
		t.Errorf("exemplars of %s: got %v, want %v", metric, got, want)
	}
}
