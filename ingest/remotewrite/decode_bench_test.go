package remotewrite_test

import (
	"testing"

	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

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

// The same content as 2.0 sends it, with metadata.

func BenchmarkDecodeV2(b *testing.B) {
	body := benchBodyV2(b, 2000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var d remotewrite.DecoderV2
	var batch telemetry.Batch
	for b.Loop() {
		if err := d.Decode(body, &batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/sample")
}

func BenchmarkGeneratedDecoderV2(b *testing.B) {
	body := benchBodyV2(b, 2000)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	var r writev2.Request
	for b.Loop() {
		r.Timeseries, r.Symbols = r.Timeseries[:0], r.Symbols[:0]
		if err := r.Unmarshal(body); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/sample")
}
