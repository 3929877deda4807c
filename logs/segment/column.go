package segment

import (
	"bytes"
	"encoding/hex"
	"hash/maphash"
	"slices"

	"github.com/tocsinhq/tocsin/logs/wire"
)

// The ways in which the values of a column are written.
const (
	colText   = iota // lengths, then the bytes
	colFixed         // one length, then the bytes
	colConst         // one value for all
	colTrace         // the record's own trace id in lower-case hexadecimal
	colSpan          // the record's own span id likewise
	colDigits        // a pattern and its digits as a number, each as the difference from the one before
	colWords         // few different values: a list, and for each row its place there
	colHex           // all of one length, lower-case hexadecimal digits and the same other bytes: two digits in a byte
	colClock         // times of one layout, as differences from the time of the record
)

// The streams that the parts of columns go to: what is alike compresses better together.
const (
	strHead    = iota // kinds, patterns, lists
	strText           // bytes of values
	strHex            // pairs of digits
	strNumbers        // lengths, places, differences
	numStreams
)

const (
	maxDigits   = 18      // decimal digits that fit into an int64
	maxWordList = 1 << 12 // values of a colWords list
	// wordSample is after how many rows a column that has hardly a value twice is taken
	// for one of ever new values.
	wordSample = 256
	// valueSize is the memory that a decoded value takes beside its bytes.
	valueSize = 24
)

// owner is what is known of the record that a value belongs to.
type owner struct {
	trace *[16]byte
	span  *[8]byte
	at    int64
}

// columnWriter encodes columns and keeps its memory over them.
type columnWriter struct {
	out   [numStreams][]byte
	seed  maphash.Seed
	words []uint16 // by hash: the place in list and one, 0 for none
	list  [][]byte
	refs  []uint16
	nums  []int64
	// Of the first value of a column, where its hexadecimal digits are and the rest.
	places, others []int
}

func (w *columnWriter) reset() {
	for i := range w.out {
		w.out[i] = w.out[i][:0]
	}
}

func (w *columnWriter) kind(k byte)     { w.out[strHead] = append(w.out[strHead], k) }
func (w *columnWriter) param(v []byte)  { w.out[strHead] = wire.AppendBytes(w.out[strHead], v) }
func (w *columnWriter) number(v uint64) { w.out[strNumbers] = wire.AppendUvarint(w.out[strNumbers], v) }

// append encodes values, of which there is at least one; owners, if not nil, are their
// records. It returns the values that differ from each other, as far as it knows them:
// those that it returns are all there are, nil says that any may differ.
func (w *columnWriter) append(values [][]byte, owners []owner) (different [][]byte) {
	first := values[0]
	same, fixed := true, true
	for _, v := range values[1:] {
		if len(v) != len(first) {
			same, fixed = false, false
			break
		}
		same = same && bytes.Equal(v, first)
	}
	switch {
	case same:
		w.kind(colConst)
		w.param(first)
		return values[:1]
	case fixed && owners != nil && len(first) == 32 && allIDs(values, owners, func(o owner) []byte { return o.trace[:] }):
		w.kind(colTrace)
		return nil
	case fixed && owners != nil && len(first) == 16 && allIDs(values, owners, func(o owner) []byte { return o.span[:] }):
		w.kind(colSpan)
		return nil
	case fixed && owners != nil && w.clock(values, owners):
		w.kind(colClock)
		w.param(first)
		for _, n := range w.nums {
			w.number(wire.Zigzag(n))
		}
		return nil
	case w.few(values):
		w.kind(colWords)
		w.out[strHead] = wire.AppendUvarint(w.out[strHead], uint64(len(w.list)))
		for _, v := range w.list {
			w.param(v)
		}
		for _, at := range w.refs {
			w.number(uint64(at))
		}
		return w.list
	case fixed && w.digits(values):
		w.kind(colDigits)
		w.param(first)
		last := int64(0)
		for _, n := range w.nums {
			w.number(wire.Zigzag(n - last))
			last = n
		}
		return nil
	case fixed && w.hex(values):
		w.kind(colHex)
		w.param(first)
		return nil
	case fixed:
		w.kind(colFixed)
		w.out[strHead] = wire.AppendUvarint(w.out[strHead], uint64(len(first)))
	default:
		w.kind(colText)
		for _, v := range values {
			w.number(uint64(len(v)))
		}
	}
	for _, v := range values {
		w.out[strText] = append(w.out[strText], v...)
	}
	return nil
}

// allIDs says whether each value is the id of its owner in hexadecimal.
func allIDs(values [][]byte, owners []owner, id func(owner) []byte) bool {
	var text [32]byte
	for i, v := range values {
		if !bytes.Equal(v, text[:hex.Encode(text[:], id(owners[i]))]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// digits says whether all values have digits in the same places and the same bytes in
// between, few enough for a number, and computes the numbers.
func (w *columnWriter) digits(values [][]byte) bool {
	first := values[0]
	n := 0
	for _, c := range first {
		if isDigit(c) {
			n++
		}
	}
	if n == 0 || n > maxDigits {
		return false
	}
	w.nums = w.nums[:0]
	for _, v := range values {
		num := int64(0)
		for i, c := range v {
			if isDigit(first[i]) != isDigit(c) || (!isDigit(c) && c != first[i]) {
				return false
			}
			if isDigit(c) {
				num = num*10 + int64(c-'0')
			}
		}
		w.nums = append(w.nums, num)
	}
	return true
}

func isHexDigit(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' }

// hexValues holds what each lower-case hexadecimal digit stands for, and noDigit of
// all other bytes.
var hexValues = func() (t [256]byte) {
	for c := range t {
		switch b := byte(c); {
		case isDigit(b):
			t[c] = b - '0'
		case isHexDigit(b):
			t[c] = b - 'a' + 10
		default:
			t[c] = noDigit
		}
	}
	return t
}()

const noDigit = 0x80

// hex appends the digits of all values, if these have lower-case hexadecimal digits in
// the places where the first has, an even number and at least eight of them, and the
// same bytes elsewhere.
func (w *columnWriter) hex(values [][]byte) bool {
	first := values[0]
	n := hexDigits(first)
	if n < 8 || n%2 != 0 {
		return false
	}
	w.places, w.others = w.places[:0], w.others[:0]
	for i, c := range first {
		if isHexDigit(c) {
			w.places = append(w.places, i)
		} else {
			w.others = append(w.others, i)
		}
	}
	out := slices.Grow(w.out[strHex], len(values)*n/2)
	for _, v := range values {
		v = v[:len(first)]
		for _, i := range w.others {
			if v[i] != first[i] {
				return false
			}
		}
		digits := byte(0)
		for p := 0; p+1 < len(w.places); p += 2 {
			high, low := hexValues[v[w.places[p]]], hexValues[v[w.places[p+1]]]
			digits |= high | low
			out = append(out, high<<4|low)
		}
		if digits&noDigit != 0 {
			return false
		}
	}
	w.out[strHex] = out
	return true
}

// appendHex appends the hexadecimal digits in v, two in a byte.
func appendHex(b, v []byte) []byte {
	high, half := byte(0), false
	for _, c := range v {
		if !isHexDigit(c) {
			continue
		}
		d := c - '0'
		if c >= 'a' {
			d = c - 'a' + 10
		}
		if half = !half; half {
			high = d << 4
		} else {
			b = append(b, high|d)
		}
	}
	return b
}

// few gathers the different values and says whether they are few for that many rows.
func (w *columnWriter) few(values [][]byte) bool {
	if len(values) < 4 {
		return false
	}
	most := min(maxWordList, len(values)/3)
	size := 4
	for size < 2*most {
		size *= 2
	}
	w.words = slices.Grow(w.words[:0], size)[:size]
	clear(w.words)
	w.list, w.refs = w.list[:0], w.refs[:0]
	var last []byte
	ref := uint16(0)
	for i, v := range values {
		if i > 0 && bytes.Equal(v, last) {
			w.refs = append(w.refs, ref)
			continue
		}
		var slot *uint16
		for k := maphash.Bytes(w.seed, v); ; k++ {
			slot = &w.words[k&uint64(size-1)]
			if *slot == 0 || bytes.Equal(w.list[*slot-1], v) {
				break
			}
		}
		if *slot == 0 {
			if len(w.list) == most || (i == wordSample && len(w.list) > wordSample*3/4) {
				return false
			}
			w.list = append(w.list, v)
			*slot = uint16(len(w.list))
		}
		at := *slot - 1
		w.refs = append(w.refs, at)
		last, ref = v, at
	}
	return true
}

// appendPlaces writes places in a list as differences.
func appendPlaces(b []byte, places []uint32) []byte {
	last := int64(0)
	for _, p := range places {
		b = wire.AppendUvarint(b, wire.Zigzag(int64(p)-last))
		last = int64(p)
	}
	return b
}
