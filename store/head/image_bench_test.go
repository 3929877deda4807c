package head

import (
	"os"
	"strconv"
	"testing"
	"time"
)

func asked(b *testing.B, env string, otherwise int) int {
	s := os.Getenv(env)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkOpenImage opens a million series of HEAD_ROUNDS samples (480, two hours of one
// each 15 s) from an image before the last HEAD_SINCE of them (40, ten minutes) and, with
// HEAD_WITHOUT=1, from the log alone, and tells what the image costs.
func BenchmarkOpenImage(b *testing.B) {
	const n = 1_000_000
	rounds, since := asked(b, "HEAD_ROUNDS", 480), asked(b, "HEAD_SINCE", 40)
	o := benchOptions(b)
	o.BlockRange = 1 << 40 // all in one block, wherever the border is
	g := newGauges(n)
	samples := make([]Sample, n)
	h := newOurs(b, o, g, samples)
	metrics := map[string]float64{}
	for i := range rounds {
		if i == rounds-since {
			from, begin := cpu(b), time.Now()
			if err := h.Image(); err != nil {
				b.Fatal(err)
			}
			metrics["image-CPU-s"] = (cpu(b) - from).Seconds()
			metrics["image-s"] = time.Since(begin).Seconds()
			metrics["image-B/series"] = float64(h.images.bytes.Load()) / n
		}
		g.step(samples)
		h.round(b, samples)
	}
	if err := h.Close(); err != nil {
		b.Fatal(err)
	}
	h = nil
	open := func(what string) {
		from, begin := cpu(b), time.Now()
		h, err := Open(o)
		if err != nil || h.NumSeries() != n {
			b.Fatal(err, h.NumSeries())
		}
		metrics[what+"CPU-s"] = (cpu(b) - from).Seconds()
		metrics[what+"s"] = time.Since(begin).Seconds()
		metrics[what+"samples"] = float64(h.replay.Samples)
		if at, _, ok := h.Newest(idAt(n - 1)); !ok || at != samples[n-1].T {
			b.Fatal(at, ok)
		}
		h.Close()
	}
	for b.Loop() {
		open("with-")
	}
	if os.Getenv("HEAD_WITHOUT") != "" {
		if err := ForgetImages(o.Dir); err != nil {
			b.Fatal(err)
		}
		open("without-")
	}
	for unit, v := range metrics { // those from before the loop would be forgotten
		b.ReportMetric(v, unit)
	}
}
