package sinktest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/telemetry"
)

func bitsOf(v float64) uint64 { return math.Float64bits(v) }

func sorted(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "")
}

var stale = math.Float64frombits(value.StaleNaN)

func valuesComeBack(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	values := []float64{1.5, math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), math.SmallestNonzeroFloat64,
		math.Float64frombits(value.NormalNaN), math.MaxFloat64, stale}
	var e Entry
	e.Labels = []string{"__name__", "m", "a", "ümlaut \"quoted\"\n", "dotted.name-x", "1"}
	for i, v := range values {
		e.Samples = append(e.Samples, telemetry.Sample{T: now + int64(i), V: v})
	}
	h.write(t, e)
	h.want(t, "m", map[string][]telemetry.Sample{`{a="ümlaut \"quoted\"\n", "dotted.name-x"="1"}`: e.Samples})
}

func batchIsNotKept(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	b, body := Batch(Metric("m", now, 1, "a", "b"))
	if _, err := h.Sink.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	copy(body, "xxxxxxxxxxxxxxxxxxxxxxxxx")
	b.Reset()
	h.want(t, "m", map[string][]telemetry.Sample{`{a="b"}`: {{T: now, V: 1}}})
	h.write(t, Metric("m", now+1, 2, "a", "b"))
	h.want(t, "m", map[string][]telemetry.Sample{`{a="b"}`: {{T: now, V: 1}, {T: now + 1, V: 2}}})
}

func spellingsAreOne(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	spellings := [][]string{
		{"__name__", "m", "a", "1", "b", "2"},
		{"b", "2", "a", "1", "__name__", "m"},
		{"__name__", "m", "a", "1", "b", "2", "empty", ""},
	}
	var want []telemetry.Sample
	for i := range 6 {
		s := telemetry.Sample{T: now + int64(i), V: float64(i)}
		h.write(t, Entry{Labels: spellings[i%3], Samples: []telemetry.Sample{s}})
		want = append(want, s)
	}
	h.want(t, "m", map[string][]telemetry.Sample{`{a="1", b="2"}`: want})
	// The last value is known under each spelling.
	for _, ls := range spellings {
		r := h.try(t, Entry{Labels: ls, Samples: []telemetry.Sample{{T: now + 5, V: 77}}})
		if r.Refused[telemetry.ReasonDuplicateTime] != 1 {
			t.Errorf("%v: got %+v, want a refusal", ls, r)
		}
	}
}

func labelsAtFault(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("l%03d", i), "v")
	}
	for i, tc := range []struct {
		labels       []string
		reason, text string
	}{
		{nil, telemetry.ReasonMissingName, "__name__"},
		{[]string{"a", "b"}, telemetry.ReasonMissingName, "__name__"},
		{[]string{"__name__", ""}, telemetry.ReasonMissingName, "__name__"},
		{[]string{"__name__", "bad", "", "v"}, telemetry.ReasonInvalidLabel, "empty"},
		{[]string{"__name__", "bad", "a", "1", "a", "2"}, telemetry.ReasonDuplicate, `label "a" twice`},
		{[]string{"a", "1", "__name__", "bad", "a", "1"}, telemetry.ReasonDuplicate, `label "a" twice`},
		{[]string{"__name__", "bad", "__name__", "worse"}, telemetry.ReasonDuplicate, "__name__"},
		{[]string{"__name__", "bad\xff"}, telemetry.ReasonInvalidLabel, "UTF-8"},
		{[]string{"__name__", "bad", "\xff", "v"}, telemetry.ReasonInvalidLabel, "UTF-8"},
		{[]string{"__name__", "bad", "a", "nul\x00"}, telemetry.ReasonInvalidLabel, "control"},
		{[]string{"__name__", "bad", "a", "\x1b[31m"}, telemetry.ReasonInvalidLabel, "control"},
		{[]string{"__name__", "bad", "a\n", "v"}, telemetry.ReasonInvalidLabel, "control"},
		{[]string{"__name__", "bad", "a", strings.Repeat("v", 1<<20)}, telemetry.ReasonLabelTooLong, "1048576"},
		{[]string{"__name__", "bad", strings.Repeat("n", 10<<10), "v"}, telemetry.ReasonLabelTooLong, "10240"},
		{append([]string{"__name__", "bad"}, many...), telemetry.ReasonTooManyLabels, "201"},
	} {
		bad := Entry{Labels: tc.labels, Samples: []telemetry.Sample{{T: now, V: 1}, {T: now + 1, V: 2}}}
		good := Metric("good", now+int64(i), float64(i))
		r := h.try(t, good, bad, Metric("good2", now+int64(i), 1))
		if r.Stored != 2 || r.Refused[tc.reason] != 2 || len(r.Rejected) != 1 {
			t.Errorf("%d %s: got %+v", i, tc.reason, r)
			continue
		}
		x := r.Rejected[0]
		if x.Series != 1 || x.Reason != tc.reason || x.Samples != 2 || !strings.Contains(x.Message, tc.text) || len(x.Labels) > 256 || len(x.Message) > 400 {
			t.Errorf("%d: got %+v, want series 1, reason %s and %q in the message", i, x, tc.reason, tc.text)
		}
	}
	if got := h.Read(t, "bad"); len(got) != 0 {
		t.Errorf("got refused series %v", got)
	}
	if got := h.Read(t, "good")["{}"]; len(got) != 15 {
		t.Errorf("got %d good samples, want 15", len(got))
	}
}

func timesAtFault(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	h.write(t, Metric("m", now, 0))
	for _, tc := range []struct {
		t            int64
		reason, text string
	}{
		{0, telemetry.ReasonBadTime, "milliseconds"},
		{-5, telemetry.ReasonBadTime, "milliseconds"},
		{now / 1000, telemetry.ReasonBadTime, "looks like seconds"},
		{now * 1000, telemetry.ReasonBadTime, "looks like microseconds"},
		{now * 1_000_000, telemetry.ReasonBadTime, "looks like nanoseconds"},
		{math.MaxInt64, telemetry.ReasonFuture, "clock"},
		{math.MinInt64, telemetry.ReasonBadTime, "above 0"},
		{now + 11*time.Minute.Milliseconds(), telemetry.ReasonFuture, "11m0s ahead"},
		{now - 5*time.Hour.Milliseconds(), telemetry.ReasonTooOld, "too old"},
	} {
		for _, metric := range []string{"m", "unknown"} { // of a known and of a new series
			e := Metric(metric, tc.t, 1)
			e.Samples = append(e.Samples, telemetry.Sample{T: now + 1, V: 1})
			r := h.try(t, e)
			if r.Stored != 1 || r.Refused[tc.reason] != 1 || len(r.Rejected) != 1 || !strings.Contains(r.Rejected[0].Message, tc.text) {
				t.Errorf("%s at %d: got %+v, want reason %s and %q in the message", metric, tc.t, r, tc.reason, tc.text)
			}
		}
	}
	h.write(t, Metric("m", now+9*time.Minute.Milliseconds(), 2))
	h.want(t, "m", map[string][]telemetry.Sample{"{}": {{T: now}, {T: now + 1, V: 1}, {T: now + 9*time.Minute.Milliseconds(), V: 2}}})
	// A new series of which nothing can be stored is not made.
	r := h.try(t, Metric("never", now-5*time.Hour.Milliseconds(), 1))
	if r.Stored != 0 || r.Refused[telemetry.ReasonTooOld] != 1 {
		t.Errorf("got %+v", r)
	}
	if got := h.Read(t, "never"); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}

func exactDuplicates(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	nan := math.NaN()
	h.write(t, Metric("m", now, nan))
	h.write(t, Metric("m", now, nan), Metric("m", now, nan))
	e := Metric("m", now+1, 1)
	e.Samples = append(e.Samples, e.Samples[0], e.Samples[0])
	h.write(t, e)
	h.want(t, "m", map[string][]telemetry.Sample{"{}": {{T: now, V: nan}, {T: now + 1, V: 1}}})
}

func secondValue(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	h.write(t, Metric("m", now, 1))
	r := h.try(t, Metric("m", now, 2), Metric("other", now, 3))
	if r.Stored != 1 || r.Refused[telemetry.ReasonDuplicateTime] != 1 {
		t.Errorf("got %+v", r)
	}
	// Twice in one request: the first is kept.
	e := Metric("m", now+5, 5)
	e.Samples = append(e.Samples, telemetry.Sample{T: now + 5, V: 6}, telemetry.Sample{T: now + 7, V: 7})
	r = h.try(t, e)
	if r.Stored != 2 || r.Refused[telemetry.ReasonDuplicateTime] != 1 {
		t.Errorf("got %+v", r)
	}
	// Twice in one late request.
	e = Metric("m", now-5, 5)
	e.Samples = append(e.Samples, telemetry.Sample{T: now - 5, V: 6})
	r = h.try(t, e)
	if r.Stored != 1 || r.Refused[telemetry.ReasonDuplicateTime] != 1 {
		t.Errorf("got %+v", r)
	}
	// Twice as two series of one request.
	r = h.try(t, Metric("m", now+9, 9), Metric("m", now+9, 10))
	if r.Stored != 1 || r.Refused[telemetry.ReasonDuplicateTime] != 1 || r.Rejected[0].Series != 1 {
		t.Errorf("got %+v", r)
	}
	h.want(t, "m", map[string][]telemetry.Sample{"{}": {{T: now - 5, V: 5}, {T: now, V: 1}, {T: now + 5, V: 5}, {T: now + 7, V: 7}, {T: now + 9, V: 9}}})
	h.want(t, "other", map[string][]telemetry.Sample{"{}": {{T: now, V: 3}}})
}

func disorderInside(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	e := Entry{Labels: []string{"__name__", "m"}}
	var want []telemetry.Sample
	for _, i := range []int64{3, 1, 4, 0, 2} {
		e.Samples = append(e.Samples, telemetry.Sample{T: now + i, V: float64(i)})
		want = append(want, telemetry.Sample{T: now + int64(len(want)), V: float64(len(want))})
	}
	h.write(t, e)
	h.want(t, "m", map[string][]telemetry.Sample{"{}": want})
}

func lateSamples(t *testing.T, h Harness) {
	now := h.Now.UnixMilli()
	h.write(t, Metric("m", now, 1))
	h.write(t, Metric("m", now-10_000, 2))
	h.write(t, Metric("m", now-29*60_000, 3))
	r := h.try(t, Metric("m", now-31*60_000, 4))
	if r.Stored != 0 || r.Refused[telemetry.ReasonTooOld] != 1 || !strings.Contains(r.Rejected[0].Message, h.Now.Add(-30*time.Minute).UTC().Format("15:04:05")) {
		t.Errorf("got %+v, want the oldest time that is accepted", r)
	}
	// The window is about series that are ahead: one that is behind goes on.
	h.write(t, Metric("behind", now-40*60_000, 1))
	h.write(t, Metric("behind", now-39*60_000, 2))
	h.want(t, "m", map[string][]telemetry.Sample{"{}": {{T: now - 29*60_000, V: 3}, {T: now - 10_000, V: 2}, {T: now, V: 1}}})
	h.want(t, "behind", map[string][]telemetry.Sample{"{}": {{T: now - 40*60_000, V: 1}, {T: now - 39*60_000, V: 2}}})
}
