package otlp

import (
	"github.com/tocsinhq/tocsin/ingest/jsonscan"
	"github.com/tocsinhq/tocsin/telemetry"
)

// appendAttributesJSON reads a list of {"key": ..., "value": {...}} whose memory is not
// that of the sheet.
func appendAttributesJSON(to []telemetry.Pair, c *jsonscan.Cursor) []telemetry.Pair {
	elements(c, func(raw []byte) {
		name, value, err := attributeJSON(raw, allocate)
		if err == nil {
			to = append(to, telemetry.Pair{Name: name, Value: value})
		}
	})
	return to
}

// attributeJSON reads a KeyValue.
func attributeJSON(raw []byte, grab func(int) []byte) (name, value []byte, err error) {
	var c jsonscan.Cursor
	c.Reset(raw, grab)
	members(&c, func(member []byte) {
		switch string(member) {
		case "key":
			name = c.Text()
		case "value":
			value = valueJSON(&c)
		default:
			c.Raw()
		}
	})
	return name, value, c.Err()
}

// valueJSON reads an AnyValue as text. Whole numbers may be strings, as the
// protocol wants them, or numbers, as OpenTelemetry's JavaScript sends them.
func valueJSON(c *jsonscan.Cursor) (text []byte) {
	if c.Kind() != jsonscan.Object && c.Kind() != jsonscan.Null {
		return c.Text() // not of the protocol, and plain enough
	}
	members(c, func(name []byte) {
		switch string(name) {
		case "arrayValue", "array_value":
			text = plainJSON(c.Raw(), '[')
		case "kvlistValue", "kvlist_value":
			text = plainJSON(c.Raw(), '{')
		default:
			text = c.Text()
		}
	})
	return text
}

// plainJSON rewrites the list or map of an AnyValue, such as
// {"values":[{"key":"a","value":{"intValue":"1"}}]}, as the JSON that people write: {"a":1}. open is its bracket.
func plainJSON(raw []byte, open byte) []byte {
	var c jsonscan.Cursor
	c.Reset(raw, nil)
	return appendPlain(nil, &c, open)
}

func appendPlain(to []byte, c *jsonscan.Cursor, open byte) []byte {
	to = append(to, open)
	begin := len(to)
	members(c, func(name []byte) {
		if string(name) != "values" || len(to) > begin {
			c.Raw()
			return
		}
		elements(c, func(element []byte) {
			if len(to) > begin {
				to = append(to, ',')
			}
			var e jsonscan.Cursor
			e.Reset(element, nil)
			if open == '{' {
				to = appendMember(to, &e)
			} else {
				to = appendElement(to, &e)
			}
		})
	})
	return append(to, open+2) // of both brackets, in ASCII
}

// appendMember writes a KeyValue.
func appendMember(to []byte, c *jsonscan.Cursor) []byte {
	var key, value []byte
	members(c, func(name []byte) {
		switch string(name) {
		case "key":
			key = c.Text()
		case "value":
			value = c.Raw()
		default:
			c.Raw()
		}
	})
	to = append(appendQuoted(to, key), ':')
	var v jsonscan.Cursor
	v.Reset(value, nil)
	return appendElement(to, &v)
}

// appendElement writes an AnyValue.
func appendElement(to []byte, c *jsonscan.Cursor) []byte {
	begin := len(to)
	members(c, func(name []byte) {
		switch string(name) {
		case "stringValue", "string_value", "bytesValue", "bytes_value":
			to = appendQuoted(to, c.Text())
		case "arrayValue", "array_value":
			to = appendPlain(to, c, '[')
		case "kvlistValue", "kvlist_value":
			to = appendPlain(to, c, '{')
		default:
			to = append(to, c.Text()...) // numbers may be in quotes
		}
	})
	if len(to) == begin {
		to = append(to, "null"...)
	}
	return to
}
