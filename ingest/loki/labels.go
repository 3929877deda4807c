package loki

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/tocsinhq/tocsin/telemetry"
)

// parseLabels reads the labels of a stream as protobuf has them, {a="b", c="d"},
// and appends them to to. What nothing is escaped in aliases the text.
func parseLabels(to []telemetry.Pair, text []byte, most int) ([]telemetry.Pair, error) {
	b := bytes.TrimSpace(text)
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
		return to, fmt.Errorf(`labels %.60q: want {name="value", ...}`, text)
	}
	b = bytes.TrimSpace(b[1 : len(b)-1])
	for len(b) > 0 {
		eq := bytes.IndexByte(b, '=')
		if eq < 0 {
			return to, fmt.Errorf(`labels %.60q: want name="value" at %.20q`, text, b)
		}
		name := bytes.TrimSpace(b[:eq])
		if !isName(name) {
			return to, fmt.Errorf("labels %.60q: %.40q is not a name of letters, digits and _", text, name)
		}
		value, rest, err := quoted(bytes.TrimLeft(b[eq+1:], " "))
		if err != nil {
			return to, fmt.Errorf("labels %.60q: value of %s: %w", text, name, err)
		}
		for _, p := range to {
			if bytes.Equal(p.Name, name) {
				return to, fmt.Errorf("labels %.60q: %s stands twice", text, name)
			}
		}
		if len(to) >= most {
			return to, errTooManyLabels
		}
		to = append(to, telemetry.Pair{Name: name, Value: value})
		rest = bytes.TrimLeft(rest, " ")
		if len(rest) == 0 {
			break
		}
		if rest[0] != ',' {
			return to, fmt.Errorf("labels %.60q: want a comma at %.20q", text, rest)
		}
		b = bytes.TrimLeft(rest[1:], " ")
	}
	return to, nil
}

// quoted reads a string of Go and returns what follows it.
func quoted(b []byte) (value, rest []byte, err error) {
	if len(b) == 0 || b[0] != '"' && b[0] != '`' {
		return nil, nil, fmt.Errorf("want a string in quotes at %.20q", b)
	}
	if b[0] == '`' {
		end := bytes.IndexByte(b[1:], '`')
		if end < 0 {
			return nil, nil, fmt.Errorf("the string at %.20q does not end", b)
		}
		return b[1 : 1+end : 1+end], b[end+2:], nil
	}
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			inner := b[1:i:i]
			if bytes.IndexByte(inner, '\\') < 0 {
				return inner, b[i+1:], nil
			}
			plain, err := strconv.Unquote(string(b[:i+1]))
			if err != nil {
				return nil, nil, fmt.Errorf("%.40q: %w", b[:i+1], err)
			}
			return []byte(plain), b[i+1:], nil
		}
	}
	return nil, nil, fmt.Errorf("the string at %.20q does not end", b)
}

// isName reports whether a text is a label's name. Dots and dashes are refused by
// Loki and sent by some clients all the same.
func isName(b []byte) bool {
	if len(b) == 0 || len(b) > 1024 {
		return false
	}
	for _, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-' || c == ':' || c == '/') {
			return false
		}
	}
	return true
}
