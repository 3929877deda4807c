package splunk

import (
	"bytes"
	"fmt"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// outcome is what a body was, in the codes of the protocol.
type outcome struct {
	code  int // the first that is not success
	event int // of that event, from 0
	text  string
}

// Codes of the protocol.
const (
	codeSuccess       = 0
	codeNoToken       = 2
	codeBadToken      = 4
	codeNoData        = 5
	codeBadFormat     = 6
	codeBusy          = 9
	codeNoChannel     = 10
	codeEventRequired = 12
	codeEventBlank    = 13
	codeHealthy       = 17
)

// decoder is the memory of one request.
type decoder struct {
	sheet  *logline.Sheet
	fields logline.Fields
	out    outcome
	common []telemetry.Pair // of the query of raw lines
}

// envelope is an event taken apart; the slices alias the body.
type envelope struct {
	time, event, fields      []byte
	hasEvent                 bool
	host, source, sourcetype []byte
	index                    []byte
}

// Decode writes events on a sheet. A bad one is refused and costs no other, but what follows
// a text that is not JSON cannot be told apart and is refused as one.
func Decode(body []byte, s *logline.Sheet) {
	d := decoder{sheet: s}
	d.decode(body)
}

func (d *decoder) decode(body []byte) {
	var c jsonscan.Cursor
	c.Reset(body, nil)
	for c.More() && !d.sheet.Stopped() {
		from := c.Offset()
		if c.Kind() == jsonscan.Array { // some clients send an array
			c.Array()
			for c.Item() && !d.sheet.Stopped() {
				from = c.Offset()
				if raw := c.Raw(); c.Err() == nil {
					d.event(raw)
				}
			}
		} else {
			raw := c.Raw()
			if c.Err() == nil {
				d.event(raw)
			}
		}
		if c.Err() == nil {
			continue
		}
		d.refuse(codeBadFormat, "Invalid data format: "+c.Err().Error())
		// Senders put each event on a line of its own more often than not.
		n := bytes.Index(body[from:], []byte("\n{"))
		if n < 0 {
			return
		}
		body = body[from+n+1:]
		c.Reset(body, nil)
	}
}

// refuse notes an event that is not kept.
func (d *decoder) refuse(code int, text string) {
	if d.out.code == codeSuccess {
		d.out = outcome{code: code, event: d.sheet.Entries(), text: text}
	}
	d.sheet.Refuse(telemetry.ReasonBadRecord, text)
}

// event writes one event.
func (d *decoder) event(raw []byte) {
	e, err := open(raw)
	switch {
	case err != nil:
		d.refuse(codeBadFormat, fmt.Sprintf("Invalid data format: %s in %.60q", err, raw))
		return
	case !e.hasEvent:
		d.refuse(codeEventRequired, "Event field is required")
		return
	}
	var c jsonscan.Cursor
	c.Reset(e.event, d.sheet.Grabber())
	kind := c.Kind()
	if kind == jsonscan.Null || kind == jsonscan.String && len(e.event) == 2 {
		d.refuse(codeEventBlank, "Event field cannot be blank")
		return
	}
	r := d.sheet.Begin()
	d.fields.Begin(d.sheet, r)
	d.envelope(&e)
	if kind == jsonscan.Object {
		d.fields.Object(&c)
		if !d.fields.HasBody() {
			d.fields.SetBody(e.event)
			r.Attributes = r.Attributes[:0]
		}
	} else {
		d.fields.SetBody(c.Text())
	}
	if len(e.fields) > 0 {
		c.Reset(e.fields, d.sheet.Grabber())
		d.indexed(&c)
	}
	if c.Err() != nil {
		d.sheet.Skip()
		d.refuse(codeBadFormat, "Invalid data format: "+c.Err().Error())
		return
	}
	if len(e.time) > 0 {
		if ns, ok := logline.ParseTime(text(e.time, d.sheet)); ok {
			r.Time = ns
		} else {
			d.sheet.Skip()
			d.refuse(codeBadFormat, fmt.Sprintf("Invalid data format: time %.40q is not in seconds since 1970", e.time))
			return
		}
	}
	d.fields.End()
	d.sheet.End()
}

// open finds the members of an event.
func open(raw []byte) (e envelope, err error) {
	var c jsonscan.Cursor
	c.Reset(raw, nil)
	if !c.Object() {
		return e, c.Err()
	}
	for {
		name, ok := c.Key()
		if !ok {
			return e, c.Err()
		}
		value := c.Raw()
		switch string(name) {
		case "time":
			e.time = value
		case "event":
			e.event, e.hasEvent = value, true
		case "fields":
			e.fields = value
		case "host":
			e.host = value
		case "source":
			e.source = value
		case "sourcetype":
			e.sourcetype = value
		case "index":
			e.index = value
		}
	}
}

// text returns a value without quotes.
func text(raw []byte, s *logline.Sheet) []byte {
	var c jsonscan.Cursor
	c.Reset(raw, s.Grabber())
	return c.Text()
}

func (d *decoder) envelope(e *envelope) {
	for i, value := range [...][]byte{e.host, e.source, e.sourcetype, e.index} {
		if v := text(value, d.sheet); len(v) > 0 {
			d.fields.Label(envelopeNames[i], v)
		}
	}
}

var envelopeNames = [...][]byte{[]byte("host"), []byte("source"), []byte("sourcetype"), []byte("index")}

// indexed writes the fields beside an event: strings, numbers, or lists of them.
func (d *decoder) indexed(c *jsonscan.Cursor) {
	if !c.Object() {
		return
	}
	for {
		name, ok := c.Key()
		if !ok {
			return
		}
		d.fields.Add(name, c.Text())
	}
}

// raw writes lines on a sheet, all with the same labels.
func (d *decoder) raw(body []byte, at int64) {
	for len(body) > 0 && !d.sheet.Stopped() {
		var line []byte
		if n := bytes.IndexByte(body, '\n'); n >= 0 {
			line, body = body[:n:n], body[n+1:]
		} else {
			line, body = body, nil
		}
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 {
			continue
		}
		r := d.sheet.Begin()
		d.fields.Begin(d.sheet, r)
		for _, p := range d.common {
			d.fields.Label(p.Name, p.Value)
		}
		r.Time, r.Body = at, line
		d.sheet.End()
	}
}
