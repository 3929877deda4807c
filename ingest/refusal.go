package ingest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// refusal is the answer to a request that was not taken, or not wholly.
type refusal struct {
	code       int
	reason     string // one word for the counter
	text       string // what is wrong and what is wanted
	retryAfter time.Duration
}

func refuse(code int, reason, format string, args ...any) *refusal {
	return &refusal{code: code, reason: reason, text: fmt.Sprintf(format, args...)}
}

// after says when the sender may try again.
func (r *refusal) after(d time.Duration) *refusal {
	r.retryAfter = d
	return r
}

// limitRetry is the wait named when a limit of the store was met: series are
// forgotten hours after their last sample.
const limitRetry = time.Minute

// refusedPart answers a batch of which a part, or all, was refused. Senders drop
// what is answered 400 and send again what is answered 429, the whole of it and
// before all that came after. So 429 is only for a batch of which nothing was stored
// and with which nothing is wrong, so that it may be stored later.
func refusedPart(r *telemetry.WriteResult, samples int) *refusal {
	if r.OverLimit() {
		return refuse(http.StatusTooManyRequests, "over_limit", "%s", partly(r, samples)).after(limitRetry)
	}
	return refuse(http.StatusBadRequest, "partly_refused", "%s", partly(r, samples))
}

// Senders log the first line of an answer and cut it, Prometheus at 1 KiB.
const maxFirstLine = 1000

// partly describes a batch of which a part was refused. The first line tells
// how much was stored and as many reasons as fit; then each reason known has
// its own line.
func partly(r *telemetry.WriteResult, samples int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "stored %d of %d samples", r.Stored, samples)
	var lines []string
	told := 0
	for _, x := range r.Rejected {
		line := fmt.Sprintf("series %d", x.Series+1)
		if x.Labels != "" {
			line += " " + x.Labels
		}
		line += fmt.Sprintf(": %s [%s]", x.Message, x.Reason)
		lines = append(lines, line)
		if told == len(lines)-1 && b.Len()+len(line) < maxFirstLine {
			b.WriteString("; ")
			b.WriteString(line)
			told++
		}
	}
	total := r.RefusedTotal()
	for _, x := range r.Rejected[:told] {
		total -= max(1, x.Samples)
	}
	if total > 0 {
		fmt.Fprintf(&b, "; and %d more refused", total)
	}
	if len(lines) > 1 {
		b.WriteString("\n" + strings.Join(lines, "\n"))
	}
	return b.String()
}
