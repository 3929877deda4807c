package logs

import (
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/telemetry"
)

// examine returns the time that counts of a record, or why it is refused.
func (s *Store) examine(r *telemetry.LogRecord, now time.Time) (at int64, reason, message string) {
	l := &s.cfg.Limits
	at = r.Time
	if at == 0 {
		at = r.Observed
	}
	if at == 0 {
		at = now.UnixNano()
	}
	if len(r.Body) > int(l.MaxLineBytes) {
		return 0, telemetry.ReasonLineTooLong, fmt.Sprintf("line of %d bytes, want at most %s (logs.limits.max_line_bytes)", len(r.Body), l.MaxLineBytes)
	}
	if len(r.Stream) > l.MaxStreamLabels {
		return 0, telemetry.ReasonTooManyFields, fmt.Sprintf("%d stream labels, want at most %d (logs.limits.max_stream_labels)", len(r.Stream), l.MaxStreamLabels)
	}
	if len(r.Attributes) > l.MaxAttributes {
		return 0, telemetry.ReasonTooManyFields, fmt.Sprintf("%d attributes, want at most %d (logs.limits.max_attributes)", len(r.Attributes), l.MaxAttributes)
	}
	total := len(r.Body)
	for _, pairs := range [...][]telemetry.Pair{r.Stream, r.Attributes} {
		for _, p := range pairs {
			if n := max(len(p.Name), len(p.Value)); n > int(l.MaxFieldBytes) {
				return 0, telemetry.ReasonLineTooLong, fmt.Sprintf("field %.40q has %d bytes, want at most %s (logs.limits.max_field_bytes)", p.Name, n, l.MaxFieldBytes)
			}
			total += len(p.Name) + len(p.Value)
		}
	}
	if total+len(r.Service) > maxLine {
		return 0, telemetry.ReasonLineTooLong, fmt.Sprintf("record of %d bytes with its fields, want at most %s", total, yamldoc.Bytes(maxLine))
	}
	if oldest := now.Add(-s.cfg.Retention.Std()); at < oldest.UnixNano() {
		return 0, telemetry.ReasonTooOld, fmt.Sprintf("record of %s, want none before %s (logs.retention)", stamp(at), oldest.UTC().Format(time.RFC3339))
	}
	if newest := now.Add(l.MaxFuture.Std()); at > newest.UnixNano() {
		return 0, telemetry.ReasonFuture, fmt.Sprintf("record of %s, want none after %s (logs.limits.max_future)", stamp(at), newest.UTC().Format(time.RFC3339))
	}
	return at, "", ""
}

func stamp(at int64) string { return time.Unix(0, at).UTC().Format(time.RFC3339Nano) }
