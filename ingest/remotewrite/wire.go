package remotewrite

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Error says where in the body the decoder stopped and what it wanted there.
type Error struct {
	Offset int    // of the first byte that could not be used, from 0
	Path   string // such as "time series 3, label 2", counted from 1; may be empty
	Msg    string // what was wanted and what was got
	// TooMany says that the body is well formed as far as it was read and holds more
	// than one request may.
	TooMany bool
}

// Error returns the position, the place in the message and the reason in one line.
func (e *Error) Error() string {
	if e.Path == "" {
		return fmt.Sprintf("byte %d: %s", e.Offset, e.Msg)
	}
	return fmt.Sprintf("byte %d, %s: %s", e.Offset, e.Path, e.Msg)
}

// in puts the number of the enclosing message, from 0, before the path.
func (e *Error) in(name string, n int) *Error {
	p := fmt.Sprintf("%s %d", name, n+1)
	if e.Path != "" {
		p += ", " + e.Path
	}
	e.Path = p
	return e
}

// The wire types of protobuf.
const (
	wireVarint     = 0
	wireFixed64    = 1
	wireBytes      = 2
	wireGroupStart = 3
	wireGroupEnd   = 4
	wireFixed32    = 5
)

var wireNames = [8]string{"varint", "64-bit", "length-delimited", "group start", "group end", "32-bit", "6", "7"}

// All functions below read b from position i on. b is the body cut at the end
// of the message being read, so positions count from the start of the body.

// uvarint reads one varint and returns it with the position behind it. As in
// Prometheus' generated code, bits beyond the 64th are dropped.
func uvarint(b []byte, i int) (uint64, int, *Error) {
	if i < len(b) && b[i] < 0x80 {
		return uint64(b[i]), i + 1, nil
	}
	return uvarintLong(b, i)
}

func uvarintLong(b []byte, i int) (uint64, int, *Error) {
	var v uint64
	at := i
	for shift := uint(0); shift < 64; shift += 7 {
		if i >= len(b) {
			return 0, 0, &Error{Offset: at, Msg: fmt.Sprintf("want a whole varint, got the end of the message after %d bytes", i-at)}
		}
		c := b[i]
		i++
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, i, nil
		}
	}
	return 0, 0, &Error{Offset: at, Msg: "want a varint of at most 10 bytes, got a longer one"}
}

// tag reads the number and wire type of the next field.
func tag(b []byte, i int) (field int32, wire, next int, err *Error) {
	v, next, err := uvarint(b, i)
	if err != nil {
		return 0, 0, 0, err
	}
	field, wire = int32(v>>3), int(v&7)
	switch {
	case wire == wireGroupEnd:
		return 0, 0, 0, &Error{Offset: i, Msg: "want a field, got the end of a group that was not started"}
	case field <= 0:
		return 0, 0, 0, &Error{Offset: i, Msg: fmt.Sprintf("want a field number above 0, got %d", field)}
	}
	return field, wire, next, nil
}

// want refuses a wire type other than the one the named field has.
func want(at int, name string, wire, wanted int) *Error {
	if wire == wanted {
		return nil
	}
	return &Error{Offset: at, Msg: fmt.Sprintf("%s: want wire type %d (%s), got %d (%s)", name, wanted, wireNames[wanted], wire, wireNames[wire])}
}

// span reads a length and returns the bounds of the value that follows it.
func span(b []byte, i int, name string) (start, end int, err *Error) {
	v, start, err := uvarint(b, i)
	if err != nil {
		return 0, 0, err
	}
	if v > uint64(len(b)-start) {
		return 0, 0, &Error{Offset: i, Msg: fmt.Sprintf("%s: want %d bytes, got the end of the message after %d", name, v, len(b)-start)}
	}
	return start, start + int(v), nil
}

// number reads the varint that is the value of the named field, whose tag began
// at tagAt.
func number(b []byte, tagAt, i, wire int, name string) (uint64, int, *Error) {
	if err := want(tagAt, name, wire, wireVarint); err != nil {
		return 0, 0, err
	}
	return uvarint(b, i)
}

// float reads the double that is the value of the named field, whose tag began
// at tagAt. Its bits are kept.
func float(b []byte, tagAt, i, wire int, name string) (float64, int, *Error) {
	if err := want(tagAt, name, wire, wireFixed64); err != nil {
		return 0, 0, err
	}
	if len(b)-i < 8 {
		return 0, 0, &Error{Offset: i, Msg: fmt.Sprintf("%s: want 8 bytes, got the end of the message after %d", name, len(b)-i)}
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b[i:])), i + 8, nil
}

// text reads the bytes that are the value of the named field, whose tag began at
// tagAt. They alias b.
func text(b []byte, tagAt, i, wire int, name string) ([]byte, int, *Error) {
	if err := want(tagAt, name, wire, wireBytes); err != nil {
		return nil, 0, err
	}
	start, end, err := span(b, i, name)
	if err != nil {
		return nil, 0, err
	}
	return b[start:end:end], end, nil
}

// skip passes over the value of an unknown field whose tag began at tagAt and
// whose value begins at i. Groups are passed over whole.
func skip(b []byte, tagAt, i, wire int) (int, *Error) {
	depth := 0
	for {
		var err *Error
		if i, depth, err = skipOne(b, i, wire, depth); err != nil {
			return 0, err
		}
		if i > len(b) {
			return 0, &Error{Offset: tagAt, Msg: "want the whole value of an unknown field, got the end of the message"}
		}
		if depth == 0 {
			return i, nil
		}
		v, next, err := uvarint(b, i)
		if err != nil {
			return 0, err
		}
		tagAt, i, wire = i, next, int(v&7)
	}
}

func skipOne(b []byte, i, wire, depth int) (next, newDepth int, err *Error) {
	switch wire {
	case wireVarint:
		_, i, err = uvarint(b, i)
	case wireFixed64:
		i += 8
	case wireFixed32:
		i += 4
	case wireBytes:
		_, i, err = span(b, i, "unknown field")
	case wireGroupStart:
		depth++
	case wireGroupEnd:
		depth-- // never below 0: tag refuses it outside of a group
	default:
		err = &Error{Offset: i, Msg: fmt.Sprintf("want a wire type from 0 to 5, got %d", wire)}
	}
	return i, depth, err
}
