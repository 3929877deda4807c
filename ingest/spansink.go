package ingest

import "github.com/tocsinhq/tocsin/telemetry"

// SpanSink takes spans of one request. It folds them into what it keeps before it
// returns, and adds to the result what became of each. It keeps no part of the batch,
// whose memory is used again, and is called by many goroutines at once.
type SpanSink interface {
	TakeSpans(b *telemetry.SpanBatch, r *telemetry.SpanResult)
}
