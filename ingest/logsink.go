package ingest

import (
	"context"

	"github.com/tocsinhq/tocsin/telemetry"
)

// LogSink takes the log records of one request. It stores what is good, durably,
// before it returns and names the rest in the result; an error means that nothing
// was stored for a reason that is not the sender's, who should try again. It keeps
// no part of the batch, whose memory is used again, and is called by many
// goroutines at once.
type LogSink interface {
	WriteLogs(ctx context.Context, b *telemetry.LogBatch) (telemetry.LogResult, error)
}
