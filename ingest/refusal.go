package ingest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Refusal is the answer to a request that was not taken, or not wholly.
type Refusal struct {
	Code       int    // of HTTP
	Reason     string // one word for the counter
	Text       string // what is wrong and what is wanted
	RetryAfter time.Duration
}

// Refuse returns a refusal whose text is formatted as by fmt.Sprintf.
func Refuse(code int, reason, format string, args ...any) *Refusal {
	return &Refusal{Code: code, Reason: reason, Text: fmt.Sprintf(format, args...)}
}

// Unavailable returns the refusal of a batch that a Sink could not take now.
func Unavailable(err error) *Refusal {
	return Refuse(http.StatusServiceUnavailable, "unavailable", "nothing was stored: %s", err).After(unavailableRetry)
}

// PartlyRefused returns the refusal of a batch of which a part, or all, was refused,
// and nil if all was stored. Its text tells how much was stored and why the rest was
// not. Senders drop what is answered 400 and send again what is answered 429, the
// whole of it and before all that came after. So 429 is only for a batch of which
// nothing was stored and with which nothing is wrong, so that it may be stored later.
func PartlyRefused(r *telemetry.WriteResult, samples int) *Refusal {
	if r.RefusedTotal() == 0 {
		return nil
	}
	if r.OverLimit() {
		return Refuse(http.StatusTooManyRequests, "over_limit", "%s", partly(r, samples)).After(limitRetry)
	}
	return Refuse(http.StatusBadRequest, "partly_refused", "%s", partly(r, samples))
}

// After says when the sender may try again.
func (r *Refusal) After(d time.Duration) *Refusal {
	r.RetryAfter = d
	return r
}

// limitRetry is the wait named when a limit of the store was met: series are
// forgotten hours after their last sample.
const limitRetry = time.Minute

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
