package otlp_test

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/tocsinhq/tocsin/telemetry"
)

// BenchmarkTraceHandler takes exports of 400 spans in both encodings.
func BenchmarkTraceHandler(b *testing.B) {
	td := ptrace.NewTraces()
	for range 100 {
		someTraces().ResourceSpans().MoveAndAppendTo(td.ResourceSpans())
	}
	request := ptraceotlp.NewExportRequestFromTraces(td)
	packed, err := request.MarshalProto()
	if err != nil {
		b.Fatal(err)
	}
	text, err := request.MarshalJSON()
	if err != nil {
		b.Fatal(err)
	}
	for _, x := range []struct {
		name, kind string
		body       []byte
	}{{"protobuf", "application/x-protobuf", packed}, {"json", "application/json", text}} {
		b.Run(x.name, func(b *testing.B) {
			r := newTraceRigTo(nowhere{})
			b.ReportAllocs()
			for b.Loop() {
				if res := r.post(x.kind, x.body); res.Code != 200 {
					b.Fatal(res.Body)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(400*b.N), "ns/span")
		})
	}
}

// nowhere takes every span and does nothing with it.
type nowhere struct{}

func (nowhere) TakeSpans(b *telemetry.SpanBatch, r *telemetry.SpanResult) { r.Taken += len(b.Spans) }
