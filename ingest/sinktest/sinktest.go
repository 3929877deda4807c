// Package sinktest is the conformance suite of sinks: whatever takes the
// batches of the ingest handler must pass it, so that senders see the same
// behaviour whichever sink is built in. It is imported by tests only.
package sinktest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Sink is what is tested; it is ingest.Sink.
type Sink interface {
	Write(ctx context.Context, b *telemetry.Batch) (telemetry.WriteResult, error)
}

// Harness is a sink that was opened empty, with a clock that stands at Now,
// an out-of-order window of 30 minutes, at most 10 minutes of future, and the
// label limits of store.DefaultLimits.
type Harness struct {
	Sink      Sink
	Now       time.Time
	MaxSeries int // limit of the sink; at least 20
	// Read returns all float samples of the series of a metric in order of
	// time, by the text of their labels without the name: `{a="b", c="d"}`.
	Read func(t *testing.T, metric string) map[string][]telemetry.Sample
	// Histograms returns the number of histogram samples of a metric.
	Histograms func(t *testing.T, metric string) int
	// Exemplars returns the values of the exemplars of a metric in order of time.
	Exemplars func(t *testing.T, metric string) []float64
}

// Run runs the suite; open is called once per test.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, h Harness)
	}{
		{"values come back bit for bit", valuesComeBack},
		{"the batch is not kept", batchIsNotKept},
		{"spellings of one series are one series", spellingsAreOne},
		{"labels at fault are named and the rest is stored", labelsAtFault},
		{"times at fault are named and the rest is stored", timesAtFault},
		{"exact duplicates are fine", exactDuplicates},
		{"a second value at one time is refused", secondValue},
		{"disorder inside a series is put in order", disorderInside},
		{"late samples are stored inside the window", lateSamples},
		{"the limit of series spares existing ones", seriesLimit},
		{"a staleness marker makes no series", staleMarker},
		{"histograms are stored or named", histograms},
		{"exemplars are stored or dropped and samples are stored", exemplars},
		{"exemplars alone need their series", exemplarsAlone},
		{"a start after its sample costs no sample", startsAtFault},
		{"details are bounded and counts are not", manyRefusals},
		{"requests with the same series at once", concurrent},
		{"a series without samples is fine", withoutSamples},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

// Entry is one series of a batch under construction: labels as name, value,
// name, value, ... and samples.
type Entry struct {
	Labels     []string
	Samples    []telemetry.Sample
	Histograms []telemetry.HistogramSample
	Exemplars  []telemetry.Exemplar
	Metadata   telemetry.Metadata
}

// Metric returns an entry of a metric with one sample.
func Metric(name string, t int64, v float64, labels ...string) Entry {
	return Entry{Labels: append([]string{"__name__", name}, labels...), Samples: []telemetry.Sample{{T: t, V: v}}}
}

// Batch builds a batch whose labels lie in one buffer, as those of a decoded
// body do, and returns both.
func Batch(entries ...Entry) (b *telemetry.Batch, body []byte) {
	var buf bytes.Buffer
	for _, e := range entries {
		for _, l := range e.Labels {
			buf.WriteString(l)
		}
	}
	body = buf.Bytes()
	b = new(telemetry.Batch)
	at := 0
	next := func(s string) []byte {
		at += len(s)
		return body[at-len(s) : at : at]
	}
	for _, e := range entries {
		s := b.Next()
		for i := 0; i+1 < len(e.Labels); i += 2 {
			name := next(e.Labels[i])
			s.Labels = append(s.Labels, telemetry.Pair{Name: name, Value: next(e.Labels[i+1])})
		}
		s.Samples = append(s.Samples, e.Samples...)
		s.Histograms = append(s.Histograms, e.Histograms...)
		s.Exemplars = append(s.Exemplars, e.Exemplars...)
		*b.Describe(s) = e.Metadata
	}
	return b, body
}

// write writes a batch of which everything must be stored.
func (h Harness) write(t *testing.T, entries ...Entry) {
	t.Helper()
	b, _ := Batch(entries...)
	want := b.Len()
	r, err := h.Sink.Write(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	if r.Stored != want || r.RefusedTotal() != 0 {
		t.Fatalf("stored %d of %d: %+v", r.Stored, want, r.Rejected)
	}
}

// try writes a batch and returns what became of it.
func (h Harness) try(t *testing.T, entries ...Entry) telemetry.WriteResult {
	t.Helper()
	b, _ := Batch(entries...)
	r, err := h.Sink.Write(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// want compares the samples of a metric with those expected.
func (h Harness) want(t *testing.T, metric string, want map[string][]telemetry.Sample) {
	t.Helper()
	got := h.Read(t, metric)
	if g, w := show(got), show(want); g != w {
		t.Errorf("%s: got\n%swant\n%s", metric, g, w)
	}
}

// show writes samples with the bits of their values, so that NaN equals itself.
func show(m map[string][]telemetry.Sample) string {
	var lines []string
	for ls, samples := range m {
		line := "  " + ls + ":"
		for _, s := range samples {
			line += fmt.Sprintf(" %d=%x(%v)", s.T, bitsOf(s.V), s.V)
		}
		lines = append(lines, line+"\n")
	}
	return sorted(lines)
}
