package remote

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
)

// bodyFields are where documents have their text.
var bodyFields = []string{"message", "msg", "body", "body.text", "log"}

// elasticName is the name of the label of a field: labels.env is env.
func elasticName(f string) string { return logql.LabelName(strings.TrimPrefix(f, "labels.")) }

// maxDepth and maxFields bound what a document makes.
const (
	maxDepth  = 16
	maxFields = 1000
)

// record makes a record of a document.
func (e *elastic) record(h *hit) (*logs.Record, error) {
	d := json.NewDecoder(bytes.NewReader(h.Source))
	d.UseNumber()
	var all map[string]any
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("%w: read document %s of %s: %w", ErrUnavailable, h.ID, h.Index, err)
	}
	fields := flatten(nil, "", all, 0)
	at, err := documentTime(valueOf(fields, timeField), h.Sort)
	if err != nil {
		return nil, fmt.Errorf("%w: document %s of %s: %w", ErrUnavailable, h.ID, h.Index, err)
	}
	from, body := first(fields, bodyFields)
	if from == "" {
		body = string(h.Source)
	}
	fields = slices.DeleteFunc(fields, func(f field) bool { return f.name == timeField || f.name == from })
	for i := range fields {
		fields[i].stream = slices.Contains(e.cfg.Labels, fields[i].name)
	}
	return e.roles.record(at, body, fields, elasticName), nil
}

// flatten appends the members of an object, those of objects in it with both names.
func flatten(to []field, prefix string, all map[string]any, depth int) []field {
	for _, n := range slices.Sorted(maps.Keys(all)) {
		if len(to) >= maxFields {
			return to
		}
		if inner, ok := all[n].(map[string]any); ok && depth < maxDepth {
			to = flatten(to, prefix+n+".", inner, depth+1)
			continue
		}
		to = append(to, field{name: prefix + n, value: plainText(all[n])})
	}
	return to
}

// plainText is a value of JSON as text: lists of one are what is in them, null is nothing.
func plainText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case json.Number:
		return v.String()
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case []any:
		if len(v) == 1 {
			return plainText(v[0])
		}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(raw)
}

// documentTime reads the time of a document, or that by which it was sorted.
func documentTime(text string, sorted []any) (int64, error) {
	try := []string{text}
	if len(sorted) > 0 {
		try = append(try, plainText(sorted[0]))
	}
	for _, s := range try {
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return t.UnixNano(), nil
		}
		if t, err := time.Parse("2006-01-02T15:04:05.999999999-0700", s); err == nil {
			return t.UnixNano(), nil
		}
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 0 && n < maxInstant/int64(time.Millisecond) {
			return n * int64(time.Millisecond), nil // epoch_millis
		}
	}
	return 0, fmt.Errorf("want @timestamp as RFC 3339 or in milliseconds, got %.64q", text)
}
