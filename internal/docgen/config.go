package docgen

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// Config writes docs/configuration.md: every field that the configuration root
// may hold, with its path, its type, its default (what root holds) and the
// comment on it. root is a struct or a pointer to one, of `yaml` tags as
// internal/yamldoc reads them. srcDirs are folders with the source of the
// structs' packages; those below a folder are found too. Every field without a
// comment and every struct whose source is not found is an error; all are
// returned at once and nothing is written then.
func Config(w io.Writer, root reflect.Value, srcDirs []string) error {
	for root.Kind() == reflect.Pointer && !root.IsNil() {
		root = root.Elem()
	}
	if root.Kind() != reflect.Struct {
		return fmt.Errorf("want a struct or a pointer to one, got %s", root.Kind())
	}
	found, err := newComments(srcDirs)
	if err != nil {
		return err
	}
	r := reference{comments: found}
	r.sections = []*section{{}}
	r.structure(root, "", nil)
	if len(r.errs) > 0 {
		return errors.Join(r.errs...)
	}
	_, err = io.WriteString(w, r.markdown())
	return err
}

// reference is the page in the making. Each struct at the top of the
// configuration has a section; the fields that are not in one stand first.
type reference struct {
	comments *comments
	sections []*section
	errs     []error
}

type section struct {
	name, text string
	rows       []row
}

type row struct{ path, kind, def, text string }

// structure adds the fields of a struct that stands at path.
func (r *reference) structure(v reflect.Value, path string, above []reflect.Type) {
	t := v.Type()
	if slices.Contains(above, t) {
		return // a type within itself: its fields are on the page already
	}
	said, err := r.comments.of(t)
	if err != nil {
		r.errs = append(r.errs, err)
		return
	}
	above = append(slices.Clone(above), t)
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		inline := slices.Contains(strings.Split(options, ","), "inline")
		switch {
		case name == "-" || !f.IsExported() && !inline:
		case inline && f.Type.Kind() == reflect.Struct:
			r.structure(v.Field(i), path, above)
		default:
			value := v.Field(i)
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			if inline { // a map that takes every other name
				name, value = "<name>", reflect.New(f.Type.Elem()).Elem()
			}
			text := said.fields[f.Name]
			if strings.TrimSpace(text) == "" {
				r.errs = append(r.errs, fmt.Errorf("%s.%s has no comment; say what it does, its unit and its bounds", t, f.Name))
				continue
			}
			r.field(value, join(path, name), inOwnWords(text, f.Name, name), above)
		}
	}
}

// field adds one field and what is below it.
func (r *reference) field(v reflect.Value, path, text string, above []reflect.Type) {
	element, below := v, path
	for {
		switch kind := element.Kind(); {
		case isText(element.Type()):
		case kind == reflect.Pointer:
			if element.IsNil() {
				element = reflect.New(element.Type().Elem())
			}
			element = element.Elem()
			continue
		case kind == reflect.Slice || kind == reflect.Array:
			element, below = reflect.New(element.Type().Elem()).Elem(), below+"[]"
			continue
		case kind == reflect.Map:
			element, below = reflect.New(element.Type().Elem()).Elem(), join(below, "<name>")
			continue
		}
		break
	}
	isStruct := element.Kind() == reflect.Struct && !isText(element.Type())
	into := r.sections[len(r.sections)-1]
	if top := !strings.ContainsAny(path, ".["); top && isStruct {
		into = &section{name: path, text: text}
		r.sections = append(r.sections, into)
		text = ""
	} else if top {
		into = r.sections[0]
	}
	if v.Kind() != reflect.Struct || !isStruct || text != "" {
		into.rows = append(into.rows, row{path: path, kind: kindOf(v.Type()), def: defaultOf(v), text: text})
	}
	if isStruct {
		r.structure(element, below, above)
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// inOwnWords turns a Go comment into a sentence of the page: the field is called
// by its name in YAML.
func inOwnWords(text, goName, yamlName string) string {
	text = strings.Join(strings.Fields(text), " ")
	if rest, ok := strings.CutPrefix(text, goName+" "); ok {
		text = "`" + yamlName + "` " + rest
	}
	return text
}

// isText tells whether a type is written as one text, whatever its kind.
func isText(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Duration]() || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// kindOf says in words what is written.
func kindOf(t reflect.Type) string {
	if w, ok := reflect.Zero(t).Interface().(interface{ Written() string }); ok {
		return w.Written() // a type that reads itself
	}
	switch t {
	case reflect.TypeFor[time.Duration](), reflect.TypeFor[yamldoc.Duration]():
		return "duration"
	case reflect.TypeFor[yamldoc.Bytes]():
		return "size"
	case reflect.TypeFor[yamldoc.Secret]():
		return "secret text"
	case reflect.TypeFor[time.Time]():
		return "time"
	}
	if isText(t) {
		return "text"
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "text"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice, reflect.Array:
		return "list of " + plural(kindOf(t.Elem()))
	case reflect.Map:
		return "mapping of names to " + plural(kindOf(t.Elem()))
	case reflect.Struct:
		return "mapping"
	case reflect.Pointer:
		return kindOf(t.Elem()) + ", optional"
	case reflect.Interface:
		return "anything"
	}
	return "whole number"
}

// plural returns a kind for several of it.
func plural(kind string) string {
	if strings.HasPrefix(kind, "mapping of ") || strings.HasPrefix(kind, "list of ") {
		return strings.Replace(kind, " of ", "s of ", 1)
	}
	switch kind {
	case "duration", "size", "time", "number", "mapping", "whole number":
		return kind + "s"
	}
	return kind
}
