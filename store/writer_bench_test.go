package store_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/snappy"
	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/prompb"
	"github.com/prometheus/prometheus/storage/remote"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// counting is the cheapest observer: what it costs is the way to it.
type counting struct{ n [64]int64 }

func (*counting) Register(l labels.Labels) uint64 { return l.Hash()%63 + 1 }
func (c *counting) Observe(all []telemetry.Observation, from, to int) int {
	for _, o := range all[from:to] {
		c.n[o.Slot]++
	}
	return to
}

func (c *counting) RegisterHistogram(l labels.Labels) uint64 { return c.Register(l) }
func (c *counting) ObserveHistogram(slot uint64, _ telemetry.HistogramSample) bool {
	c.n[slot]++
	return true
}

// cpu returns the processor time of this process, with that of the collector.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// bodies are the requests of one round: series of ten labels, 2,000 a request.
func bodies(b *testing.B, n int, at int64) [][]byte {
	const each = 2000
	var out [][]byte
	for from := 0; from < n; from += each {
		r := new(prompb.WriteRequest)
		for i := from; i < min(n, from+each); i++ {
			r.Timeseries = append(r.Timeseries, prompb.TimeSeries{
				Labels: []prompb.Label{
					{Name: "__name__", Value: fmt.Sprintf("metric_%d_total", i%500)},
					{Name: "cluster", Value: "eu-west-1"}, {Name: "code", Value: "200"},
					{Name: "container", Value: "checkout"}, {Name: "handler", Value: "/api/v1/orders"},
					{Name: "instance", Value: fmt.Sprintf("10.0.%d.%d:8080", i/250%250, i%250)}, {Name: "job", Value: "checkout"},
					{Name: "le", Value: "0.25"}, {Name: "namespace", Value: "shop"}, {Name: "pod", Value: fmt.Sprintf("checkout-%08d", i)},
				},
				Samples: []prompb.Sample{{Value: float64(i%97) + float64(at%1000), Timestamp: at}},
			})
		}
		body, err := r.Marshal()
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, body)
	}
	return out
}

// BenchmarkWriter decodes and stores one sample of each of 100,000 series per
// round, 15 seconds apart in the samples' time, and prints the processor time
// of the whole process per million samples. The first round, which creates
// the series, is measured by itself.
func BenchmarkWriter(b *testing.B) {
	const n = 100_000
	for _, observed := range []bool{false, true} {
		b.Run(fmt.Sprintf("series=%d/observed=%t", n, observed), func(b *testing.B) {
			r := newRig(b, func(o *store.WriterOptions) {
				if observed {
					o.Observer = new(counting)
				}
			})
			at := r.now.UnixMilli()
			var batch telemetry.Batch
			decoder := remotewrite.Decoder{Known: r.Known}
			round := func(bodies [][]byte) time.Duration {
				r.now = time.UnixMilli(at)
				begin := cpu()
				for _, body := range bodies {
					if err := decoder.Decode(body, &batch); err != nil {
						b.Fatal(err)
					}
					if res, err := r.Write(context.Background(), &batch); err != nil || res.Stored != len(batch.Series) {
						b.Fatal(err, res)
					}
				}
				return cpu() - begin
			}
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			created := round(bodies(b, n, at))
			runtime.GC()
			runtime.ReadMemStats(&after)
			var spent time.Duration
			rounds := 0
			for b.Loop() {
				b.StopTimer()
				at += 15_000
				next := bodies(b, n, at)
				runtime.GC() // so that the garbage of making them is not counted
				b.StartTimer()
				spent += round(next)
				rounds++
			}
			b.ReportMetric(spent.Seconds()/float64(rounds)/n*1e6, "CPU-s/Msample")
			b.ReportMetric(created.Seconds()/n*1e6, "create-CPU-s/Mseries")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/series")
		})
	}
}

// BenchmarkStockHandler stores the same requests through Prometheus' own
// receiver over the same TSDB, as the measure of what Writer saves. It also
// undoes snappy, which the other does not.
func BenchmarkStockHandler(b *testing.B) {
	const n = 100_000
	r := newRig(b, nil)
	h := remote.NewWriteHandler(slog.New(slog.DiscardHandler), prometheus.NewRegistry(), r.db, remoteapi.MessageTypes{remoteapi.WriteV1MessageType}, false, false)
	at := r.now.UnixMilli()
	round := func(bodies [][]byte) time.Duration {
		begin := cpu()
		for _, body := range bodies {
			q := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
			q.Header.Set("Content-Type", "application/x-protobuf")
			q.Header.Set("Content-Encoding", "snappy")
			w := httptest.NewRecorder()
			if h.ServeHTTP(w, q); w.Code != http.StatusNoContent {
				b.Fatal(w.Code, w.Body)
			}
		}
		return cpu() - begin
	}
	packed := func() [][]byte {
		out := bodies(b, n, at)
		for i := range out {
			out[i] = snappy.Encode(nil, out[i])
		}
		return out
	}
	round(packed())
	var spent time.Duration
	rounds := 0
	for b.Loop() {
		b.StopTimer()
		at += 15_000
		next := packed()
		runtime.GC()
		b.StartTimer()
		spent += round(next)
		rounds++
	}
	b.ReportMetric(spent.Seconds()/float64(rounds)/n*1e6, "CPU-s/Msample")
}
