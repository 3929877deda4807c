package loki

import (
	"fmt"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// DecodeJSON writes the entries of a push in JSON on a sheet:
//
//	{"streams": [{"stream": {"app": "cart"}, "values": [["1795420569901000000", "line", {"trace_id": "..."}]]}]}
//
// Labels may stand behind the values. The error is that of a text that is not JSON of this form; what stood before it is kept.
func DecodeJSON(body []byte, s *logline.Sheet) error {
	d := decoder{sheet: s}
	var c jsonscan.Cursor
	c.Reset(body, s.Grabber())
	if !c.Object() {
		return c.Err()
	}
	for {
		name, ok := c.Key()
		if !ok {
			break
		}
		if string(name) != "streams" {
			c.Raw()
			continue
		}
		if c.Kind() == jsonscan.Null {
			c.Raw()
			continue
		}
		if !c.Array() {
			break
		}
		for c.Item() && !s.Stopped() {
			d.streamJSON(&c)
		}
		if s.Stopped() {
			return nil
		}
	}
	if c.Err() == nil && c.More() {
		return fmt.Errorf("byte %d: want the end of the body, got more", c.Offset())
	}
	return c.Err()
}

// streamJSON reads one stream. Its members are looked at twice, since labels may
// stand last.
func (d *decoder) streamJSON(c *jsonscan.Cursor) {
	raw := c.Raw()
	if c.Err() != nil {
		return
	}
	labels, values := find(raw, "stream"), find(raw, "values")
	if labels == nil {
		labels = find(raw, "labels") // of the form before 1.0: {"labels":"{a=\"b\"}","entries":[...]}
	}
	bad := d.labelsJSON(labels)
	if values == nil {
		d.sheet.Refuse(telemetry.ReasonBadRecord, fmt.Sprintf("stream %.80q has no values", raw))
		return
	}
	var v jsonscan.Cursor
	v.Reset(values, d.sheet.Grabber())
	if !v.Array() {
		d.sheet.Refuse(telemetry.ReasonBadRecord, "values of a stream: "+v.Err().Error())
		return
	}
	for v.Item() && !d.sheet.Stopped() {
		entry := v.Raw()
		switch {
		case v.Err() != nil:
		case bad != nil:
			d.refuse(bad)
		default:
			d.entryJSON(entry)
		}
	}
	if v.Err() != nil && !d.sheet.Stopped() {
		d.sheet.Refuse(telemetry.ReasonBadRecord, "values of a stream: "+v.Err().Error())
	}
}

// find returns the member of an object as it is written, nil if there is none.
func find(object []byte, member string) (value []byte) {
	var c jsonscan.Cursor
	c.Reset(object, nil)
	if !c.Object() {
		return nil
	}
	for {
		name, ok := c.Key()
		if !ok {
			return value
		}
		v := c.Raw()
		if string(name) == member && c.Err() == nil {
			value = v
		}
	}
}

// labelsJSON reads the labels of a stream: an object of strings.
func (d *decoder) labelsJSON(text []byte) error {
	d.labels = d.labels[:0]
	var c jsonscan.Cursor
	c.Reset(text, nil) // labels outlive a full sheet
	switch c.Kind() {
	case jsonscan.String:
		var err error
		d.labels, err = parseLabels(d.labels, c.String(), maxLabels)
		return err
	case jsonscan.Object:
	default:
		return fmt.Errorf(`want "stream" with an object of labels, got %s`, c.Kind())
	}
	c.Object()
	for {
		name, ok := c.Key()
		if !ok {
			return c.Err()
		}
		if kind := c.Kind(); kind != jsonscan.String && kind != jsonscan.Number && kind != jsonscan.Bool {
			return fmt.Errorf("label %.40q: want a string, got %s", name, kind)
		}
		if !isName(name) {
			return fmt.Errorf("%.40q is not a label's name of letters, digits and _", name)
		}
		if len(d.labels) >= maxLabels {
			return errTooManyLabels
		}
		d.labels = append(d.labels, telemetry.Pair{Name: name, Value: c.Text()})
	}
}

// entryJSON reads [time, line, {metadata}].
func (d *decoder) entryJSON(text []byte) {
	var c jsonscan.Cursor
	c.Reset(text, d.sheet.Grabber())
	r := d.begin()
	refuse := func(format string, args ...any) {
		d.sheet.Refuse(telemetry.ReasonBadRecord, fmt.Sprintf(format, args...))
	}
	if !c.Array() || !c.Item() {
		refuse("entry %.60q: want [time, line]", text)
		return
	}
	stamp := c.Text()
	var ok bool
	if r.Time, ok = parseNanos(stamp); !ok {
		refuse("time stamp %.40q: want nanoseconds since 1970 as a string of digits", stamp)
		return
	}
	if !c.Item() || c.Kind() != jsonscan.String {
		refuse("entry %.60q: want a line that is a string behind the time stamp", text)
		return
	}
	r.Body = c.String()
	if c.Item() {
		if c.Kind() != jsonscan.Object {
			refuse("entry %.60q: want an object of metadata behind the line", text)
			return
		}
		c.Object()
		for {
			name, ok := c.Key()
			if !ok {
				break
			}
			d.fields.Metadata(name, c.Text())
		}
		if c.Err() == nil && c.Item() {
			refuse("entry %.60q: want at most three members", text)
			return
		}
	}
	if c.Err() != nil {
		refuse("entry %.60q: %s", text, c.Err())
		return
	}
	d.sheet.End()
}
