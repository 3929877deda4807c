package logql

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/segment"
)

// Labels that records have beside those of their stream and their attributes.
const (
	labelTrace    = "trace_id"
	labelSpan     = "span_id"
	labelLevel    = "detected_level"
	labelTemplate = "template"
	labelError    = "__error__"
)

// parseQuantity reads a number, a duration (unit s) or a size (unit B).
func parseQuantity(s string) (v float64, unit string, ok bool) {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f, "", true
	}
	if d, ok := parseDuration(s); ok {
		return d.Seconds(), "s", true
	}
	if n, err := humanize.ParseBytes(s); err == nil {
		return float64(n), "B", true
	}
	return 0, "", false
}

// labelSet is the labels of a record on its way through the stages.
type labelSet struct {
	rec     *logs.Record
	parsed  []segment.Label // in the order in which they were found
	dropped []string
	kept    []string // nil: all
	err     string
}

func (l *labelSet) reset(r *logs.Record) {
	l.rec, l.parsed, l.dropped, l.kept, l.err = r, l.parsed[:0], l.dropped[:0], nil, ""
}

// hidden says whether a stage did away with a label.
func (l *labelSet) hidden(name string) bool {
	return slices.Contains(l.dropped, name) || (l.kept != nil && !slices.Contains(l.kept, name))
}

// get returns the value of a label, empty if there is none.
func (l *labelSet) get(name string) string {
	if l.hidden(name) {
		return ""
	}
	if name == labelError {
		return l.err
	}
	for i := range l.parsed {
		if l.parsed[i].Name == name {
			return l.parsed[i].Value
		}
	}
	if v, ok := l.rec.Stream.Get(name); ok {
		return v
	}
	return l.own(name)
}

// own returns what the record alone has.
func (l *labelSet) own(name string) string {
	r := l.rec
	switch {
	case name == labelTrace && r.Trace != [16]byte{}:
		return hex.EncodeToString(r.Trace[:])
	case name == labelSpan && r.SpanID != [8]byte{}:
		return hex.EncodeToString(r.SpanID[:])
	case name == labelTemplate:
		return TemplateText(r.Template)
	case name == labelLevel:
		return levelText(r)
	}
	for _, a := range r.Attributes {
		if LabelName(string(a.Name)) == name {
			return string(a.Value)
		}
	}
	return ""
}

func levelText(r *logs.Record) string { return segment.LevelName(segment.LevelOf(r.Severity)) }

// TemplateText is the form in which ids of templates are shown: sixteen hexadecimal digits.
func TemplateText(id uint64) string {
	s := strconv.FormatUint(id, 16)
	return strings.Repeat("0", 16-len(s)) + s
}

// LabelName makes a name that LogQL can write: letters, digits and underscores.
func LabelName(s string) string {
	ok := s != "" && !(s[0] >= '0' && s[0] <= '9')
	for i := 0; ok && i < len(s); i++ {
		ok = isWordByte(s[i])
	}
	if ok {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if !isWordByte(c) {
			b[i] = '_'
		}
	}
	if len(b) == 0 || b[0] >= '0' && b[0] <= '9' {
		b = append([]byte{'_'}, b...)
	}
	return string(b)
}

// add adds a label that a parser found. One of the stream's keeps its name.
func (l *labelSet) add(name, value string) {
	name = LabelName(name)
	if _, taken := l.rec.Stream.Get(name); taken {
		name += "_extracted"
	}
	for i := range l.parsed {
		if l.parsed[i].Name == name {
			return // the first one counts
		}
	}
	l.parsed = append(l.parsed, segment.Label{Name: name, Value: value})
}

// StreamLabels returns the labels of a stream, with service_name, as LogQL names them.
func StreamLabels(s *segment.Stream) map[string]string {
	l := labelSet{rec: &logs.Record{Stream: s}}
	return l.streamLabels()
}

// streamLabels returns the labels of the stream as far as they are left.
func (l *labelSet) streamLabels() map[string]string {
	out := map[string]string{}
	put := func(name, value string) {
		if value != "" && !l.hidden(name) {
			out[name] = value
		}
	}
	for _, s := range l.rec.Stream.Labels {
		put(LabelName(s.Name), s.Value)
	}
	put(segment.ServiceLabel, l.rec.Stream.Service)
	return out
}

// ownLabels returns what the record alone has: attributes, ids, level, template.
func (l *labelSet) ownLabels() map[string]string {
	out := map[string]string{}
	for _, a := range l.rec.Attributes {
		if name := LabelName(string(a.Name)); !l.hidden(name) {
			out[name] = strings.ToValidUTF8(string(a.Value), "\uFFFD")
		}
	}
	for _, name := range []string{labelTrace, labelSpan, labelLevel, labelTemplate} {
		if v := l.own(name); v != "" && !l.hidden(name) && !(name == labelTemplate && l.rec.Template == 0) {
			out[name] = v
		}
	}
	return out
}

// parsedLabels returns what parsers found, and their error.
func (l *labelSet) parsedLabels() map[string]string {
	out := map[string]string{}
	for _, p := range l.parsed {
		if !l.hidden(p.Name) {
			out[p.Name] = p.Value
		}
	}
	if l.err != "" && !l.hidden(labelError) {
		out[labelError] = l.err
	}
	return out
}

func (m *Matcher) holds(l *labelSet) bool  { return m.Match(l.get(m.Name)) }
func (c *bothOf) holds(l *labelSet) bool   { return c.a.holds(l) && c.b.holds(l) }
func (c *eitherOf) holds(l *labelSet) bool { return c.a.holds(l) || c.b.holds(l) }

// holds is false for a label that is not there. One that is no number passes, with an
// error in __error__, as in Loki.
func (n *numeric) holds(l *labelSet) bool {
	text := l.get(n.name)
	if text == "" {
		return false
	}
	v, unit, ok := parseQuantity(text)
	if ok && n.unit != "" && unit == "" && v != 0 {
		ok = n.unit == "B" // a size may be written without its unit
	}
	if !ok || (n.unit != unit && unit != "") {
		if l.err == "" {
			l.err = "LabelFilterErr"
		}
		return true
	}
	return compare(n.op, v, n.value)
}

func compare(op string, a, b float64) bool {
	switch op {
	case "=", "==":
		return a == b
	case "!=":
		return a != b
	case ">":
		return a > b
	case ">=":
		return a >= b
	case "<":
		return a < b
	default:
		return a <= b
	}
}
