package otlp

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"

	"github.com/tocsinhq/tocsin/telemetry"
)

// attribute writes one attribute of a record. Those of an exception wait for the body.
func (d *logDecoder) attribute(name, value []byte) {
	switch string(name) {
	case "exception.stacktrace":
		d.stack = value
		return
	case "exception.type":
		d.kind = value
	case "exception.message":
		d.message = value
	}
	d.fields.Metadata(name, value)
}

// appendAttribute appends a KeyValue.
func appendAttribute(to []telemetry.Pair, b []byte, grab func(int) []byte) ([]telemetry.Pair, error) {
	name, value, err := attribute(b, grab)
	if err != nil {
		return to, err
	}
	return append(to, telemetry.Pair{Name: name, Value: value}), nil
}

// attribute reads a KeyValue.
func attribute(b []byte, grab func(int) []byte) (name, value []byte, err error) {
	err = each(b, func(x field) (err error) {
		switch x.number {
		case 1:
			name = x.bytes
		case 2:
			value, err = anyValue(x.bytes, grab)
		}
		return err
	})
	return name, value, err
}

// anyValue reads an AnyValue as text: a string as it is, bytes in base64, lists and
// maps as JSON.
func anyValue(b []byte, grab func(int) []byte) (text []byte, err error) {
	err = each(b, func(x field) error {
		if x.number == 1 {
			text = x.bytes
			return nil
		}
		var scratch [64]byte
		out, err := appendValue(scratch[:0], x, 0)
		text = grab(len(out))
		copy(text, out)
		return err
	})
	return text, err
}

// appendValue writes one field of an AnyValue as JSON, but a number, a truth value
// and bytes outside of lists without quotes.
func appendValue(to []byte, x field, depth int) ([]byte, error) {
	if depth > maxDepth {
		return to, fmt.Errorf("attribute values nest deeper than %d levels", maxDepth)
	}
	switch x.number {
	case 1:
		return appendQuoted(to, x.bytes), nil
	case 2:
		return strconv.AppendBool(to, x.value != 0), nil
	case 3:
		return strconv.AppendInt(to, int64(x.value), 10), nil
	case 4:
		return appendFloat(to, math.Float64frombits(x.value), depth > 0), nil
	case 5:
		return appendList(to, x.bytes, depth)
	case 6:
		return appendMap(to, x.bytes, depth)
	case 7:
		if depth > 0 {
			to = append(to, '"')
		}
		to = base64.StdEncoding.AppendEncode(to, x.bytes)
		if depth > 0 {
			to = append(to, '"')
		}
	}
	return to, nil
}

func appendFloat(to []byte, v float64, quoted bool) []byte {
	odd := math.IsNaN(v) || math.IsInf(v, 0)
	if odd && quoted {
		return append(strconv.AppendFloat(append(to, '"'), v, 'g', -1, 64), '"')
	}
	return strconv.AppendFloat(to, v, 'g', -1, 64)
}

func appendList(to, b []byte, depth int) ([]byte, error) {
	return appendMembers(to, b, "[]", func(to []byte, x field) ([]byte, error) { return appendNested(to, x.bytes, depth) })
}

func appendMap(to, b []byte, depth int) ([]byte, error) {
	return appendMembers(to, b, "{}", func(to []byte, x field) ([]byte, error) {
		var name, value []byte
		if err := each(x.bytes, func(x field) error {
			switch x.number {
			case 1:
				name = x.bytes
			case 2:
				value = x.bytes
			}
			return nil
		}); err != nil {
			return to, err
		}
		return appendNested(append(appendQuoted(to, name), ':'), value, depth)
	})
}

// appendMembers appends the values of a list or the pairs of a map, between brackets and
// with commas; both have them in field 1.
func appendMembers(to, b []byte, brackets string, member func(to []byte, x field) ([]byte, error)) ([]byte, error) {
	to = append(to, brackets[0])
	first := true
	err := each(b, func(x field) (err error) {
		if x.number != 1 {
			return nil
		}
		if !first {
			to = append(to, ',')
		}
		first = false
		to, err = member(to, x)
		return err
	})
	return append(to, brackets[1]), err
}

// appendNested writes an AnyValue inside a list or map.
func appendNested(to, b []byte, depth int) ([]byte, error) {
	before := len(to)
	err := each(b, func(x field) (err error) {
		if x.number >= 1 && x.number <= 7 {
			to, err = appendValue(to[:before], x, depth+1)
		}
		return err
	})
	if len(to) == before {
		to = append(to, "null"...)
	}
	return to, err
}

// appendQuoted writes a string of JSON. Bytes that are not UTF-8 stay as they are.
func appendQuoted(to, s []byte) []byte {
	to = append(to, '"')
	for _, b := range s {
		switch {
		case b == '"' || b == '\\':
			to = append(to, '\\', b)
		case b == '\n':
			to = append(to, '\\', 'n')
		case b == '\t':
			to = append(to, '\\', 't')
		case b < ' ':
			to = append(to, `\u00`...)
			to = append(to, "0123456789abcdef"[b>>4], "0123456789abcdef"[b&15])
		default:
			to = append(to, b)
		}
	}
	return append(to, '"')
}
