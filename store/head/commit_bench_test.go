package head

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/wlog"
	"github.com/prometheus/prometheus/util/compression"
)

// gauges make samples that look like those of real targets: a fifth of the series are
// constant, others count, go up and down in whole numbers, or are measured to some
// digits. Targets of a hundred series are scraped each 15 s, some ms off now and then.
type gauges struct {
	rand   *rand.Rand
	values []float64
	next   []int64 // time of each target's next scrape
}

const seriesPerTarget = 100

func newGauges(n int) *gauges {
	g := &gauges{rand: rand.New(rand.NewPCG(1, 2)), values: make([]float64, n), next: make([]int64, n/seriesPerTarget+1)}
	for i := range g.next {
		g.next[i] = 1_750_000_000_000 + g.rand.Int64N(15_000)
	}
	for i := range g.values {
		g.values[i] = float64(g.rand.IntN(1_000_000))
	}
	return g
}

func (g *gauges) labels(i int) labels.Labels {
	return labels.FromStrings("__name__", fmt.Sprintf("metric_of_a_service_%d", i%seriesPerTarget),
		"cluster", "prod", "container", "app", "instance", fmt.Sprintf("10.0.%d.%d:8080", i/seriesPerTarget/250, i/seriesPerTarget%250),
		"job", fmt.Sprintf("job-%d", i/seriesPerTarget/50), "namespace", fmt.Sprintf("namespace-%d", i/seriesPerTarget/200),
		"pod", fmt.Sprintf("pod-%x", i/seriesPerTarget*7919), "path", fmt.Sprintf("/api/v%d", i%7))
}

// step sets the samples of the next scrape of all series.
func (g *gauges) step(out []Sample) {
	for target := range g.next {
		at := g.next[target]
		if g.rand.IntN(16) == 0 {
			at += g.rand.Int64N(8)
		}
		for i := target * seriesPerTarget; i < min(len(out), (target+1)*seriesPerTarget); i++ {
			v := g.values[i]
			switch r := g.rand.Uint64(); i % 5 {
			case 0:
			case 1:
				v += float64(r % 50)
			case 2:
				v += float64(r%5) - 2
			case 3:
				v = math.Round(100*(v+float64(r%1000)/100-5)) / 100
			case 4:
				if r%8 == 0 {
					v = float64(r % 64)
				}
			}
			g.values[i] = v
			out[i].T, out[i].V = at, v
		}
		g.next[target] += 15_000
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

const benchBatch = 2000

// BenchmarkCommit writes the same samples to a Head and to a head of the TSDB, in turns,
// and compares processor time per sample and live memory per series. 480 rounds are
// two hours.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) {
			g := newGauges(n)
			samples := make([]Sample, n)
			before := live()
			h, err := Open(Options{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler), BlockRange: 2 * 3600_000, Compression: compression.Snappy, SegmentSize: 16 << 20})
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close()
			h.Begin()
			for i := range samples {
				if samples[i].ID, _, err = h.GetOrCreate(g.labels(i)); err != nil {
					b.Fatal(err)
				}
			}
			h.End()
			ourBase := live() - before
			before += ourBase
			var theirs *tsdbHead
			var refs []storage.SeriesRef
			if os.Getenv("ONLY") == "" {
				theirs, refs = newTheirs(b, g, n)
			}
			theirBase := live() - before
			var our, their time.Duration
			var late []int
			var rounds int
			var ourBytes, theirBytes int64
			_ = theirBytes
			for b.Loop() {
				g.step(samples)
				from := cpu(b)
				for i := 0; i < n; i += benchBatch {
					h.Begin()
					if late, err = h.Commit(&Transaction{Samples: samples[i:min(n, i+benchBatch)]}, late[:0]); err != nil || len(late) > 0 {
						b.Fatal(err, late)
					}
					h.End()
				}
				mid := cpu(b)
				our += mid - from
				if theirs != nil {
					theirs.round(b, samples, refs)
				}
				their += cpu(b) - mid
				rounds++
			}
			per := float64(rounds) * float64(n)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(our)/per, "CPU-ns/sample")
			b.ReportMetric(float64(their)/per, "tsdb-CPU-ns/sample")
			ourBytes = int64(ourBase) + h.floats.lines.bytes()
			b.ReportMetric(float64(ourBytes)/float64(n), "B/series")
			b.ReportMetric(float64(h.floats.lines.bytes()+h.floats.records.bytes())/float64(n), "B/series-without-labels")
			total := live() - before
			b.ReportMetric(float64(int64(total)-h.floats.lines.bytes())/float64(n), "tsdb-B/series")
			_ = theirBase
			runtime.KeepAlive(h)
			runtime.KeepAlive(theirs)
		})
	}
}

type tsdbHead struct{ *tsdb.Head }

// newTheirs opens a head as the store opens the TSDB.
func newTheirs(b *testing.B, g *gauges, n int) (*tsdbHead, []storage.SeriesRef) {
	dir := b.TempDir()
	wal, err := wlog.NewSize(slog.New(slog.DiscardHandler), nil, dir+"/wal", 16<<20, compression.Snappy)
	if err != nil {
		b.Fatal(err)
	}
	o := tsdb.DefaultHeadOptions()
	o.ChunkDirRoot = dir
	o.StripeSize = 131072
	o.IsolationDisabled = true
	h, err := tsdb.NewHead(nil, slog.New(slog.DiscardHandler), wal, nil, o, nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := h.Init(math.MinInt64); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { h.Close() })
	refs := make([]storage.SeriesRef, n)
	for i := 0; i < n; i += benchBatch {
		app := h.AppenderV2(context.Background())
		for k := i; k < min(n, i+benchBatch); k++ {
			if refs[k], err = app.Append(0, g.labels(k), 0, 1_749_999_980_000, 0, nil, nil, storage.AppendV2Options{}); err != nil {
				b.Fatal(err)
			}
		}
		if err := app.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	return &tsdbHead{h}, refs
}

func (h *tsdbHead) round(b *testing.B, samples []Sample, refs []storage.SeriesRef) {
	for i := 0; i < len(samples); i += benchBatch {
		app := h.AppenderV2(context.Background())
		for k := i; k < min(len(samples), i+benchBatch); k++ {
			if _, err := app.Append(refs[k], labels.EmptyLabels(), 0, samples[k].T, samples[k].V, nil, nil, storage.AppendV2Options{}); err != nil {
				b.Fatal(err)
			}
		}
		if err := app.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}
