package docgen

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// markdown puts the page together.
func (r *reference) markdown() string {
	var b strings.Builder
	b.WriteString("<!-- Generated from the code by make docs. -->\n\n# Configuration\n\n" +
		"Every field of the configuration file, with its default. A field that the file does not name keeps its default; " +
		"a field that is not on this page is refused. Durations are written `500ms`, `5m`, `1h30m`, `1d`; sizes `16MiB`, `1GB`. " +
		"`[]` stands for each element of a list, `<name>` for a name of your choice.\n")
	for _, s := range r.sections {
		if s.name != "" {
			fmt.Fprintf(&b, "\n## %s\n\n%s\n", s.name, capital(s.text))
		}
		if len(s.rows) == 0 {
			continue
		}
		b.WriteString("\n| field | type | default | meaning |\n|---|---|---|---|\n")
		for _, row := range s.rows {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", row.path, row.kind, cell(row.def), cell(capital(row.text)))
		}
	}
	return b.String()
}

// cell makes a text safe within a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", `\|`)
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// defaultOf returns the default as it would be written, or nothing for what has
// fields of its own.
func defaultOf(v reflect.Value) string {
	if v.Kind() == reflect.Struct && !isText(v.Type()) {
		return ""
	}
	unset := v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface || v.Type() == reflect.TypeFor[time.Time]()
	if unset && v.IsZero() {
		return "none"
	}
	return "`" + written(v) + "`"
}

// written returns a value in YAML's flow style. Zero fields of structs are left
// out, keys of maps are sorted.
func written(v reflect.Value) string {
	if text, ok := textOf(v); ok {
		return text
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "null"
		}
		return written(v.Elem())
	case reflect.Slice, reflect.Array:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = written(v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		var parts []string
		for _, key := range v.MapKeys() {
			parts = append(parts, fmt.Sprintf("%v: %s", key, written(v.MapIndex(key))))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	case reflect.Struct:
		return "{" + strings.Join(writtenFields(v), ", ") + "}"
	case reflect.String:
		return quoted(v.String())
	}
	return fmt.Sprint(v)
}

func writtenFields(v reflect.Value) []string {
	var parts []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		inline := slices.Contains(strings.Split(options, ","), "inline")
		switch {
		case name == "-" || v.Field(i).IsZero() || !f.IsExported() && !inline:
		case inline && f.Type.Kind() == reflect.Struct:
			parts = append(parts, writtenFields(v.Field(i))...)
		default:
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			parts = append(parts, name+": "+written(v.Field(i)))
		}
	}
	return parts
}

// textOf returns the text of a value that is written as one.
func textOf(v reflect.Value) (string, bool) {
	if !v.CanInterface() {
		return "", false
	}
	if d, ok := v.Interface().(time.Duration); ok {
		return yamldoc.Duration(d).String(), true
	}
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok || v.Kind() == reflect.Pointer && v.IsNil() {
		return "", false
	}
	text, err := m.MarshalText()
	if err != nil {
		return "", false
	}
	return quoted(string(text)), true
}

// quoted quotes a text where YAML needs it.
func quoted(s string) string {
	if s == "" || strings.TrimSpace(s) != s || strings.ContainsAny(s, "\n\t\"'#{}[],&*!|>%@`") || strings.Contains(s, ": ") {
		return fmt.Sprintf("%q", strings.ReplaceAll(s, "`", "'"))
	}
	return s
}
