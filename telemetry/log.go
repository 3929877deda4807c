package telemetry

import "strings"

// Severity is how grave a log record is, by the numbers of OpenTelemetry: 1 to 4
// trace, 5 to 8 debug, 9 to 12 info, 13 to 16 warning, 17 to 20 error, 21 to 24
// fatal; 0 is unknown.
type Severity uint8

// The least number of each level.
const (
	SeverityUnknown Severity = 0
	SeverityTrace   Severity = 1
	SeverityDebug   Severity = 5
	SeverityInfo    Severity = 9
	SeverityWarn    Severity = 13
	SeverityError   Severity = 17
	SeverityFatal   Severity = 21
)

var severityLevels = [...]string{"trace", "debug", "info", "warn", "error", "fatal"}

// String returns the level: trace, debug, info, warn, error, fatal or unknown.
func (s Severity) String() string {
	if s == 0 || s > 24 {
		return "unknown"
	}
	return severityLevels[(s-1)/4]
}

// Level returns the least number of the severity's level, so that records of one
// level compare as equal; 0 for unknown.
func (s Severity) Level() Severity {
	if s == 0 || s > 24 {
		return SeverityUnknown
	}
	return (s-1)/4*4 + 1
}

// ParseSeverity reads a word that loggers write for a level, in any case:
// the six levels and their common other names (warning, err, critical, notice,
// emerg, panic and so on). It reports whether the word is one.
func ParseSeverity(word string) (Severity, bool) {
	if len(word) > 16 {
		return SeverityUnknown, false
	}
	switch strings.ToLower(word) {
	case "trace", "trc", "finest", "finer", "verbose":
		return SeverityTrace, true
	case "debug", "dbg", "dbug", "fine", "debug1", "debug2", "debug3", "debug4", "debug5":
		return SeverityDebug, true
	case "info", "inf", "information", "informational", "log":
		return SeverityInfo, true
	case "notice":
		return SeverityInfo + 1, true
	case "warn", "wrn", "warning":
		return SeverityWarn, true
	case "error", "err", "eror", "severe":
		return SeverityError, true
	case "critical", "crit":
		return SeverityError + 1, true
	case "alert":
		return SeverityError + 2, true
	case "fatal", "ftl", "panic", "emerg", "emergency":
		return SeverityFatal, true
	}
	return SeverityUnknown, false
}

// LogRecord is one line of a log, or one event, as a sender gave it. All slices
// alias the request body or the batch's own memory and are valid only until the
// batch is reset.
type LogRecord struct {
	// Time is when it happened, in nanoseconds since the Unix epoch; 0 if the
	// sender does not say: then Observed counts.
	Time int64
	// Observed is when the sender or, if it does not say, the receiver first saw it.
	Observed int64
	Severity Severity
	// Service is what the record is of, as found by the receiver; empty if nothing names it.
	Service string
	// Stream are the labels of what wrote the record (resource attributes, stream
	// labels, host, unit), few and of few values. They are in the sender's order and unchecked.
	Stream []Pair
	// Attributes are what the sender says of this one record; any number of values.
	Attributes []Pair
	// Body is the text of the record, without the line feed at its end. It may
	// hold several lines, such as a stack trace, and any bytes.
	Body []byte
	// Template is the text that the program itself gives for all records of this
	// sort, such as "took {ms} ms"; empty if the sender does not say.
	Template []byte
	// TraceID and SpanID are zero if the sender does not say.
	TraceID [16]byte
	SpanID  [8]byte
}

// LogBatch is the records of one request, in the order of the body. The zero value
// is ready for use. It is owned by one goroutine; a sink must not keep any part of
// it after the write returns.
type LogBatch struct {
	// Source is whom the batch is from, for limits: an address or a header's value.
	Source  string
	Records []LogRecord
}

// Reset empties the batch and keeps its memory.
func (b *LogBatch) Reset() {
	for i := range b.Records {
		r := &b.Records[i]
		clear(r.Stream)
		clear(r.Attributes)
		*r = LogRecord{Stream: r.Stream[:0], Attributes: r.Attributes[:0]}
	}
	b.Source = ""
	b.Records = b.Records[:0]
}

// Next extends the batch by one record, reusing the memory of an earlier use, and
// returns it. The pointer is valid until the following call of Next.
func (b *LogBatch) Next() *LogRecord {
	if len(b.Records) < cap(b.Records) {
		b.Records = b.Records[:len(b.Records)+1]
	} else {
		b.Records = append(b.Records, LogRecord{})
	}
	return &b.Records[len(b.Records)-1]
}

// Reasons for which a log record is refused.
const (
	ReasonLineTooLong   = "line_too_long"
	ReasonBadRecord     = "bad_record"
	ReasonLogsFull      = "log_store_full"
	ReasonTooManyFields = "too_many_fields"
)

// LogRejection is one refused record: which, why, and what to do.
type LogRejection struct {
	Record  int    // index in the batch, from 0
	Reason  string // one of the Reason constants
	Message string // one sentence with the value got and the value wanted
}

// LogResult says what became of a batch. A batch is never refused whole because of
// one bad record. Rejected holds every refused record in batch order, since some
// protocols answer for each; Refused counts them by reason.
type LogResult struct {
	Stored   int // records now durable in the write-ahead log
	Rejected []LogRejection
	Refused  map[string]int
}

// Reject counts a rejection and keeps it.
func (r *LogResult) Reject(x LogRejection) {
	if r.Refused == nil {
		r.Refused = make(map[string]int)
	}
	r.Refused[x.Reason]++
	r.Rejected = append(r.Rejected, x)
}
