package remotewrite_test

import (
	"testing"

	"github.com/prometheus/prometheus/prompb"

	"github.com/tocsinhq/tocsin/ingest/remotewrite"
	"github.com/tocsinhq/tocsin/telemetry"
)

// The two benchmarks decode the same request of 2,000 series with ten labels
// and one sample each, both into memory that is used again.

func BenchmarkDecode(b *testing.B) {
	body := benchBody(b, 2000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var batch telemetry.Batch
	for b.Loop() {
		if err := remotewrite.Decode(body, &batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/sample")
}

func BenchmarkGeneratedDecoder(b *testing.B) {
	body := benchBody(b, 2000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var r prompb.WriteRequest
	for b.Loop() {
		r.Timeseries = r.Timeseries[:0]
		if err := r.Unmarshal(body); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/sample")
}
