package head

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/prometheus/prometheus/model/exemplar"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// pagedRefs look references up in records of a cache line each, as floats do.
type pagedRefs []*[256][8]uint64

func newPagedRefs(n int) pagedRefs {
	p := make(pagedRefs, n/256+1)
	for i := range p {
		p[i] = new([256][8]uint64)
		for k := range p[i] {
			p[i][k][0] = uint64(i*256 + k)
		}
	}
	return p
}

func (p pagedRefs) ref(id ID) chunks.HeadSeriesRef { return chunks.HeadSeriesRef(p[id>>8][id&255][0]) }

func (p pagedRefs) refs(samples []Sample, dst *[refsRun]chunks.HeadSeriesRef) {
	for i := range samples {
		dst[i] = p.ref(samples[i].ID)
	}
}

// benchValue is like what services expose: counters of whole numbers, buckets, gauges
// with two decimals and such that hardly change.
func benchValue(series, round int) float64 {
	x := uint64(series)*0x9e3779b97f4a7c15 ^ uint64(round)*0xbf58476d1ce4e5b9
	x ^= x >> 29
	x *= 0x94d049bb133111eb
	x ^= x >> 32
	switch series % 10 {
	case 0, 1, 2, 3, 4:
		return float64(uint64(round)*(uint64(series)%50+1) + x%50)
	case 5, 6, 7:
		return math.Round(float64(series%10_000)*10*(1+0.2*math.Sin(float64(round)/40))+float64(x%1000)) / 100
	}
	return float64(series%100 + int(x%2))
}

// BenchmarkJournal_Write writes batches of 2,000 samples of 1 M series, in the order
// of their references and in any.
func BenchmarkJournal_Write(b *testing.B) {
	const series, batch = 1_000_000, 2000
	refs := newPagedRefs(series + 1)
	for _, kind := range []string{"none", "snappy", "zstd"} {
		for _, order := range []string{"sorted", "random"} {
			b.Run(kind+"/"+order, func(b *testing.B) {
				o := Options{Dir: b.TempDir(), Compression: kind, SegmentSize: 16 << 20}
				j := mustOpen(b, o)
				rnd := rand.New(rand.NewPCG(1, 2))
				txs := make([]Transaction, 100)
				for n := range txs {
					for i := range batch {
						id := ID(1 + n*batch + i)
						if order == "random" {
							id = ID(1 + rnd.IntN(series))
						}
						txs[n].Samples = append(txs[n].Samples, Sample{ID: id, T: 1_700_000_000_000 + int64(i%7), V: benchValue(int(id), n)})
					}
				}
				b.ReportAllocs()
				from := cpu(b)
				for i := 0; b.Loop(); i++ {
					mustWrite(b, j, refs, &txs[i%len(txs)])
				}
				b.ReportMetric(float64(cpu(b)-from)/float64(b.N)/batch, "cpu-ns/sample")
				size, err := j.size()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(size)/float64(b.N)/batch, "B/sample")
				mustClose(b, j)
			})
		}
	}
}

// countingSink does little, so that the replay itself is measured.
type countingSink struct {
	ids    uint32
	newest []int64
}

func (s *countingSink) series(chunks.HeadSeriesRef, labels.Labels) ID {
	s.ids++
	if int(s.ids) >= len(s.newest) {
		return ID(s.ids % uint32(len(s.newest)))
	}
	return ID(s.ids)
}
func (s *countingSink) samples(batch []Sample) {
	for i := range batch {
		s.newest[batch[i].ID] = batch[i].T
	}
}
func (s *countingSink) exemplar(ID, exemplar.Exemplar) {}

// BenchmarkReplay replays a log of 1 M series with 15 samples each, in batches of
// 2,000 series. TOCSIN_BENCH_SERIES makes it smaller.
func BenchmarkReplay(b *testing.B) {
	series, rounds := 1_000_000, 15
	if n, err := strconv.Atoi(os.Getenv("TOCSIN_BENCH_SERIES")); err == nil {
		series = n
	}
	o := Options{Dir: b.TempDir(), Compression: "snappy", SegmentSize: 16 << 20}
	j := mustOpen(b, o)
	refs := newPagedRefs(series + 1)
	const batch = 2000
	for n := range rounds {
		for from := 0; from < series; from += batch {
			var tx Transaction
			for i := from; i < from+batch; i++ {
				if n == 0 {
					j.created(refs.ref(ID(i+1)), benchLabels(i))
				}
				tx.Samples = append(tx.Samples, Sample{ID: ID(i + 1), T: int64(n) * 15_000, V: benchValue(i, n)})
			}
			mustWrite(b, j, refs, &tx)
		}
	}
	mustClose(b, j)
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			s := &countingSink{newest: make([]int64, series+1)}
			from := cpu(b)
			_, stats, err := replay(o, s)
			if err != nil || stats.Samples != int64(series*rounds) {
				b.Fatal(stats, err)
			}
			b.ReportMetric((cpu(b) - from).Seconds(), "cpu-s")
		}
	})
	b.Run("head", func(b *testing.B) {
		o.BlockRange = 2 * 3600_000
		for b.Loop() {
			from := cpu(b)
			h, err := Open(o)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric((cpu(b) - from).Seconds(), "cpu-s")
			if h.NumSeries() != series {
				b.Fatalf("%d series, want %d", h.NumSeries(), series)
			}
			if err := h.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchLabels(i int) labels.Labels {
	return labels.FromStrings("__name__", fmt.Sprintf("shop_queue_length_%03d", i%500), "cluster", "eu-west-1-production", "container", "checkout-service",
		"endpoint", "http-metrics", "handler", "/api/v1/orders", "instance", fmt.Sprintf("10.0.%d.%d:8080", i/500>>8, i/500&255),
		"job", "shop/checkout-1", "namespace", "shop", "pod", fmt.Sprintf("checkout-7d9f8b6c5d-%05x", i/500), "region", "eu")
}
