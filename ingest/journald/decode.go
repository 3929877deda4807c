package journald

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Bounds of an entry. A core dump is a field of some hundred megabytes, which is
// passed over.
const (
	maxField  = 1 << 20
	maxEntry  = 4 << 20
	maxFields = 1000
)

// Decoder reads a stream of entries piece by piece. The zero value is ready for use. It
// is owned by one goroutine.
type Decoder struct {
	buf     []byte // what came of a field that is not whole yet
	skip    uint64 // so many bytes are the rest of a field that is passed over
	line    bool   // and so is everything up to the next line feed
	entry   []byte // names and values of the entry at hand
	fields  []span
	wide    int // fields of the entry that were passed over
	cursor  string
	skipped int // fields passed over since the start
	out     logline.Fields
}

// span is a field within the entry.
type span struct{ name, value, end int }

// Feed takes the next bytes of the stream and writes the entries that they complete.
func (d *Decoder) Feed(chunk []byte, s *logline.Sheet) {
	b := chunk
	if len(d.buf) > 0 {
		d.buf = append(d.buf, chunk...)
		b = d.buf
	}
	rest := d.read(b, s)
	d.buf = append(d.buf[:0], rest...)
}

// End writes the entry that no blank line ended.
func (d *Decoder) End(s *logline.Sheet) {
	if len(d.buf) > 0 && !d.line && d.skip == 0 {
		d.field(d.buf)
	}
	d.buf = d.buf[:0]
	d.finish(s)
}

// Cursor returns that of the last entry that was written, empty if it had none.
func (d *Decoder) Cursor() string { return d.cursor }

// Skipped returns how many fields were too large and passed over.
func (d *Decoder) Skipped() int { return d.skipped }

// Partial reports whether the stream stands inside an entry.
func (d *Decoder) Partial() bool {
	return len(d.buf) > 0 || len(d.fields) > 0 || d.skip > 0 || d.line
}

// read takes whole fields and returns what is left.
func (d *Decoder) read(b []byte, s *logline.Sheet) (rest []byte) {
	for {
		if d.skip > 0 {
			n := min(d.skip, uint64(len(b)))
			b = b[n:]
			if d.skip -= n; d.skip > 0 {
				return nil
			}
		}
		end := bytes.IndexByte(b, '\n')
		if d.line {
			if end < 0 {
				return nil
			}
			b, d.line = b[end+1:], false
			continue
		}
		if end < 0 {
			if len(b) > maxField {
				d.field(b[:maxField]) // what there is of it, as far as a record may be long
				d.line = true
				return nil
			}
			return b
		}
		line := b[:end]
		switch {
		case len(line) == 0:
			d.finish(s)
			b = b[1:]
		case bytes.IndexByte(line, '=') >= 0:
			d.field(line)
			b = b[end+1:]
		default: // a value that may hold line feeds, behind its length
			if len(b) < end+9 {
				return b
			}
			size := binary.LittleEndian.Uint64(b[end+1:])
			value := b[end+9:]
			if size > maxField {
				d.pass()
				d.skip = min(size, 1<<62) + 1
				b = value
				continue
			}
			if uint64(len(value)) < size+1 {
				return b
			}
			d.add(line, value[:size])
			b = value[size+1:]
		}
	}
}

func (d *Decoder) pass() {
	d.wide++
	d.skipped++
}

// field takes NAME=value.
func (d *Decoder) field(line []byte) {
	name, value, ok := bytes.Cut(line, []byte("="))
	if ok {
		d.add(name, value)
	}
}

func (d *Decoder) add(name, value []byte) {
	if len(name) == 0 || len(name) > 256 || len(d.fields) >= maxFields || len(d.entry)+len(name)+len(value) > maxEntry {
		d.pass()
		return
	}
	at := len(d.entry)
	d.entry = append(append(d.entry, name...), value...)
	d.fields = append(d.fields, span{at, at + len(name), len(d.entry)})
}

// finish writes the entry at hand and begins the next.
func (d *Decoder) finish(s *logline.Sheet) {
	if len(d.fields) == 0 {
		return
	}
	entry := s.Copy(d.entry)
	r := s.Begin()
	d.out.Begin(s, r)
	var names serviceNames
	message := false
	for _, f := range d.fields {
		name, value := entry[f.name:f.value:f.value], entry[f.value:f.end:f.end]
		switch string(name) {
		case "MESSAGE":
			message = true
			r.Body = value
		case "__CURSOR":
			d.cursor = string(value)
		default:
			d.write(r, name, value, &names)
		}
	}
	r.Service = names.best()
	d.fields, d.entry, d.wide = d.fields[:0], d.entry[:0], 0
	if !message {
		s.Skip() // such as the header of a boot
		return
	}
	s.End()
}

// serviceNames are what may name the service of an entry, the best first.
type serviceNames struct{ container, unit, userUnit, identifier, command []byte }

func (n *serviceNames) best() string {
	for _, v := range [][]byte{n.container, n.unit, n.userUnit, n.identifier, n.command} {
		if len(v) > 0 {
			return string(bytes.TrimSuffix(v, []byte(".service")))
		}
	}
	return ""
}

var (
	hostLabel = []byte("host")
	unitLabel = []byte("unit")
	appLabel  = []byte("app")
)

// write puts a field where it belongs. What tells of the machine and of the journal
// itself, and is the same for all entries of a boot, is left out.
func (d *Decoder) write(r *telemetry.LogRecord, name, value []byte, names *serviceNames) {
	switch string(name) {
	case "__REALTIME_TIMESTAMP":
		if us, err := strconv.ParseInt(string(value), 10, 64); err == nil && us < 1<<62/1000 {
			r.Time = us * 1000
		} else {
			d.out.Metadata([]byte(logline.OriginalTime), value)
		}
	case "PRIORITY":
		if len(value) == 1 {
			r.Severity = logline.Syslog(int(value[0]) - '0')
		}
	case "_HOSTNAME":
		d.out.Label(hostLabel, value)
	case "_SYSTEMD_UNIT":
		d.out.Label(unitLabel, value)
		// Sessions and the manager of a user run programs of many services.
		if bytes.HasSuffix(value, []byte(".service")) && !bytes.HasPrefix(value, []byte("user@")) {
			names.unit = value
		}
	case "_SYSTEMD_USER_UNIT":
		names.userUnit = value
		d.out.Metadata(name, value)
	case "SYSLOG_IDENTIFIER":
		names.identifier = value
		d.out.Label(appLabel, value)
	case "_COMM":
		names.command = value
		d.out.Metadata(name, value)
	case "CONTAINER_NAME":
		names.container = value
		d.out.Label(name, value)
	case "TRACE_ID", "OTEL_TRACE_ID":
		d.out.Metadata([]byte("trace_id"), value)
	case "SPAN_ID", "OTEL_SPAN_ID":
		d.out.Metadata([]byte("span_id"), value)
	case "__MONOTONIC_TIMESTAMP", "__SEQNUM", "__SEQNUM_ID", "_BOOT_ID", "_MACHINE_ID", "_CAP_EFFECTIVE", "_SELINUX_CONTEXT", "_STREAM_ID",
		"_SYSTEMD_CGROUP", "_SYSTEMD_SLICE", "_SYSTEMD_INVOCATION_ID", "_RUNTIME_SCOPE", "SYSLOG_FACILITY", "SYSLOG_TIMESTAMP", "_SOURCE_REALTIME_TIMESTAMP", "_SOURCE_MONOTONIC_TIMESTAMP":
	default:
		d.out.Metadata(name, value)
	}
}
