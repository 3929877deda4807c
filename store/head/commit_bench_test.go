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
// and compares processor time per sample and, in the end, live memory per series. 480
// rounds are two hours. HEAD_ALONE=1 leaves the TSDB out.
func BenchmarkCommit(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprintf("series=%d", n), func(b *testing.B) { compareHeads(b, n) })
	}
}

func compareHeads(b *testing.B, n int) {
	g := newGauges(n)
	samples := make([]Sample, n)
	ours := newOurs(b, benchOptions(b), g, samples)
	var theirs *tsdbHead
	if os.Getenv("HEAD_ALONE") == "" {
		theirs = newTheirs(b, g, n)
	}
	var our, their time.Duration
	rounds := 0
	for b.Loop() {
		g.step(samples)
		from := cpu(b)
		ours.round(b, samples)
		mid := cpu(b)
		our += mid - from
		if theirs != nil {
			theirs.round(b, samples)
		}
		their += cpu(b) - mid
		rounds++
	}
	b.ReportMetric(0, "ns/op")
	per := func(x float64, unit string) { b.ReportMetric(x/float64(n), unit) }
	per(float64(our)/float64(rounds), "CPU-ns/sample")
	per(float64(ours.floats.lines.bytes()+ours.floats.records.bytes()), "B/series-without-labels")
	both := live()
	ours.Close()
	ours.Head = nil
	one := live()
	per(float64(both-one), "B/series")
	if theirs != nil {
		per(float64(their)/float64(rounds), "tsdb-CPU-ns/sample")
		theirs.Close()
		theirs.Head, theirs.refs = nil, nil
		per(float64(one-live()), "tsdb-B/series")
	}
	runtime.KeepAlive(g)
}

type ourHead struct {
	*Head
	late []int
	tx   Transaction
}

func newOurs(b *testing.B, o Options, g *gauges, samples []Sample) *ourHead {
	h, err := Open(o)
	if err != nil {
		b.Fatal(err)
	}
	h.Begin()
	defer h.End()
	for i := range samples {
		if samples[i].ID, _, err = h.GetOrCreate(g.labels(i)); err != nil {
			b.Fatal(err)
		}
	}
	return &ourHead{Head: h}
}

func (h *ourHead) round(b *testing.B, samples []Sample) {
	for i := 0; i < len(samples); i += benchBatch {
		h.tx.Samples = samples[i:min(len(samples), i+benchBatch)]
		h.Begin()
		var err error
		if h.late, err = h.Commit(&h.tx, h.late[:0]); err != nil || len(h.late) > 0 {
			b.Fatal(err, h.late)
		}
		h.End()
	}
}

type tsdbHead struct {
	*tsdb.Head
	refs []storage.SeriesRef
}

// newTheirs opens a head as the store opens the TSDB.
func newTheirs(b *testing.B, g *gauges, n int) *tsdbHead {
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
	return &tsdbHead{h, refs}
}

func (h *tsdbHead) round(b *testing.B, samples []Sample) {
	for i := 0; i < len(samples); i += benchBatch {
		app := h.AppenderV2(context.Background())
		for k := i; k < min(len(samples), i+benchBatch); k++ {
			if _, err := app.Append(h.refs[k], labels.EmptyLabels(), 0, samples[k].T, samples[k].V, nil, nil, storage.AppendV2Options{}); err != nil {
				b.Fatal(err)
			}
		}
		if err := app.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}
