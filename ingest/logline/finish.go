package logline

import (
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Mark stands at the end of what was cut.
const Mark = "...[truncated]"

// OriginalTime is the attribute that keeps a time which cannot be right.
const OriginalTime = "tocsin.time_as_sent"

// Finishing is what Finish worked around.
type Finishing struct {
	Cut   int // bodies cut at the limit
	Times int // times replaced by the arrival
}

// Finish completes the records of a sheet that arrived at a time: the time of those
// that have none or an absurd one (before 1990, or later than the arrival by more than
// ahead) is the arrival, what is too long is cut with a mark, and level and trace ids are looked for in the texts of those whose
// fields do not tell.
func Finish(s *Sheet, arrival time.Time, ahead time.Duration) (done Finishing) {
	now := arrival.UnixNano()
	for i := range s.Records {
		r := &s.Records[i]
		if r.Observed == 0 || !Plausible(r.Observed) {
			r.Observed = now
		}
		if r.Time != 0 && (!Plausible(r.Time) || r.Time > now+int64(ahead)) {
			r.Attributes = append(r.Attributes, telemetry.Pair{Name: []byte(OriginalTime), Value: strconv.AppendInt(nil, r.Time, 10)})
			r.Time, r.Observed = 0, now
			done.Times++
		}
		if most := s.Limits.Line; most > 0 && len(r.Body) > most {
			r.Body = Cut(r.Body, most, s.Grab)
			done.Cut++
		}
		if r.Severity > 24 {
			r.Severity = telemetry.SeverityUnknown
		}
		if r.Severity == telemetry.SeverityUnknown {
			r.Severity = FindLevel(r.Body)
		}
		if r.TraceID == [16]byte{} {
			if trace, span, ok := FindTrace(r.Body); ok {
				r.TraceID = trace
				if r.SpanID == [8]byte{} {
					r.SpanID = span
				}
			}
		}
	}
	return done
}

// Cut returns b if it has at most so many bytes, else its beginning with Mark at the
// end, in memory of grab, so that both have that many. A rune is not cut in two.
func Cut(b []byte, most int, grab func(int) []byte) []byte {
	if most <= 0 || len(b) <= most {
		return b
	}
	end := max(0, most-len(Mark))
	for back := 0; back < utf8.UTFMax && end > 0 && !utf8.RuneStart(b[end]); back++ {
		end--
	}
	to := grab(end + len(Mark))[:0]
	return append(append(to, b[:end]...), Mark...)
}
