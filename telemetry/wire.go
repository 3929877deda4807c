package telemetry

import "encoding/binary"

// Labels in wire form stand as remote write 1.0 sends them and as every encoder
// of protobuf writes them: for each label 0x0a and its length, in it 0x0a, length
// and name, 0x12, length and value. A decoder may leave labels that stand so
// packed, for a receiver that knows their bytes need not look into them.

// PlainLabels returns where the run of labels in wire form that begins at i ends,
// and how many they are. Labels written in another way, which protobuf permits, and
// whatever is no label end the run. It reads nothing beyond b.
func PlainLabels(b []byte, i int) (end, n int) {
	for {
		// Lengths of one byte, as nearly all are.
		for len(b)-i >= 6 && b[i] == 0x0a && b[i+1] < 0x80 && b[i+2] == 0x0a && b[i+3] < 0x80 {
			end := i + 2 + int(b[i+1])
			value := i + 6 + int(b[i+3])
			if value > end || end > len(b) || b[value-2] != 0x12 || b[value-1] >= 0x80 || value+int(b[value-1]) != end {
				break
			}
			i = end
			n++
		}
		_, next, ok := PlainLabel(b, i)
		if !ok {
			return i, n
		}
		i = next
		n++
	}
}

// PlainLabel reads the label in wire form that begins at i and returns it, aliasing
// b, and where it ends; false if there is none.
func PlainLabel(b []byte, i int) (p Pair, next int, ok bool) {
	if len(b)-i < 6 || b[i] != 0x0a {
		return p, 0, false
	}
	at, size := i+2, int(b[i+1])
	if size >= 0x80 {
		if b[i+2] >= 0x80 {
			return p, 0, false
		}
		at, size = i+3, size&0x7f|int(b[i+2])<<7
	}
	next = at + size
	// Six bytes are the least for a label whose lengths have two bytes, so that
	// all that is read before the value is inside.
	if next > len(b) || size < 6 && !shortLabel(b, at, size) || b[at] != 0x0a {
		return p, 0, false
	}
	from, n := at+2, int(b[at+1])
	if n >= 0x80 {
		if b[at+2] >= 0x80 {
			return p, 0, false
		}
		from, n = at+3, n&0x7f|int(b[at+2])<<7
	}
	to := from + n
	if to+2 > next || b[to] != 0x12 {
		return p, 0, false
	}
	begin, m := to+2, int(b[to+1])
	if m >= 0x80 {
		if to+3 > next || b[to+2] >= 0x80 {
			return p, 0, false
		}
		begin, m = to+3, m&0x7f|int(b[to+2])<<7
	}
	if begin+m != next {
		return p, 0, false
	}
	return Pair{Name: b[from:to:to], Value: b[begin:next:next]}, next, true
}

// shortLabel reports whether a label of less than six bytes has room for the tags
// and lengths that are read unseen: two of one byte each.
func shortLabel(b []byte, at, size int) bool {
	return size >= 4 && b[at+1] < 0x80
}

// AppendWire appends one label in wire form.
func AppendWire(to []byte, name, value string) []byte {
	size := 2 + uvarintLen(len(name)) + len(name) + uvarintLen(len(value)) + len(value)
	to = binary.AppendUvarint(append(to, 0x0a), uint64(size))
	to = append(binary.AppendUvarint(append(to, 0x0a), uint64(len(name))), name...)
	return append(binary.AppendUvarint(append(to, 0x12), uint64(len(value))), value...)
}

func uvarintLen(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// Unpack moves the labels from Wire to Labels, where they alias the same bytes,
// and returns Labels. It does nothing when they are there already. Bytes that are not
// labels in wire form from the first to the last, which somebody took for some that he
// knew, give no labels at all: nothing is stored under a part of them.
func (s *Series) Unpack() []Pair {
	for i := 0; i < len(s.Wire); {
		p, next, ok := PlainLabel(s.Wire, i)
		if !ok {
			s.Labels = s.Labels[:0]
			break
		}
		s.Labels = append(s.Labels, p)
		i = next
	}
	s.Wire = nil
	return s.Labels
}
