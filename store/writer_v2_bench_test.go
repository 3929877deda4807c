package store_test

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// bodiesV2 are the requests of bodies as 2.0 sends them: with symbols, with
// metadata on each series and, if told so, with a start on each sample.
func bodiesV2(b *testing.B, n int, at int64, starts bool) [][]byte {
	var out [][]byte
	var batch telemetry.Batch
	for _, body := range bodies(b, n, at) {
		if err := remotewrite.Decode(body, &batch); err != nil {
			b.Fatal(err)
		}
		table := writev2.NewSymbolTable()
		r := new(writev2.Request)
		for i := range batch.Series {
			s := &batch.Series[i]
			s.Unpack()
			x := writev2.TimeSeries{
				Samples:  []writev2.Sample{{Value: s.Samples[0].V, Timestamp: s.Samples[0].T}},
				Metadata: writev2.Metadata{Type: writev2.Metadata_METRIC_TYPE_COUNTER, HelpRef: table.Symbolize("How many of " + string(s.Labels[0].Value) + " there were since the start.")},
			}
			if starts {
				x.Samples[0].StartTimestamp = start.UnixMilli() - 1000
			}
			for _, l := range s.Labels {
				x.LabelsRefs = append(x.LabelsRefs, table.Symbolize(string(l.Name)), table.Symbolize(string(l.Value)))
			}
			r.Timeseries = append(r.Timeseries, x)
		}
		r.Symbols = table.Symbols()
		body, err := r.OptimizedMarshal(nil)
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, body)
	}
	return out
}

// BenchmarkWriterV2 does what BenchmarkWriter does, for 2.0 with metadata.
func BenchmarkWriterV2(b *testing.B) {
	const n = 100_000
	for _, starts := range []bool{false, true} {
		b.Run(fmt.Sprintf("series=%d/starts=%t", n, starts), func(b *testing.B) {
			shelf := newShelf(b, openState(b, filepath.Join(b.TempDir(), "state.db")), 50_000)
			r := newRig(b, func(o *store.WriterOptions) {
				o.Observer, o.Catalogue, o.Config.StartTimestamps = new(counting), shelf.Catalogue, starts
			})
			at := r.now.UnixMilli()
			var d remotewrite.DecoderV2
			var batch telemetry.Batch
			round := func(bodies [][]byte) (decoding, all time.Duration) {
				r.now = time.UnixMilli(at)
				begin := cpu()
				for _, body := range bodies {
					if err := d.Decode(body, &batch); err != nil {
						b.Fatal(err)
					}
				}
				decoding = cpu() - begin
				for _, body := range bodies {
					if err := d.Decode(body, &batch); err != nil {
						b.Fatal(err)
					}
					if res, err := r.Write(context.Background(), &batch); err != nil || res.Stored != len(batch.Series) {
						b.Fatal(err, res)
					}
				}
				return decoding, cpu() - begin - decoding
			}
			round(bodiesV2(b, n, at, starts))
			var decoding, spent time.Duration
			rounds := 0
			for b.Loop() {
				b.StopTimer()
				at += 15_000
				next := bodiesV2(b, n, at, starts)
				runtime.GC()
				b.StartTimer()
				dec, all := round(next)
				decoding, spent, rounds = decoding+dec, spent+all, rounds+1
			}
			b.ReportMetric(spent.Seconds()/float64(rounds)/n*1e6, "CPU-s/Msample")
			b.ReportMetric(decoding.Seconds()/float64(rounds)/n*1e6, "decode-CPU-s/Msample")
		})
	}
}
