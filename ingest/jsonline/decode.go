package jsonline

import (
	"bytes"
	"fmt"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Naming is what a request says of all its records.
type Naming struct {
	Service string
	Host    string
	logline.Names
}

// decoder is the memory of one request.
type decoder struct {
	sheet  *logline.Sheet
	naming Naming
	fields logline.Fields
	begun  func(r *telemetry.LogRecord)
}

func newDecoder(n Naming, s *logline.Sheet) *decoder {
	d := &decoder{sheet: s, naming: n}
	d.fields.Names = &d.naming.Names
	d.begun = d.name
	return d
}

// DecodeJSON writes objects on a sheet: one to a line, one after another, or in arrays. A
// line that is no object is refused alone.
func DecodeJSON(body []byte, n Naming, s *logline.Sheet) {
	d := newDecoder(n, s)
	var c jsonscan.Cursor
	c.Reset(body, s.Grabber())
	switch c.Kind() {
	case jsonscan.Array:
		d.array(&c)
		return
	case jsonscan.Object:
		// Objects may also be written over several lines.
		if d.objects(&c) {
			return
		}
	}
	d.lines(c.Rest())
}

// objects reads objects one after another and reports whether they were all. It stops
// in front of what is none.
func (d *decoder) objects(c *jsonscan.Cursor) bool {
	for c.More() && !d.sheet.Stopped() {
		rest := c.Rest()
		// A line that is an object by itself is the usual case; what it ends in decides.
		if !d.document(c) {
			c.Reset(rest, d.sheet.Grabber())
			return false
		}
	}
	return true
}

// lines reads what is not wholly objects, each line for itself.
func (d *decoder) lines(body []byte) {
	for len(body) > 0 && !d.sheet.Stopped() {
		var line []byte
		line, body = cutLine(body)
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var c jsonscan.Cursor
		c.Reset(line, d.sheet.Grabber())
		if kind := c.Kind(); kind == jsonscan.Array {
			d.array(&c)
			continue
		}
		if c.Kind() != jsonscan.Object {
			d.sheet.Refuse(telemetry.ReasonBadRecord, fmt.Sprintf("want a JSON object, got %.60q", line))
			continue
		}
		if !d.document(&c) {
			d.sheet.Refuse(telemetry.ReasonBadRecord, fmt.Sprintf("%s in %.60q", c.Err(), line))
		} else if c.More() {
			d.sheet.Refuse(telemetry.ReasonBadRecord, fmt.Sprintf("byte %d: want the end of the line in %.60q", c.Offset(), line))
		}
	}
}

// array reads an array of objects.
func (d *decoder) array(c *jsonscan.Cursor) {
	c.Array()
	for c.Item() && !d.sheet.Stopped() {
		element := c.Raw()
		if c.Err() != nil {
			break
		}
		var e jsonscan.Cursor
		e.Reset(element, d.sheet.Grabber())
		switch {
		case e.Kind() != jsonscan.Object:
			d.sheet.Refuse(telemetry.ReasonBadRecord, fmt.Sprintf("want a JSON object, got %.60q", element))
		case !d.document(&e):
			d.sheet.Refuse(telemetry.ReasonBadRecord, fmt.Sprintf("%s in %.60q", e.Err(), element))
		}
	}
	if c.Err() != nil && !d.sheet.Stopped() {
		d.sheet.Refuse(telemetry.ReasonBadRecord, "the array is malformed: "+c.Err().Error())
	}
}

// document reads one object. If it is malformed, no record is left begun on the
// sheet.
func (d *decoder) document(c *jsonscan.Cursor) bool {
	if !d.fields.Document(d.sheet, c, d.begun) {
		d.sheet.Skip()
		return false
	}
	d.sheet.End()
	return true
}

// name writes what the request says of all records.
func (d *decoder) name(r *telemetry.LogRecord) {
	if d.naming.Host != "" {
		r.Stream = append(r.Stream, telemetry.Pair{Name: []byte("host"), Value: d.sheet.CopyString(d.naming.Host)})
	}
	if d.naming.Service != "" {
		d.fields.Label([]byte("service.name"), d.sheet.CopyString(d.naming.Service))
	}
}

// DecodeText writes each line as a record. A line that is an object of JSON is read
// as one.
func DecodeText(body []byte, n Naming, s *logline.Sheet) {
	d := newDecoder(n, s)
	for len(body) > 0 && !s.Stopped() {
		var line []byte
		line, body = cutLine(body)
		if len(line) == 0 {
			continue
		}
		if line[0] == '{' {
			var c jsonscan.Cursor
			c.Reset(line, s.Grabber())
			if d.document(&c) {
				continue
			}
		}
		r := s.Begin()
		d.fields.Begin(s, r)
		d.name(r)
		r.Body = line
		s.End()
	}
}

// cutLine returns the first line, without its end, and what follows it.
func cutLine(b []byte) (line, rest []byte) {
	if n := bytes.IndexByte(b, '\n'); n >= 0 {
		line, rest = b[:n:n], b[n+1:]
	} else {
		line = b
	}
	if len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[: len(line)-1 : len(line)-1]
	}
	return line, rest
}
