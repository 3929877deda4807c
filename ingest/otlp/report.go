package otlp

import (
	"fmt"
	"strings"

	"github.com/tocsinhq/tocsin/telemetry"
)

// report is what the sender of an export is told and what is counted of it.
type report struct {
	points   int // that the export had
	rejected int // that were refused, here or by the store
	details  []string
	warnings []string
	more     int            // warnings without a detail
	reasons  map[string]int // points refused here, by reason
	repaired map[string]int // faults that were worked around, by kind
	dropped  map[string]int // exemplars of points refused here, by reason
}

func newReport() *report {
	return &report{reasons: map[string]int{}, repaired: map[string]int{}, dropped: map[string]int{}}
}

// reject refuses n points and keeps the text of the first few.
func (r *report) reject(n int, reason, text string) {
	r.rejected += n
	r.reasons[reason] += n
	r.detail(text + " [" + reason + "]")
}

// drop counts exemplars of points that are refused.
func (r *report) drop(reason string, n int) {
	if n > 0 {
		r.dropped[reason] += n
	}
}

func (r *report) detail(text string) {
	if len(r.details) < telemetry.MaxRejections {
		r.details = append(r.details, text)
	}
}

// warn tells of something that costs no point.
func (r *report) warn(text string) {
	r.repaired["empty_metric"]++
	if len(r.warnings) < telemetry.MaxRejections {
		r.warnings = append(r.warnings, text)
		return
	}
	r.more++
}

// maxMessage bounds what is told; senders log it.
const maxMessage = 1000

// message is one text for partial_success, empty when there is nothing to tell. It
// is valid UTF-8, as the protocol wants it.
func (r *report) message() string {
	var b strings.Builder
	untold := r.more
	if r.rejected > 0 {
		fmt.Fprintf(&b, "stored %d of %d data points", r.points-r.rejected, r.points)
	}
	for _, text := range append(r.details, r.warnings...) {
		if b.Len() > 0 && b.Len()+len(text) > maxMessage {
			untold++
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(text)
	}
	if untold > 0 {
		b.WriteString("; and more")
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}
