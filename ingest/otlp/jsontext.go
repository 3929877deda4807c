package otlp

import (
	"bytes"
	"encoding/json"
)

// trimmed is a body without the space before a JSON text.
func trimmed(body []byte) []byte { return bytes.TrimLeft(body, " \t\r\n") }

// isJSONText reports whether a body that is said to be protobuf is a JSON text. Some of
// them happen to parse as protobuf of unknown fields, and would be taken with nothing
// stored. A line feed before a bracket is also how an export begins whose first resource
// has as many bytes as the bracket's number, 91 or 123, so with space before it a text
// must be one to its end.
func isJSONText(body []byte) bool {
	text := trimmed(body)
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	return len(text) == len(body) || json.Valid(text)
}
