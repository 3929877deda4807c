package change

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// DecodeJSON reads one change from a request body: a JSON object whose fields
// are those of telemetry.Change except received, which is the receiver's.
// Times are RFC 3339 text or numbers of seconds or milliseconds since the Unix
// epoch (numbers of 100,000,000,000 and more are milliseconds). null stands for
// a missing field. An unknown or repeated field, a wrong type and trailing text
// are errors; all wrong fields are listed in the *InvalidError returned. The
// result is not yet validated and has no defaults; Record does both. The
// caller limits the size of the body, of which nothing is kept.
func DecodeJSON(body []byte) (telemetry.Change, error) {
	var c telemetry.Change
	e := new(InvalidError)
	dec := json.NewDecoder(bytes.NewReader(body))
	tok, err := dec.Token()
	if err != nil {
		return c, malformed(err, dec)
	}
	if tok != json.Delim('{') {
		e.add("", fmt.Sprintf("want a JSON object, got %v", kindOf(body)))
		return c, e
	}
	seen := make(map[string]bool)
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return c, malformed(err, dec)
		}
		name, _ := tok.(string) // the decoder accepts nothing else as a key
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return c, malformed(err, dec)
		}
		if seen[name] {
			e.add(clip(name), "want the field once, got it twice")
			continue
		}
		seen[name] = true
		decodeField(e, &c, name, raw)
	}
	if _, err := dec.Token(); err != nil {
		return c, malformed(err, dec)
	}
	if _, err := dec.Token(); err != io.EOF {
		e.add("", fmt.Sprintf("want one JSON object, got more text after its end at byte %d", dec.InputOffset()))
	}
	return c, e.orNil()
}

// fieldNames is what an unknown field is answered with.
const fieldNames = "id, kind, service, environment, version_from, version_to, started, finished, status, author, link, summary, labels"

func decodeField(e *InvalidError, c *telemetry.Change, name string, raw json.RawMessage) {
	text := map[string]*string{
		"id": &c.ID, "kind": (*string)(&c.Kind), "service": &c.Service, "environment": &c.Environment,
		"version_from": &c.VersionFrom, "version_to": &c.VersionTo, "status": (*string)(&c.Status),
		"author": &c.Author, "link": &c.Link, "summary": &c.Summary,
	}
	null := string(raw) == "null"
	switch p := text[name]; {
	case p != nil:
		if !null && json.Unmarshal(raw, p) != nil {
			e.add(name, fmt.Sprintf("want text, got %s", kindOf(raw)))
		}
	case name == "started":
		decodeTime(e, name, raw, &c.Started)
	case name == "finished":
		decodeTime(e, name, raw, &c.Finished)
	case name == "labels":
		decodeLabels(e, raw, &c.Labels)
	case name == "received":
		e.add(name, "want no such field: the time of receipt is set by the receiver")
	default:
		e.add(clip(name), "unknown field; known are "+fieldNames)
	}
}

func decodeLabels(e *InvalidError, raw json.RawMessage, into *map[string]string) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		e.add("labels", fmt.Sprintf("want an object of texts, got %s", kindOf(raw)))
		return
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		v := values[name]
		var s *string
		if err := json.Unmarshal(v, &s); err != nil || s == nil {
			e.add("labels."+clip(name), fmt.Sprintf("want text, got %s", kindOf(v)))
			continue
		}
		if *into == nil {
			*into = make(map[string]string, len(values))
		}
		(*into)[name] = *s
	}
}

func decodeTime(e *InvalidError, field string, raw json.RawMessage, into *time.Time) {
	const want = "want an RFC 3339 time or a number of seconds or milliseconds since 1970"
	if string(raw) == "null" {
		return
	}
	if raw[0] == '"' {
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			e.add(field, want)
			return
		}
		if s == "" {
			return
		}
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			e.add(field, fmt.Sprintf("%s, got %q", want, clip(s)))
			return
		}
		*into = t.UTC()
		return
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.Abs(f) >= 1e15 {
		e.add(field, fmt.Sprintf("%s, got %s", want, kindOf(raw)))
		return
	}
	ms := f
	if math.Abs(f) < 1e11 {
		ms = f * 1000
	}
	if ms != 0 {
		*into = time.UnixMilli(int64(math.Round(ms))).UTC()
	}
}

func malformed(err error, dec *json.Decoder) error {
	e := new(InvalidError)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		e.add("", fmt.Sprintf("want a JSON object, got text that ends too early at byte %d", dec.InputOffset()))
		return e
	}
	e.add("", fmt.Sprintf("want a JSON object, got malformed text after byte %d: %s", dec.InputOffset(), clip(err.Error())))
	return e
}

// kindOf names a JSON value shortly, with its beginning.
func kindOf(raw []byte) string {
	s := strings.TrimSpace(string(raw))
	kind := "a number"
	switch {
	case s == "":
		return "nothing"
	case s == "null":
		return "null"
	case s == "true" || s == "false":
		return s
	case s[0] == '"':
		kind = "text"
	case s[0] == '{':
		kind = "an object"
	case s[0] == '[':
		kind = "a list"
	}
	return fmt.Sprintf("%s (%s)", kind, strings.ToValidUTF8(clip(s), ""))
}
