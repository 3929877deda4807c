package otlp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/tocsinhq/tocsin/ingest"
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

// faultOfJSON says why a body was not decoded: where it is no JSON, which the decoder tells
// only by what stands there, or what the decoder says. No number that a sender wrote makes
// it long: all of it goes into the answer and the log.
func faultOfJSON(body []byte, err error) error {
	if err == nil {
		return nil
	}
	var any json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(body, &any), &syntax) {
		err = fmt.Errorf("byte %d: no JSON: %w", syntax.Offset, syntax)
	}
	const most = 500
	if text := err.Error(); len(text) > most {
		return fmt.Errorf("%s...", text[:most])
	}
	return err
}

// refuseMistaken refuses a body that is not of the encoding which it is said to have.
func refuseMistaken(body []byte, encoding string) *ingest.Refusal {
	text := trimmed(body)
	switch {
	case encoding == typeProtobuf && isJSONText(body):
		return ingest.Refuse(http.StatusBadRequest, "looks_like_json", "body looks like JSON and Content-Type says protobuf; send Content-Type %s", typeJSON)
	case encoding == typeJSON && (len(text) == 0 || text[0] != '{'):
		return ingest.Refuse(http.StatusBadRequest, "malformed", "want a JSON object such as {}, got %d bytes that begin with %.8q", len(body), text)
	}
	return nil
}
