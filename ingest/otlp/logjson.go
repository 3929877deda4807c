package otlp

import (
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/ingest/logline"
	"github.com/tocsinhq/tocsin/telemetry"
)

// DecodeLogsJSON writes an ExportLogsServiceRequest in JSON on a sheet. A record with
// a fault in it is refused and costs no other; an error says where the text is no JSON of
// the form, and the records before that are on the sheet.
func DecodeLogsJSON(body []byte, s *logline.Sheet) error {
	d := logDecoder{sheet: s}
	var c jsonscan.Cursor
	c.Reset(body, nil)
	members(&c, func(name []byte) {
		switch string(name) {
		case "resourceLogs", "resource_logs":
			elements(&c, func(raw []byte) {
				if !s.Stopped() {
					if err := d.resourceJSON(raw); err != nil {
						s.Refuse(telemetry.ReasonBadRecord, err.Error())
					}
				}
			})
		default:
			c.Raw()
		}
	})
	if c.Err() == nil && c.More() {
		return fmt.Errorf("byte %d: want the end of the body", c.Offset())
	}
	return c.Err()
}

// members calls f with the name of each member of the object at the cursor; f reads
// the value. null is an object without members.
func members(c *jsonscan.Cursor, f func(name []byte)) {
	if c.Kind() == jsonscan.Null {
		c.Raw()
		return
	}
	if !c.Object() {
		return
	}
	for {
		name, ok := c.Key()
		if !ok {
			return
		}
		f(name)
	}
}

// elements calls f with each element of the array at the cursor as it is written.
func elements(c *jsonscan.Cursor, f func(raw []byte)) {
	if c.Kind() == jsonscan.Null {
		c.Raw()
		return
	}
	if !c.Array() {
		return
	}
	for c.Item() {
		if raw := c.Raw(); c.Err() == nil {
			f(raw)
		}
	}
}

// resourceJSON reads the records of one resource, which may stand behind them.
func (d *logDecoder) resourceJSON(raw []byte) error {
	var c jsonscan.Cursor
	d.resource = d.resource[:0]
	c.Reset(raw, nil)
	var scopes [][]byte
	members(&c, func(name []byte) {
		switch string(name) {
		case "resource":
			members(&c, func(name []byte) {
				if string(name) != "attributes" {
					c.Raw()
					return
				}
				d.resource = appendAttributesJSON(d.resource, &c)
			})
		case "scopeLogs", "scope_logs":
			elements(&c, func(scope []byte) { scopes = append(scopes, scope) })
		default:
			c.Raw()
		}
	})
	if c.Err() != nil {
		return c.Err()
	}
	for _, scope := range scopes {
		if err := d.scopeJSON(scope); err != nil {
			return err
		}
	}
	return nil
}

func (d *logDecoder) scopeJSON(raw []byte) error {
	var c jsonscan.Cursor
	d.scope = d.scope[:0]
	c.Reset(raw, nil)
	var records []byte
	members(&c, func(name []byte) {
		switch string(name) {
		case "scope":
			members(&c, func(name []byte) {
				switch string(name) {
				case "name":
					if v := c.Text(); len(v) > 0 {
						d.scope = append(d.scope, telemetry.Pair{Name: scopeName, Value: v})
					}
				case "attributes":
					d.scope = appendAttributesJSON(d.scope, &c)
				default:
					c.Raw()
				}
			})
		case "logRecords", "log_records":
			records = c.Raw()
		default:
			c.Raw()
		}
	})
	if c.Err() != nil || records == nil {
		return c.Err()
	}
	c.Reset(records, nil)
	elements(&c, func(record []byte) {
		if !d.sheet.Stopped() {
			d.recordJSON(record)
		}
	})
	return c.Err()
}

// recordJSON reads a LogRecord.
func (d *logDecoder) recordJSON(raw []byte) {
	r := d.begin()
	var c jsonscan.Cursor
	c.Reset(raw, d.sheet.Grabber())
	var text []byte
	var fault string
	members(&c, func(name []byte) {
		switch string(name) {
		case "timeUnixNano", "time_unix_nano":
			r.Time, fault = nanosJSON(c.Text(), name, fault)
		case "observedTimeUnixNano", "observed_time_unix_nano":
			r.Observed, fault = nanosJSON(c.Text(), name, fault)
		case "severityNumber", "severity_number":
			r.Severity = severityJSON(c.Text())
		case "severityText", "severity_text":
			text = c.Text()
		case "body":
			d.bodyJSON(&c)
		case "attributes":
			elements(&c, func(raw []byte) {
				name, value, err := attributeJSON(raw, d.sheet.Grabber())
				if err != nil {
					fault = "attribute: " + err.Error()
					return
				}
				d.attribute(name, value)
			})
		case "traceId", "trace_id":
			fault = idJSON(r.TraceID[:], c.Text(), name, fault)
		case "spanId", "span_id":
			fault = idJSON(r.SpanID[:], c.Text(), name, fault)
		case "eventName", "event_name":
			if v := c.Text(); len(v) > 0 {
				d.fields.Metadata(eventName, v)
			}
		default:
			c.Raw()
		}
	})
	if c.Err() != nil {
		fault = c.Err().Error()
	}
	if fault != "" {
		d.sheet.Refuse(telemetry.ReasonBadRecord, fault)
		return
	}
	d.end(r, text)
}

// nanosJSON reads a time in nanoseconds, a string or a number. Too great ones are
// put right later.
func nanosJSON(text, name []byte, fault string) (int64, string) {
	v, err := strconv.ParseUint(string(text[:min(len(text), 32)]), 10, 64)
	switch {
	case len(text) == 0:
		return 0, fault
	case err != nil && v != 0: // out of range
		return nanos(v), fault
	case err != nil:
		if f, err := strconv.ParseFloat(string(text[:min(len(text), 32)]), 64); err == nil && f >= 0 && f < 1<<63 {
			return int64(f), fault // 1.7e18
		}
		return 0, fmt.Sprintf("%s: want nanoseconds since 1970, got %.40q", name, text)
	}
	return nanos(v), fault
}

// severityJSON reads a number or the name of the enumeration.
func severityJSON(text []byte) telemetry.Severity {
	if n, err := strconv.Atoi(string(text[:min(len(text), 8)])); err == nil && n >= 0 && n <= 24 {
		return telemetry.Severity(n)
	}
	const prefix = "SEVERITY_NUMBER_"
	if len(text) > len(prefix) && string(text[:len(prefix)]) == prefix {
		name := text[len(prefix):]
		if step := name[len(name)-1]; step >= '2' && step <= '4' {
			return logline.Level(name[:len(name)-1]) + telemetry.Severity(step-'1')
		}
		return logline.Level(name)
	}
	return telemetry.SeverityUnknown
}

// idJSON reads an id in hexadecimal digits. All zero is none.
func idJSON(to, text, name []byte, fault string) string {
	if len(text) == 0 {
		return fault
	}
	if len(text) != 2*len(to) {
		return fmt.Sprintf("%s: want %d hexadecimal digits, got %.80q", name, 2*len(to), text)
	}
	if _, err := hex.Decode(to, text); err != nil {
		return fmt.Sprintf("%s: want %d hexadecimal digits, got %.80q", name, 2*len(to), text)
	}
	return fault
}

// bodyJSON reads the body: text, or a map of which the fields that loggers use are found.
func (d *logDecoder) bodyJSON(c *jsonscan.Cursor) {
	if c.Kind() != jsonscan.Object {
		d.fields.SetBody(c.Text())
		return
	}
	members(c, func(name []byte) {
		switch string(name) {
		case "kvlistValue", "kvlist_value":
			raw := c.Raw()
			var m jsonscan.Cursor
			m.Reset(raw, d.sheet.Grabber())
			members(&m, func(name []byte) {
				if string(name) != "values" {
					m.Raw()
					return
				}
				elements(&m, func(pair []byte) {
					if name, value, err := attributeJSON(pair, d.sheet.Grabber()); err == nil {
						d.fields.Add(name, value)
					}
				})
			})
			if !d.fields.HasBody() {
				d.fields.SetBody(plainJSON(raw, '{'))
			}
		case "arrayValue", "array_value":
			d.fields.SetBody(plainJSON(c.Raw(), '['))
		default:
			d.fields.SetBody(c.Text())
		}
	})
}
