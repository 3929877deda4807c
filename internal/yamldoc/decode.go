package yamldoc

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// NodeDecoder is a type that decodes itself, because it has defaults of its
// own, takes more than one form, or wants to keep the line it stands on. The
// method is called on a pointer, also for Nothing. To decode the plain fields
// it converts itself to a type without the method:
//
//	func (r *Receiver) DecodeNode(n yamldoc.Node) yamldoc.Errors {
//		*r = DefaultReceiver()
//		type plain Receiver
//		return n.Decode((*plain)(r))
//	}
//
// An embedded type hands its DecodeNode on to the struct around it, so types
// that are embedded should not have one.
type NodeDecoder interface {
	DecodeNode(n Node) Errors
}

// WantError is what an UnmarshalText returns when it cannot read a text. The
// decoder puts what stands in the document in the place of Got.
type WantError struct {
	Want string // such as `a duration such as "5m"`
	Got  string // the text
}

// Error returns "want WANT, got GOT".
func (e *WantError) Error() string {
	return fmt.Sprintf("want %s, got %q", e.Want, clip(e.Got))
}

// Decode fills v, a non-nil pointer, from the document by `yaml:"name"` and
// `yaml:",inline"` tags, and returns everything that does not fit, in no
// particular order: unknown fields, wrong types, repeated keys, missing values,
// variables that are not set; after a thousand it only counts. Fields that the
// document does not name keep what they held, which is how defaults are given;
// a list or a map of the document replaces what was there. Fields without a tag
// go by their name in lower case. An empty document changes nothing.
//
// It decodes structs, pointers, slices, arrays, maps with string keys, strings,
// booleans, numbers, any, time.Duration, what implements encoding.TextUnmarshaler
// and what implements NodeDecoder. Numbers and truth values are text where text
// is wanted; text is never a number, unless it came from the environment.
func (d *Document) Decode(v any) Errors {
	var errs Errors
	for _, e := range d.errs {
		e.Where = d.where(e.Path)
		errs = append(errs, e)
	}
	if d.root.kind == Nothing {
		return errs
	}
	return append(errs, d.decode(d.Root(), v)...)
}

// Report returns the function to hand to a Config's Validate: it adds to errs
// an error at the path, unless errs already holds one for the same path, so
// that a value that could not be read is not also called too small.
func (d *Document) Report(errs *Errors) func(path, format string, args ...any) {
	return func(path, format string, args ...any) {
		for _, e := range *errs {
			if e.Path == path && e.File == d.file {
				return
			}
		}
		*errs = append(*errs, d.Errorf(path, format, args...))
	}
}

func (d *Document) decode(n Node, v any) Errors {
	target := reflect.ValueOf(v)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return Errors{n.Errorf("cannot decode into %T: want a pointer that is not nil", v)}
	}
	dec := decoder{schemas: map[reflect.Type]*schema{}}
	if !dec.hook(n, target) {
		dec.value(n, target.Elem())
	}
	if dec.more > 0 {
		dec.errs = append(dec.errs, n.Errorf("%d more errors are not shown", dec.more))
	}
	return dec.errs
}

// decoder is the state of one Decode.
type decoder struct {
	schemas map[reflect.Type]*schema
	errs    Errors
	more    int // errors beyond maxErrors
}

func (d *decoder) add(errs ...Error) {
	room := max(0, min(len(errs), maxErrors-len(d.errs)))
	d.errs = append(d.errs, errs[:room]...)
	d.more += len(errs) - room
}

// want reports that the node is not what the target wants.
func (d *decoder) want(n Node, what, hint string) {
	d.add(n.Errorf("want %s, got %s%s", what, n.Found(), hint))
}

// hook lets a NodeDecoder decode itself.
func (d *decoder) hook(n Node, pointer reflect.Value) bool {
	self, ok := pointer.Interface().(NodeDecoder)
	if ok && !n.n.broken {
		d.add(self.DecodeNode(n)...)
	}
	return ok
}

func (d *decoder) value(n Node, v reflect.Value) {
	if n.n.broken {
		return
	}
	if v.Kind() == reflect.Pointer {
		d.pointer(n, v)
		return
	}
	if d.hook(n, v.Addr()) || d.text(n, v) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Map:
		d.mapping(n, v)
	case reflect.Slice, reflect.Array:
		d.list(n, v)
	case reflect.Interface:
		d.dynamic(n, v)
	default:
		d.scalar(n, v)
	}
}

// pointer sets nil for Nothing, else decodes into a copy of what was there, so
// that a default that others share is not written to.
func (d *decoder) pointer(n Node, v reflect.Value) {
	if n.Kind() == Nothing {
		v.SetZero()
		return
	}
	fresh := reflect.New(v.Type().Elem())
	if !v.IsNil() {
		fresh.Elem().Set(v.Elem())
	}
	d.value(n, fresh.Elem())
	v.Set(fresh)
}

// text decodes durations and what reads itself from text.
func (d *decoder) text(n Node, v reflect.Value) bool {
	var self encoding.TextUnmarshaler
	switch target := v.Addr().Interface().(type) {
	case *time.Duration:
		self = (*Duration)(target)
	case encoding.TextUnmarshaler:
		self = target
	default:
		return false
	}
	if n.Kind() != Scalar {
		d.want(n, wantOf(v.Type()), "")
		return true
	}
	err := self.UnmarshalText([]byte(n.n.text))
	if err == nil {
		return true
	}
	var want *WantError
	switch {
	case errors.As(err, &want):
		d.want(n, want.Want, "")
	case n.n.expanded || v.Type() == reflect.TypeFor[time.Time]():
		d.want(n, wantOf(v.Type()), "") // not the error's own words: they may hold the variable's value
	default:
		d.want(n, wantOf(v.Type()), ": "+err.Error())
	}
	return true
}

// wantOf says in words what a type that reads itself from text wants.
func wantOf(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration](), reflect.TypeFor[Duration]():
		return wantDuration
	case reflect.TypeFor[Bytes]():
		return wantBytes
	case reflect.TypeFor[Secret]():
		return "text"
	case reflect.TypeFor[time.Time]():
		return `a time such as "2026-01-31T15:04:05Z"`
	}
	name := []rune(t.Name())
	var words strings.Builder
	for i, r := range name {
		if i > 0 && 'A' <= r && r <= 'Z' && (name[i-1] < 'A' || name[i-1] > 'Z') {
			words.WriteByte(' ')
		}
		words.WriteRune(r)
	}
	return "a valid " + strings.ToLower(words.String())
}

func (d *decoder) structure(n Node, v reflect.Value) {
	if n.Kind() != Mapping {
		d.want(n, "a mapping", "")
		return
	}
	s, err := d.schema(v.Type())
	if err != nil {
		d.add(n.Errorf("cannot decode into %s: %v", v.Type(), err))
		return
	}
	for _, e := range n.n.entries {
		child, _ := n.Get(e.key)
		if index, known := s.fields[e.key]; known {
			d.value(child, v.FieldByIndex(index))
			continue
		}
		if s.rest == nil {
			d.add(child.Errorf("unknown field %q%s", clip(e.key), s.suggest(e.key)))
			continue
		}
		d.put(child, v.FieldByIndex(s.rest), e.key)
	}
}

func (d *decoder) mapping(n Node, v reflect.Value) {
	if n.Kind() != Mapping {
		d.want(n, "a mapping", emptyHint(n, "{}"))
		return
	}
	if v.Type().Key().Kind() != reflect.String {
		d.add(n.Errorf("cannot decode into %s: want a map with string keys", v.Type()))
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.n.entries)))
	for _, e := range n.n.entries {
		child, _ := n.Get(e.key)
		d.put(child, v, e.key)
	}
}

// put decodes one value of a map.
func (d *decoder) put(n Node, m reflect.Value, key string) {
	if m.IsNil() {
		m.Set(reflect.MakeMap(m.Type()))
	}
	value := reflect.New(m.Type().Elem()).Elem()
	d.value(n, value)
	m.SetMapIndex(reflect.ValueOf(key).Convert(m.Type().Key()), value)
}

func (d *decoder) list(n Node, v reflect.Value) {
	if n.Kind() != List {
		hint := emptyHint(n, "[]")
		if n.Kind() == Scalar && !n.n.expanded {
			hint = fmt.Sprintf("; write [%s]", clip(n.n.raw))
		}
		d.want(n, "a list", hint)
		return
	}
	items := n.Items()
	if v.Kind() == reflect.Array {
		if len(items) != v.Len() {
			d.add(n.Errorf("want a list of %d, got %d", v.Len(), len(items)))
			return
		}
	} else {
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	}
	for i, it := range items {
		d.value(it, v.Index(i))
	}
}

func emptyHint(n Node, empty string) string {
	if n.Kind() == Nothing {
		return "; write " + empty + " for an empty one"
	}
	return ""
}

// dynamic decodes into any: map[string]any, []any, string, int64, float64, bool
// or nil.
func (d *decoder) dynamic(n Node, v reflect.Value) {
	if v.NumMethod() > 0 {
		d.add(n.Errorf("cannot decode into the interface %s", v.Type()))
		return
	}
	var target reflect.Value
	switch n.Kind() {
	case Nothing:
		v.SetZero()
		return
	case Mapping:
		target = reflect.New(reflect.TypeFor[map[string]any]()).Elem()
	case List:
		target = reflect.New(reflect.TypeFor[[]any]()).Elem()
	default:
		v.Set(reflect.ValueOf(n.n.plain()))
		return
	}
	d.value(n, target)
	v.Set(target)
}

// plain returns a scalar as the type that it is written as.
func (n *node) plain() any {
	if n.quoted {
		return n.text
	}
	if looksBool(n.text) {
		return strings.EqualFold(n.text, "true")
	}
	if digits, ok := parseInt(n.text); ok {
		if i, err := strconv.ParseInt(digits, 0, 64); err == nil {
			return i
		}
	}
	if f, ok := parseFloat(n.text); ok {
		return f
	}
	return n.text
}
