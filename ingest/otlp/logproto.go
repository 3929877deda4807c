package otlp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// logDecoder writes the records of an export on a sheet.
type logDecoder struct {
	sheet    *logline.Sheet
	fields   logline.Fields
	resource []telemetry.Pair // of the records at hand, good until the end of the export
	scope    []telemetry.Pair
	stack    []byte // exception.stacktrace of the record at hand
	kind     []byte // exception.type
	message  []byte // exception.message
}

// field is one field of a message: bytes if it has a length, else a number.
type field struct {
	number protowire.Number
	bytes  []byte
	value  uint64
}

// each calls f with every field of a message.
func each(b []byte, f func(x field) error) error {
	for at := 0; at < len(b); {
		number, wire, n := protowire.ConsumeTag(b[at:])
		if n < 0 {
			return fmt.Errorf("field at byte %d of %d: %w", at, len(b), protowire.ParseError(n))
		}
		at += n
		x := field{number: number}
		switch wire {
		case protowire.BytesType:
			var v []byte
			v, n = protowire.ConsumeBytes(b[at:])
			x.bytes = v[:len(v):len(v)]
		case protowire.VarintType:
			x.value, n = protowire.ConsumeVarint(b[at:])
		case protowire.Fixed64Type:
			x.value, n = protowire.ConsumeFixed64(b[at:])
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b[at:])
			x.value = uint64(v)
		default:
			n = protowire.ConsumeFieldValue(number, wire, b[at:])
		}
		if n < 0 {
			return fmt.Errorf("field %d at byte %d of %d: %w", number, at, len(b), protowire.ParseError(n))
		}
		at += n
		if err := f(x); err != nil {
			return err
		}
	}
	return nil
}

// DecodeLogs writes an ExportLogsServiceRequest in protobuf on a sheet. An error says
// where it is malformed; the records before that are on the sheet.
func DecodeLogs(body []byte, s *logline.Sheet) error {
	d := logDecoder{sheet: s}
	return each(body, func(x field) error {
		if x.number != 1 || x.bytes == nil || s.Stopped() {
			return nil
		}
		return d.resourceLogs(x.bytes)
	})
}

// resourceLogs reads the records of one resource, which may stand behind them.
func (d *logDecoder) resourceLogs(b []byte) error {
	d.resource = d.resource[:0]
	if err := each(b, func(x field) error {
		if x.number != 1 {
			return nil
		}
		return each(x.bytes, func(x field) (err error) {
			if x.number == 1 {
				d.resource, err = appendAttribute(d.resource, x.bytes, allocate)
			}
			return err
		})
	}); err != nil {
		return err
	}
	return each(b, func(x field) error {
		if x.number != 2 {
			return nil
		}
		return d.scopeLogs(x.bytes)
	})
}

func allocate(n int) []byte { return make([]byte, n) }

func (d *logDecoder) scopeLogs(b []byte) error {
	d.scope = d.scope[:0]
	if err := each(b, func(x field) error {
		if x.number != 1 {
			return nil
		}
		return each(x.bytes, func(x field) (err error) {
			switch {
			case x.number == 1 && len(x.bytes) > 0:
				d.scope = append(d.scope, telemetry.Pair{Name: scopeName, Value: x.bytes})
			case x.number == 3:
				d.scope, err = appendAttribute(d.scope, x.bytes, allocate)
			}
			return err
		})
	}); err != nil {
		return err
	}
	return each(b, func(x field) error {
		if x.number != 2 || d.sheet.Stopped() {
			return nil
		}
		if err := d.record(x.bytes); err != nil {
			d.sheet.Refuse(telemetry.ReasonBadRecord, "record is malformed: "+err.Error())
			return err
		}
		return nil
	})
}

var (
	scopeName = []byte("otel.scope.name")
	eventName = []byte("event.name")
)

// begin starts a record of the resource and scope at hand.
func (d *logDecoder) begin() *telemetry.LogRecord {
	r := d.sheet.Begin()
	d.fields.Begin(d.sheet, r)
	for _, p := range d.resource {
		d.fields.Label(p.Name, p.Value)
	}
	for _, p := range d.scope {
		d.fields.Metadata(p.Name, p.Value)
	}
	d.stack, d.kind, d.message = nil, nil, nil
	return r
}

// record reads a LogRecord.
func (d *logDecoder) record(b []byte) error {
	r := d.begin()
	var text []byte
	err := each(b, func(x field) error {
		switch x.number {
		case 1:
			r.Time = nanos(x.value)
		case 11:
			r.Observed = nanos(x.value)
		case 2:
			if x.value <= 24 {
				r.Severity = telemetry.Severity(x.value)
			}
		case 3:
			text = x.bytes
		case 5:
			return d.body(x.bytes)
		case 6:
			name, value, err := attribute(x.bytes, d.sheet.Grabber())
			if err == nil {
				d.attribute(name, value)
			}
			return err
		case 9:
			if len(x.bytes) == 16 {
				copy(r.TraceID[:], x.bytes)
			} else if len(x.bytes) > 0 {
				d.fields.Metadata([]byte("trace_id_as_sent"), hexOf(x.bytes))
			}
		case 10:
			if len(x.bytes) == 8 {
				copy(r.SpanID[:], x.bytes)
			}
		case 12:
			if len(x.bytes) > 0 {
				d.fields.Metadata(eventName, x.bytes)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.end(r, text)
	return nil
}

// end completes a record: a severity that is only a word, the stack of an exception.
func (d *logDecoder) end(r *telemetry.LogRecord, severityText []byte) {
	if r.Severity == telemetry.SeverityUnknown {
		r.Severity = logline.Level(severityText)
	}
	d.exception(r)
	d.fields.End()
	d.sheet.End()
}

// exception puts the stack of an exception behind the text of its record, unless it
// is there already.
func (d *logDecoder) exception(r *telemetry.LogRecord) {
	if r.Body == nil {
		switch {
		case len(d.kind) > 0 && len(d.message) > 0:
			r.Body = join(d.sheet, d.kind, ": ", d.message)
		case len(d.kind) > 0:
			r.Body = d.kind
		default:
			r.Body = d.message
		}
		// A stack begins with the same words.
		if len(d.stack) >= len(r.Body) && string(d.stack[:len(r.Body)]) == string(r.Body) {
			r.Body, d.stack = d.stack, nil
		}
	}
	if len(d.stack) > 0 && !bytes.Contains(r.Body, d.stack) {
		r.Body = join(d.sheet, r.Body, "\n", d.stack)
	}
}

func join(s *logline.Sheet, a []byte, between string, b []byte) []byte {
	if len(a) == 0 {
		return b
	}
	to := s.Grab(len(a) + len(between) + len(b))[:0]
	return append(append(append(to, a...), between...), b...)
}

func hexOf(b []byte) []byte { return hex.AppendEncode(nil, b[:min(len(b), 64)]) }

// nanos bounds a time that signed numbers cannot tell; it is put right later.
func nanos(v uint64) int64 { return int64(min(v, math.MaxInt64)) }

// body reads the body: text, or a map, of which the fields that loggers use are
// found as in JSON.
func (d *logDecoder) body(b []byte) error {
	return each(b, func(x field) error {
		switch x.number {
		case 1:
			d.fields.SetBody(x.bytes)
			return nil
		case 6:
			return d.bodyMap(x)
		}
		out, err := appendValue(nil, x, 0)
		if err == nil && x.number <= 7 {
			d.fields.SetBody(out)
		}
		return err
	})
}

func (d *logDecoder) bodyMap(x field) error {
	if err := each(x.bytes, func(x field) error {
		if x.number != 1 {
			return nil
		}
		name, value, err := attribute(x.bytes, d.sheet.Grabber())
		if err == nil {
			d.fields.Add(name, value)
		}
		return err
	}); err != nil {
		return err
	}
	if !d.fields.HasBody() {
		out, err := appendValue(nil, x, 0)
		d.fields.SetBody(out)
		return err
	}
	return nil
}
