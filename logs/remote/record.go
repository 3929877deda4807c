package remote

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/segment"
	"github.com/tocsinhq/tocsin/telemetry"
)

// roles are the fields that say what a record is, the first that has a value counts.
// Those of own are what our forwarder writes: they are not shown a second time.
type roles struct {
	level, service, trace, span []string
	own                         []string
}

var plainRoles = roles{
	level:   []string{"detected_level", "level", "severity", "severity_text", "log.level", "lvl", "loglevel"},
	service: []string{"service_name", "service.name", "service", "app", "job"},
	trace:   []string{"trace_id", "traceId", "traceID", "trace.id", "TraceId"},
	span:    []string{"span_id", "spanId", "spanID", "span.id", "SpanId"},
	own:     []string{"detected_level", "service_name"},
}

var elasticRoles = roles{
	level:   []string{"log.level", "level", "severity", "severity_text"},
	service: []string{"service.name", "service_name", "service", "kubernetes.labels.app"},
	trace:   []string{"trace.id", "trace_id", "traceId"},
	span:    []string{"span.id", "span_id", "spanId"},
	own:     []string{"log.level", "service.name"},
}

// field is a name and a value as the other store has them.
type field struct {
	name, value string
	stream      bool // it is a label of the stream
}

// record makes a record of fields. name makes the name of a label of a field's.
func (o *roles) record(at int64, body string, fields []field, name func(string) string) *logs.Record {
	r := &logs.Record{Time: at, Body: []byte(body), Stream: &segment.Stream{}}
	used := ""
	if n, v := first(fields, o.service); n != "" {
		r.Stream.Service = v
	}
	for _, n := range o.level {
		if sev, ok := telemetry.ParseSeverity(valueOf(fields, n)); ok {
			r.Severity = sev
			break
		}
	}
	if n, v := first(fields, o.trace); len(v) == 32 {
		if raw, err := hex.DecodeString(v); err == nil {
			copy(r.Trace[:], raw)
			used = n
		}
	}
	spanUsed := ""
	if n, v := first(fields, o.span); len(v) == 16 {
		if raw, err := hex.DecodeString(v); err == nil {
			copy(r.SpanID[:], raw)
			spanUsed = n
		}
	}
	for _, f := range fields {
		if f.value == "" || f.name == used || f.name == spanUsed || slices.Contains(o.own, f.name) {
			continue
		}
		as := name(f.name)
		if f.stream {
			r.Stream.Labels = append(r.Stream.Labels, segment.Label{Name: as, Value: f.value})
		} else {
			r.Attributes = append(r.Attributes, telemetry.Pair{Name: []byte(as), Value: []byte(f.value)})
		}
	}
	sortLabels(r.Stream)
	slices.SortFunc(r.Attributes, func(a, b telemetry.Pair) int { return strings.Compare(string(a.Name), string(b.Name)) })
	return r
}

// stream makes a stream of fields that are all labels of it.
func (o *roles) stream(fields []field, name func(string) string) *segment.Stream {
	for i := range fields {
		fields[i].stream = true
	}
	return o.record(0, "", fields, name).Stream
}

// sortLabels puts labels into order; of two of one name the first counts.
func sortLabels(s *segment.Stream) {
	slices.SortStableFunc(s.Labels, func(a, b segment.Label) int { return strings.Compare(a.Name, b.Name) })
	s.Labels = slices.CompactFunc(s.Labels, func(a, b segment.Label) bool { return a.Name == b.Name })
}

func valueOf(fields []field, name string) string {
	for i := range fields {
		if fields[i].name == name {
			return fields[i].value
		}
	}
	return ""
}

// first returns the first of the names that has a value.
func first(fields []field, names []string) (name, value string) {
	for _, n := range names {
		if v := valueOf(fields, n); v != "" {
			return n, v
		}
	}
	return "", ""
}

// special says whether LogQL makes the label itself, and of which fields.
func (o *roles) special(label string) ([]string, bool) {
	switch label {
	case segment.ServiceLabel:
		return o.service, true
	case "trace_id":
		return o.trace, true
	case "span_id":
		return o.span, true
	}
	return nil, false
}

// severity returns the level that the values of the level fields make.
func severity(values []string) int {
	for _, v := range values {
		if sev, ok := telemetry.ParseSeverity(v); ok {
			return segment.LevelOf(sev)
		}
	}
	return 0
}

// positive says whether a hint on a label holds only for records that have the label,
// and whether it is one that can be asked at all.
func positive(h *logs.Hint) (pos, ok bool) {
	switch h.Op {
	case "=":
		return true, h.Value != ""
	case "!=":
		return false, h.Value != ""
	}
	re, err := regexp.Compile("^(?s:" + h.Value + ")$")
	return h.Op == "=~", err == nil && !re.MatchString("")
}

// fitting returns the fields whose label would have a name.
func fitting(all []string, label string, name func(string) string) []string {
	var out []string
	for _, f := range all {
		if name(f) == label {
			out = append(out, f)
		}
	}
	return out
}

var plainName = logql.LabelName
