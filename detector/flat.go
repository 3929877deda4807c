package detector

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"unsafe"
)

// flat writes and reads values of a type of fixed size without pointers as package
// binary does it, little-endian, field by field and without padding. Where memory has
// them like that, as on all usual machines, bytes are copied: package binary walks a
// value by reflection, which takes fifty times as long, seconds for a million series.
type flat[T any] struct {
	size  int       // of a value as it is written
	same  bool      // memory has it like that
	bools []uintptr // where memory has bools, which are 0 or 1 and nothing else
}

// flatOf returns the codec of a type. It takes as long as reflection does.
func flatOf[T any]() flat[T] {
	of := reflect.TypeFor[T]()
	f := flat[T]{size: binary.Size(reflect.Zero(of).Interface())}
	f.same = f.size == int(of.Size()) && binary.NativeEndian.Uint16([]byte{1, 0}) == 1
	f.bools = boolsIn(of, 0, nil)
	return f
}

// boolsIn appends the offsets of all bools of a type that lies at an offset.
func boolsIn(of reflect.Type, at uintptr, out []uintptr) []uintptr {
	switch of.Kind() {
	case reflect.Bool:
		return append(out, at)
	case reflect.Struct:
		for i := range of.NumField() {
			out = boolsIn(of.Field(i).Type, at+of.Field(i).Offset, out)
		}
	case reflect.Array:
		for i := range of.Len() {
			out = boolsIn(of.Elem(), at+uintptr(i)*of.Elem().Size(), out)
		}
	}
	return out
}

// append appends a value.
func (f *flat[T]) append(b []byte, v *T) []byte {
	if f.same {
		return append(b, unsafe.Slice((*byte)(unsafe.Pointer(v)), f.size)...)
	}
	b, _ = binary.Append(b, binary.LittleEndian, v) // which a type of fixed size cannot fail
	return b
}

// read fills a value from bytes, of which there must be size.
func (f *flat[T]) read(b []byte, v *T) error {
	if len(b) != f.size {
		return fmt.Errorf("want %d bytes, got %d", f.size, len(b))
	}
	if !f.same {
		_, err := binary.Decode(b, binary.LittleEndian, v)
		return err
	}
	in := unsafe.Slice((*byte)(unsafe.Pointer(v)), f.size)
	copy(in, b)
	for _, at := range f.bools {
		if in[at] > 1 {
			in[at] = 1
		}
	}
	return nil
}
