package remotewrite

import "fmt"

// message describes a sub-message that is checked for form and not kept.
type message struct {
	name   string
	fields []field // by number; an entry without a name is unknown and skipped
}

type field struct {
	name string
	wire int
	sub  *message // of a length-delimited field; nil for strings and numbers
}

// The sub-messages of a write request that this version counts only.
var (
	labelMessage    = message{name: "label", fields: []field{1: {name: "name", wire: wireBytes}, 2: {name: "value", wire: wireBytes}}}
	exemplarMessage = message{name: "exemplar", fields: []field{
		1: {name: "label", wire: wireBytes, sub: &labelMessage},
		2: {name: "value", wire: wireFixed64},
		3: {name: "timestamp", wire: wireVarint},
	}}
	metadataMessage = message{name: "metadata", fields: []field{
		1: {name: "type", wire: wireVarint},
		2: {name: "metric family name", wire: wireBytes},
		4: {name: "help", wire: wireBytes},
		5: {name: "unit", wire: wireBytes},
	}}
)

// checkNested checks the form of the message that is the value of a field
// whose tag began at tagAt, and returns the position behind it.
func checkNested(b []byte, tagAt, i, wire int, m *message) (int, *Error) {
	if err := want(tagAt, m.name, wire, wireBytes); err != nil {
		return 0, err
	}
	start, end, err := span(b, i, m.name)
	if err != nil {
		return 0, err
	}
	return end, check(b[:end], start, m)
}

func check(b []byte, i int, m *message) *Error {
	for i < len(b) {
		at := i
		number, wire, next, err := tag(b, i)
		if err != nil {
			return err
		}
		if int(number) >= len(m.fields) || m.fields[number].name == "" {
			if i, err = skip(b, at, next, wire); err != nil {
				return err
			}
			continue
		}
		f := &m.fields[number]
		if err := want(at, f.name, wire, f.wire); err != nil {
			return err
		}
		if i, err = checkValue(b, at, next, f); err != nil {
			return err
		}
	}
	return nil
}

func checkValue(b []byte, at, i int, f *field) (int, *Error) {
	switch {
	case f.sub != nil:
		return checkNested(b, at, i, f.wire, f.sub)
	case f.wire == wireBytes:
		_, end, err := span(b, i, f.name)
		return end, err
	case f.wire == wireFixed64:
		if len(b)-i < 8 {
			return 0, &Error{Offset: i, Msg: fmt.Sprintf("%s: want 8 bytes, got the end of the message after %d", f.name, len(b)-i)}
		}
		return i + 8, nil
	default:
		_, end, err := uvarint(b, i)
		return end, err
	}
}
