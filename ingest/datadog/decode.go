package datadog

import (
	"bytes"
	"fmt"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

var (
	hostLabel    = []byte("host")
	levelField   = []byte("level")
	serviceLabel = []byte("service")
	sourceLabel  = []byte("ddsource")
)

// decoder is the memory of one request.
type decoder struct {
	sheet  *logline.Sheet
	fields logline.Fields
	// Of the query, for entries that do not say themselves.
	service, host, source, tags []byte
}

// Decode writes entries on a sheet: an array of objects, one object, or objects one
// after another. Empty bodies and {}, which the agent sends to see whether we live,
// have none. A bad entry costs no other one; the error is that of a text which is not JSON.
func Decode(body []byte, s *logline.Sheet) error {
	return (&decoder{sheet: s}).decode(body)
}

func (d *decoder) decode(body []byte) error {
	var c jsonscan.Cursor
	c.Reset(body, nil)
	for c.More() && !d.sheet.Stopped() {
		if c.Kind() == jsonscan.Array {
			c.Array()
			for c.Item() && !d.sheet.Stopped() {
				if raw := c.Raw(); c.Err() == nil {
					d.entry(raw)
				}
			}
			if d.sheet.Stopped() {
				return nil
			}
		} else if raw := c.Raw(); c.Err() == nil {
			d.entry(raw)
		}
	}
	return c.Err()
}

func (d *decoder) refuse(format string, args ...any) {
	d.sheet.Refuse(telemetry.ReasonBadRecord, fmt.Sprintf(format, args...))
}

// entry writes one entry.
func (d *decoder) entry(raw []byte) {
	var c jsonscan.Cursor
	c.Reset(raw, d.sheet.Grabber())
	if c.Kind() != jsonscan.Object {
		d.refuse("want an object, got %s %.60q", c.Kind(), raw)
		return
	}
	r := d.sheet.Begin()
	d.fields.Begin(d.sheet, r)
	empty, host := true, false
	var tags []byte
	c.Object()
	for {
		name, ok := c.Key()
		if !ok {
			break
		}
		empty = false
		switch string(name) {
		case "message":
			// Serverless forwarders put the whole record into an object.
			if c.Kind() == jsonscan.Object {
				var inner jsonscan.Cursor
				text := c.Raw()
				inner.Reset(text, d.sheet.Grabber())
				d.fields.Object(&inner)
				d.fields.SetBody(text)
				continue
			}
			d.fields.Add(name, c.Text())
		case "status":
			d.fields.Metadata(levelField, c.Text())
		case "ddtags":
			if c.Kind() == jsonscan.Array {
				tags = joinTags(&c)
			} else {
				tags = c.Text()
			}
		case "hostname", "host":
			host = true
			d.fields.Label(hostLabel, c.Text())
		case "ddsource":
			d.fields.Label(name, c.Text())
		case "service":
			d.fields.Label(name, c.Text())
		default:
			if c.Kind() == jsonscan.Object {
				d.fields.Nested(name, &c)
				continue
			}
			d.fields.Add(name, c.Text())
		}
	}
	switch {
	case c.Err() != nil:
		d.sheet.Skip()
		d.refuse("%s in %.60q", c.Err(), raw)
		return
	case empty:
		d.sheet.Skip()
		return
	}
	if !host && len(d.host) > 0 {
		d.fields.Label(hostLabel, d.host)
	}
	d.defaults(r, tags)
	if !d.fields.HasBody() {
		d.fields.SetBody(raw)
		r.Attributes = r.Attributes[:0]
	}
	d.fields.End()
	d.sheet.End()
}

// defaults writes the tags, and what the query says.
func (d *decoder) defaults(r *telemetry.LogRecord, tags []byte) {
	if r.Service == "" && len(d.service) > 0 {
		d.fields.Label(serviceLabel, d.service)
	}
	if len(d.source) > 0 {
		d.fields.Label(sourceLabel, d.source)
	}
	d.addTags(tags)
	d.addTags(d.tags)
}

// addTags writes k:v,k:v: what is of the writer as labels, the rest as attributes.
func (d *decoder) addTags(text []byte) {
	for len(text) > 0 {
		var tag []byte
		if n := bytes.IndexByte(text, ','); n >= 0 {
			tag, text = text[:n:n], text[n+1:]
		} else {
			tag, text = text, nil
		}
		tag = bytes.TrimSpace(tag)
		name, value, ok := bytes.Cut(tag, []byte(":"))
		switch {
		case len(tag) == 0:
		case !ok:
			d.fields.Metadata(tag, []byte("true"))
		default:
			d.fields.Add(name, value)
		}
	}
}

// joinTags reads tags that are a list.
func joinTags(c *jsonscan.Cursor) []byte {
	var all []byte
	c.Array()
	for c.Item() {
		all = append(append(all, c.Text()...), ',')
	}
	return all
}
