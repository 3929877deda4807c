package logline

import (
	"slices"
	"strconv"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Fields writes the fields of a structured record where they belong: what is known
// as time, text, level, service and so on into the record's own fields, the rest
// into its labels and attributes. One is used for many records. The zero value is
// ready for use.
type Fields struct {
	// Names are names of fields that a sender chose for itself; nil if it did not.
	Names *Names

	sheet  *Sheet
	record *telemetry.LogRecord
	// How good the word was that was taken so far; the least wins, 255 is none.
	service uint8
	body    uint8
	time    uint8
	level   uint8
	trace   uint8
	span    uint8
	bodyOf  []byte // the name of the field that the text is from
	status  int
	path    []byte // of the name under construction
	dropped int
	// lastName is the service of an earlier record, whose text is used again.
	lastName string
	garbled  []byte // a time that could not be read
}

const none = 255

// maxServiceName bounds the name of a service, in bytes.
const maxServiceName = 256

// Begin starts a record, which is written to until End.
func (f *Fields) Begin(s *Sheet, r *telemetry.LogRecord) {
	*f = Fields{Names: f.Names, sheet: s, record: r, path: f.path[:0], lastName: f.lastName, service: none, body: none, time: none, level: none, trace: none, span: none}
}

// Garbled returns a time of the record that could not be read, nil if there was none.
func (f *Fields) Garbled() []byte { return f.garbled }

// Dropped returns how many fields had no room.
func (f *Fields) Dropped() int { return f.dropped }

// Add writes one field of the record. The slices must be good until the sheet is stored.
func (f *Fields) Add(name, value []byte) {
	what, rank := roleOf(name)
	if f.Names != nil {
		what, rank = f.Names.roleOf(name, what, rank)
	}
	if !f.role(what, rank, name, value) {
		f.attribute(name, value)
	}
}

// Names are names of fields beside those that are known.
type Names struct {
	Time, Message string   // the best of their kind; empty: no other than the known ones
	Stream        []string // that are of what wrote the record
}

func (n *Names) roleOf(name []byte, what role, rank uint8) (role, uint8) {
	switch {
	case n.Time != "" && string(name) == n.Time:
		return roleTime, 0
	case n.Message != "" && string(name) == n.Message:
		return roleBody, 0
	case what == roleNone && slices.Contains(n.Stream, string(name)):
		return roleStream, 0
	}
	return what, rank
}

// Label writes one label of what wrote the record. It is kept as a label whatever
// else it says, so that people find what they sent.
func (f *Fields) Label(name, value []byte) {
	f.name(name, value)
	f.stream(name, value)
	if what, rank := roleOf(name); what == roleLevel || what == roleNumber {
		f.role(what, rank, name, value)
	}
}

// Metadata writes what the sender says beside the text of a record: ids and the
// level go to their places, the rest into the attributes. It takes neither time nor text.
func (f *Fields) Metadata(name, value []byte) {
	switch what, rank := roleOf(name); what {
	case roleLevel, roleNumber, roleTrace, roleSpan, roleParent, roleTemplate:
		if f.role(what, rank, name, value) {
			return
		}
	case roleService:
		f.name(name, value)
	}
	f.attribute(name, value)
}

// name takes the service from a label.
func (f *Fields) name(name, value []byte) {
	if rank := serviceRank(name); rank > 0 && rank < f.service && len(value) > 0 {
		f.service = rank
		if value = trimUnit(value); string(value) != f.lastName {
			f.lastName = string(value[:min(len(value), maxServiceName)])
		}
		f.record.Service = f.lastName
	}
}

func (f *Fields) room() bool {
	most := f.sheet.Limits.Attributes
	if most > 0 && len(f.record.Stream)+len(f.record.Attributes) >= most {
		f.dropped++
		f.sheet.dropped++
		return false
	}
	return true
}

func (f *Fields) stream(name, value []byte) {
	if f.room() {
		f.record.Stream = append(f.record.Stream, telemetry.Pair{Name: name, Value: f.cut(value)})
	}
}

func (f *Fields) attribute(name, value []byte) {
	if f.room() {
		f.record.Attributes = append(f.record.Attributes, telemetry.Pair{Name: name, Value: f.cut(value)})
	}
}

// cut bounds a value.
func (f *Fields) cut(value []byte) []byte {
	if most := f.sheet.Limits.Value; most <= 0 || len(value) <= most {
		return value
	}
	return Cut(value, f.sheet.Limits.Value, f.sheet.Grab)
}

// role writes a field that has a place of its own and reports whether it did.
func (f *Fields) role(what role, rank uint8, name, value []byte) bool {
	r := f.record
	switch what {
	case roleTime:
		ns, ok := ParseTime(value)
		if !ok {
			if rank == 0 {
				f.garbled = value
			}
			return false
		}
		if rank >= f.time {
			return false
		}
		r.Time, f.time = ns, rank
		return true
	case roleBody:
		if rank >= f.body {
			return false
		}
		if f.body != none { // a better one came later
			f.attribute(f.bodyOf, r.Body)
		}
		r.Body, f.body, f.bodyOf = value, rank, name
		return true
	case roleLevel:
		s := Level(value)
		if s == telemetry.SeverityUnknown || rank >= f.level {
			return false
		}
		r.Severity, f.level = s, rank
		return true
	case roleNumber:
		n, err := strconv.Atoi(string(value[:min(len(value), 4)]))
		if err != nil || n < 1 || n > 24 {
			return false
		}
		r.Severity, f.level = telemetry.Severity(n), 0
		return true
	case roleService:
		f.name(name, value)
		f.stream(name, value)
		return true
	case roleTrace:
		id, ok := ParseTraceID(value)
		if !ok || rank >= f.trace {
			return false
		}
		r.TraceID, f.trace = id, rank
		return true
	case roleSpan:
		id, ok := ParseSpanID(value)
		if !ok || rank >= f.span {
			return false
		}
		r.SpanID, f.span = id, rank
		return true
	case roleParent:
		trace, span, ok := ParseTraceParent(value)
		if !ok {
			return false
		}
		r.TraceID, r.SpanID, f.trace, f.span = trace, span, 0, 0
		return true
	case roleTemplate:
		r.Template = value
		return true
	case roleStatus:
		if n, err := strconv.Atoi(string(value[:min(len(value), 4)])); err == nil {
			f.status = n
		}
		return false
	case roleStream:
		f.stream(name, value)
		return true
	}
	return false
}

// End completes the record with what only all fields together tell.
func (f *Fields) End() {
	if f.record.Severity == telemetry.SeverityUnknown && f.status != 0 && FindLevel(f.record.Body) == telemetry.SeverityUnknown {
		f.record.Severity = StatusLevel(f.status)
	}
}

// Object reads an object at the cursor into fields, with the names of nested ones
// joined by dots. Arrays are values, as they are written.
func (f *Fields) Object(c *jsonscan.Cursor) {
	if !c.Object() {
		return
	}
	base := len(f.path)
	for {
		name, ok := c.Key()
		if !ok {
			break
		}
		if base > 0 {
			f.path = append(append(f.path[:base], '.'), name...)
		}
		if c.Kind() == jsonscan.Object {
			if base == 0 {
				f.path = append(f.path[:0], name...)
			}
			f.Object(c)
			f.path = f.path[:base]
			continue
		}
		if base > 0 {
			name = f.sheet.Copy(f.path)
		}
		kind := c.Kind()
		value := c.Text()
		if kind == jsonscan.Null || c.Err() != nil {
			continue
		}
		f.Add(name, value)
	}
	f.path = f.path[:base]
}

// HasBody reports whether a field held the text of the record.
func (f *Fields) HasBody() bool { return f.body != none }

// SetBody makes a value the text of the record if no field was it.
func (f *Fields) SetBody(value []byte) {
	if f.body == none {
		f.record.Body, f.body, f.bodyOf = value, none-1, nil
	}
}

// Document writes the object at the cursor as one record: its fields, or, if none is
// the text, the object as it is written with its labels alone. begun may add what the
// protocol says beside the object; nil adds nothing. It reports false, and
// leaves the record begun, if the object is no JSON.
func (f *Fields) Document(s *Sheet, c *jsonscan.Cursor, begun func(r *telemetry.LogRecord)) bool {
	r := s.Begin()
	f.Begin(s, r)
	if begun != nil {
		begun(r)
	}
	c.Kind() // moves to the object
	from := c.Offset()
	f.Object(c)
	if c.Err() != nil {
		return false
	}
	if f.body == none {
		f.SetBody(c.Since(from))
		r.Attributes = r.Attributes[:0]
	}
	f.End()
	return true
}

// Nested reads the object at the cursor into fields whose names begin with a name and
// a dot.
func (f *Fields) Nested(name []byte, c *jsonscan.Cursor) {
	f.path = append(f.path[:0], name...)
	f.Object(c)
	f.path = f.path[:0]
}

// trimUnit takes the suffix from the name of a systemd unit.
func trimUnit(v []byte) []byte {
	const suffix = ".service"
	if len(v) > len(suffix) && string(v[len(v)-len(suffix):]) == suffix {
		return v[:len(v)-len(suffix)]
	}
	return v
}
