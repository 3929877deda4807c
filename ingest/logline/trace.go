package logline

import (
	"bytes"
	"encoding/hex"
	"strconv"
)

// ParseTraceID reads the id of a trace: 32 hexadecimal digits, 16 of older
// tracers, a UUID, or the decimal number of Datadog's tracers. It reports false for all
// else and for zero.
func ParseTraceID(text []byte) (id [16]byte, ok bool) {
	switch len(text) {
	case 32:
		_, err := hex.Decode(id[:], text)
		return id, err == nil && id != [16]byte{}
	case 36:
		var plain [32]byte
		n := 0
		for _, b := range text {
			if b == '-' {
				continue
			}
			if n == len(plain) {
				return id, false
			}
			plain[n] = b
			n++
		}
		if n != len(plain) {
			return id, false
		}
		_, err := hex.Decode(id[:], plain[:])
		return id, err == nil && id != [16]byte{}
	}
	span, ok := ParseSpanID(text)
	copy(id[8:], span[:])
	return id, ok
}

// ParseSpanID reads the id of a span: 16 hexadecimal digits or Datadog's decimal
// number. It reports false for all else and for zero.
func ParseSpanID(text []byte) (id [8]byte, ok bool) {
	if len(text) == 16 {
		if _, err := hex.Decode(id[:], text); err == nil {
			return id, id != [8]byte{}
		}
	}
	if len(text) < 17 || len(text) > 20 {
		return [8]byte{}, false
	}
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil || n == 0 {
		return [8]byte{}, false
	}
	for i := range id {
		id[i] = byte(n >> (56 - 8*i))
	}
	return id, true
}

// ParseTraceParent reads the header of W3C: 00-TRACE-SPAN-FLAGS.
func ParseTraceParent(text []byte) (trace [16]byte, span [8]byte, ok bool) {
	if len(text) < 52 || text[2] != '-' || text[35] != '-' {
		return trace, span, false
	}
	trace, ok = ParseTraceID(text[3:35])
	if !ok {
		return trace, span, false
	}
	span, _ = ParseSpanID(text[36:52])
	return trace, span, true
}

// traceBytes is how far into a text ids are looked for.
const traceBytes = 8 << 10

// FindTrace looks for ids in a text: trace_id=, traceId, TraceID:, trace.id and
// their kin of JSON, logfmt and prose, before 32 hexadecimal digits, and traceparent.
func FindTrace(body []byte) (trace [16]byte, span [8]byte, ok bool) {
	b := body[:min(len(body), traceBytes)]
	for at := 0; ; {
		n := bytes.Index(b[at:], []byte("race"))
		if n < 0 {
			return trace, span, false
		}
		at += n + 4
		if bytes.HasPrefix(b[at:], []byte("parent")) {
			value, _ := valueAt(b, at+6)
			if trace, span, ok = ParseTraceParent(value); ok {
				return trace, span, true
			}
			continue
		}
		value := idAt(b, at)
		if len(value) < 32 {
			continue
		}
		if trace, ok = ParseTraceID(value[:32]); ok && (len(value) == 32 || !isHex(value[32])) {
			return trace, findSpan(b), true
		}
	}
}

// findSpan looks for the id of a span in a text that names a trace.
func findSpan(b []byte) (span [8]byte) {
	for at := 0; ; {
		n := bytes.Index(b[at:], []byte("pan"))
		if n < 0 {
			return span
		}
		at += n + 3
		if value := idAt(b, at); len(value) == 16 {
			if span, ok := ParseSpanID(value); ok {
				return span
			}
		}
	}
}

// idAt returns the value behind the rest of a name that ends in id: _id=, Id":", ID: .
func idAt(b []byte, i int) []byte {
	if i < len(b) && (b[i] == '_' || b[i] == '.' || b[i] == '-' || b[i] == ' ') {
		i++
	}
	if i+1 >= len(b) || b[i]|0x20 != 'i' || b[i+1]|0x20 != 'd' {
		return nil
	}
	value, _ := valueAt(b, i+2)
	return value
}

func isHex(b byte) bool {
	return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'f'
}
