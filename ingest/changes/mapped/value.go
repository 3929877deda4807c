package mapped

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"text/template"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
)

// maxValue bounds what a template may write for one field, in bytes.
const maxValue = 8 << 10

// scope is what a value is taken from.
type scope struct {
	item any
	body any
	req  hook.Request
}

// value gives the text of one field.
type value func(s scope) (string, error)

// compile makes a value of what the configuration says; nothing is nothing.
func compile(name, text string) (value, error) {
	switch {
	case strings.HasPrefix(text, "/"):
		return func(s scope) (string, error) { return show(at(s.item, text)), nil }, nil
	case !strings.Contains(text, "{{"):
		return func(scope) (string, error) { return text, nil }, nil
	}
	t, err := template.New(name).Funcs(functions(scope{})).Parse(text)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
	}
	return func(s scope) (string, error) {
		own, err := t.Clone() // its functions are those of one request
		if err != nil {
			return "", err
		}
		w := &limited{left: maxValue}
		if err := own.Funcs(functions(s)).Execute(w, s.item); err != nil {
			return "", errors.New(hook.Clip(strings.TrimPrefix(err.Error(), "template: "), 300))
		}
		return strings.TrimSpace(strings.ReplaceAll(w.String(), "<no value>", "")), nil
	}, nil
}

func functions(s scope) template.FuncMap {
	return template.FuncMap{
		"body":       func() any { return s.body },
		"header":     func(name string) string { return s.req.Header.Get(name) },
		"get":        get,
		"lower":      func(v any) string { return strings.ToLower(show(v)) },
		"upper":      func(v any) string { return strings.ToUpper(show(v)) },
		"short":      func(v any) string { return hook.Rev(show(v)) },
		"line":       func(v any) string { return hook.Line(show(v)) },
		"base":       func(v any) string { return strings.Trim(path.Base("/"+show(v)), "/") },
		"trimPrefix": func(prefix string, v any) string { return strings.TrimPrefix(show(v), prefix) },
		"trimSuffix": func(suffix string, v any) string { return strings.TrimSuffix(show(v), suffix) },
		"default": func(other string, v any) string {
			if text := show(v); text != "" {
				return text
			}
			return other
		},
	}
}

// get follows keys, and indices of lists, as far as they lead.
func get(v any, keys ...string) any {
	for _, k := range keys {
		v = child(v, k)
	}
	return v
}

func child(v any, key string) any {
	switch x := v.(type) {
	case map[string]any:
		return x[key]
	case []any:
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(x) {
			return x[i]
		}
	}
	return nil
}

// at follows a JSON pointer; what is not there is nil.
func at(v any, pointer string) any {
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		v = child(v, strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~"))
	}
	return v
}

// show writes a value of JSON as text; null is nothing.
func show(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case json.Number:
		return x.String()
	case bool:
		return strconv.FormatBool(x)
	case map[string]any, []any:
		text, err := json.Marshal(x)
		if err != nil {
			return ""
		}
		return string(text)
	}
	return fmt.Sprint(v)
}

// limited takes text up to a size.
type limited struct {
	bytes.Buffer
	left int
}

// Write refuses what goes beyond the size.
func (l *limited) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, fmt.Errorf("want at most %d bytes", maxValue)
	}
	return l.Buffer.Write(p)
}
