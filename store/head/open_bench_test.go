package head

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/prometheus/util/compression"
)

// filledHead has a million series of 15 samples.
func filledHead(b *testing.B, o Options) *ourHead {
	const n = 1_000_000
	g := newGauges(n)
	samples := make([]Sample, n)
	h := newOurs(b, o, g, samples)
	for range 15 {
		g.step(samples)
		h.round(b, samples)
	}
	return h
}

func benchOptions(b *testing.B) Options {
	return Options{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler), BlockRange: 2 * 3600_000, Compression: compression.Snappy, SegmentSize: 16 << 20}
}

// BenchmarkOpen replays a million series of 15 samples.
func BenchmarkOpen(b *testing.B) {
	o := benchOptions(b)
	h := filledHead(b, o)
	if err := h.Close(); err != nil {
		b.Fatal(err)
	}
	h = nil
	for b.Loop() {
		from := cpu(b)
		h, err := Open(o)
		if err != nil || h.NumSeries() != 1_000_000 {
			b.Fatal(err, h.NumSeries())
		}
		b.ReportMetric((cpu(b) - from).Seconds(), "CPU-s")
		h.Close()
	}
}

// BenchmarkTruncate drops a million series, and tells for how long writers wait.
func BenchmarkTruncate(b *testing.B) {
	for b.Loop() {
		h := filledHead(b, benchOptions(b))
		maxt := borderAfter(h.MaxTime(), h.o.BlockRange)
		from := cpu(b)
		ids := h.floats.old(maxt)
		found := cpu(b)
		begin := time.Now()
		gone, _ := h.floats.drop(ids, maxt)
		b.ReportMetric(time.Since(begin).Seconds()*1e3, "pause-ms")
		b.ReportMetric((found-from).Seconds()*1e3, "find-CPU-ms")
		from = cpu(b)
		h.index.remove(gone)
		b.ReportMetric((cpu(b)-from).Seconds()*1e3, "index-CPU-ms")
		from = cpu(b)
		h.floats.free(gone)
		b.ReportMetric((cpu(b)-from).Seconds()*1e3, "free-CPU-ms")
		if err := h.Truncate(b.Context(), maxt, nil); err != nil || h.NumSeries() != 0 {
			b.Fatal(err, h.NumSeries())
		}
		h.Close()
	}
}
