package segment

import (
	"bytes"
	"encoding/hex"

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
)

// valueSize is the memory that a decoded value takes beside its bytes.
const valueSize = 24

const (
	maxDigits   = 18  // decimal digits that fit into an int64
	maxWordList = 128 // values of a colWords list
)

// columnWriter encodes columns and keeps its memory over them.
type columnWriter struct {
	words map[string]byte
	list  [][]byte
	refs  []byte
	nums  []int64
}

// owner gives the ids of the record that a value belongs to.
type owner struct {
	trace *[16]byte
	span  *[8]byte
}

// append encodes values, of which there is at least one; owners, if not nil, has the
// ids of their records.
func (w *columnWriter) append(b []byte, values [][]byte, owners []owner) []byte {
	first := values[0]
	same, fixed := true, true
	for _, v := range values[1:] {
		fixed = fixed && len(v) == len(first)
		same = same && fixed && bytes.Equal(v, first)
		if !fixed {
			break
		}
	}
	switch {
	case same:
		return wire.AppendBytes(append(b, colConst), first)
	case fixed && owners != nil && len(first) == 32 && allIDs(values, owners, func(o owner) []byte { return o.trace[:] }):
		return append(b, colTrace)
	case fixed && owners != nil && len(first) == 16 && allIDs(values, owners, func(o owner) []byte { return o.span[:] }):
		return append(b, colSpan)
	}
	if fixed && w.digits(values) {
		return w.appendDigits(b, values)
	}
	if fixed && hexLike(values) {
		return appendHex(b, values)
	}
	if w.few(values) {
		b = wire.AppendUvarint(append(b, colWords), uint64(len(w.list)))
		for _, v := range w.list {
			b = wire.AppendBytes(b, v)
		}
		return append(b, w.refs...)
	}
	if fixed {
		b = wire.AppendUvarint(append(b, colFixed), uint64(len(first)))
	} else {
		b = append(b, colText)
		for _, v := range values {
			b = wire.AppendUvarint(b, uint64(len(v)))
		}
	}
	for _, v := range values {
		b = append(b, v...)
	}
	return b
}

// allIDs says whether each value is the id of its owner in hexadecimal.
func allIDs(values [][]byte, owners []owner, id func(owner) []byte) bool {
	var text [32]byte
	for i, v := range values {
		raw := id(owners[i])
		if !bytes.Equal(v, text[:hex.Encode(text[:], raw)]) {
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

func (w *columnWriter) appendDigits(b []byte, values [][]byte) []byte {
	b = wire.AppendBytes(append(b, colDigits), values[0])
	last := int64(0)
	for _, n := range w.nums {
		b = wire.AppendUvarint(b, wire.Zigzag(n-last))
		last = n
	}
	return b
}

func isHexDigit(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' }

// hexLike says whether all values have lower-case hexadecimal digits in the places
// where the first has, at least eight of them, and the same bytes elsewhere.
func hexLike(values [][]byte) bool {
	first := values[0]
	n := 0
	for _, c := range first {
		if isHexDigit(c) {
			n++
		}
	}
	if n < 8 || n%2 != 0 {
		return false
	}
	for _, v := range values[1:] {
		for i, c := range v {
			if h := isHexDigit(c); h != isHexDigit(first[i]) || (!h && c != first[i]) {
				return false
			}
		}
	}
	return true
}

func appendHex(b []byte, values [][]byte) []byte {
	b = wire.AppendBytes(append(b, colHex), values[0])
	for _, v := range values {
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
	}
	return b
}

// few gathers the different values and says whether they are few for that many rows.
func (w *columnWriter) few(values [][]byte) bool {
	if len(values) < 4 {
		return false
	}
	if w.words == nil {
		w.words = make(map[string]byte)
	}
	clear(w.words)
	w.list, w.refs = w.list[:0], w.refs[:0]
	most := min(maxWordList, len(values)/3)
	for _, v := range values {
		at, ok := w.words[string(v)]
		if !ok {
			if len(w.list) == most {
				return false
			}
			at = byte(len(w.list))
			w.words[string(v)] = at
			w.list = append(w.list, v)
		}
		w.refs = append(w.refs, at)
	}
	return true
}

// readColumn decodes the next column of n values, which alias the reader's bytes or new
// memory. At most budget bytes of new memory are used, which is counted down.
func readColumn(r *wire.Reader, n int, owners []owner, budget *int) [][]byte {
	kind := r.Byte()
	if r.Err != nil {
		return nil
	}
	if *budget -= n * valueSize; *budget < 0 {
		r.Fail("columns are too large")
		return nil
	}
	out := make([][]byte, n)
	switch kind {
	case colConst:
		v := r.Bytes()
		for i := range out {
			out[i] = v
		}
	case colTrace, colSpan:
		readIDs(r, kind, out, owners)
	case colText:
		readText(r, out)
	case colFixed:
		size := r.Count("bytes of a value", len(r.B), 1)
		for i := range out {
			out[i] = r.Take(size)
		}
	case colDigits, colHex:
		pattern := r.Bytes()
		need := len(pattern) * n
		if need > *budget {
			r.Fail("a column is too large")
			return nil
		}
		*budget -= need
		if kind == colDigits {
			readDigits(r, pattern, out)
		} else {
			readHex(r, pattern, out)
		}
	case colWords:
		list := make([][]byte, r.Count("values", maxWordList, 1))
		for i := range list {
			list[i] = r.Bytes()
		}
		for i, at := range r.Take(n) {
			if int(at) >= len(list) {
				r.Fail("a value that is not in the list")
				return nil
			}
			out[i] = list[at]
		}
	default:
		r.Fail("an unknown kind of column")
	}
	if r.Err != nil {
		return nil
	}
	return out
}

func readText(r *wire.Reader, out [][]byte) {
	sizes := *r
	for range out {
		r.Count("bytes of a value", MaxBlockText, 0)
	}
	for i := range out {
		out[i] = r.Take(int(sizes.Uvarint()))
	}
}

func readIDs(r *wire.Reader, kind byte, out [][]byte, owners []owner) {
	if len(owners) != len(out) {
		r.Fail("a column of ids without records")
		return
	}
	size := 32
	if kind == colSpan {
		size = 16
	}
	all := make([]byte, 0, size*len(out))
	for i, o := range owners {
		raw := o.trace[:]
		if kind == colSpan {
			raw = o.span[:]
		}
		all = hex.AppendEncode(all, raw)
		out[i] = all[i*size : (i+1)*size : (i+1)*size]
	}
}

func readDigits(r *wire.Reader, pattern []byte, out [][]byte) {
	all := make([]byte, len(pattern)*len(out))
	last := int64(0)
	for i := range out {
		last += wire.Unzigzag(r.Uvarint())
		v := all[i*len(pattern) : (i+1)*len(pattern) : (i+1)*len(pattern)]
		n := last
		if n < 0 {
			r.Fail("a negative number in a pattern of digits")
			return
		}
		for k := len(pattern) - 1; k >= 0; k-- {
			v[k] = pattern[k]
			if isDigit(pattern[k]) {
				v[k] = '0' + byte(n%10)
				n /= 10
			}
		}
		out[i] = v
	}
}

func readHex(r *wire.Reader, pattern []byte, out [][]byte) {
	const digits = "0123456789abcdef"
	n := 0
	for _, c := range pattern {
		if isHexDigit(c) {
			n++
		}
	}
	all := make([]byte, len(pattern)*len(out))
	for i := range out {
		raw := r.Take(n / 2)
		if r.Err != nil || n%2 != 0 {
			r.Fail("a pattern of half a byte")
			return
		}
		v := all[i*len(pattern) : (i+1)*len(pattern) : (i+1)*len(pattern)]
		at := 0
		for k, c := range pattern {
			v[k] = c
			if isHexDigit(c) {
				v[k] = digits[raw[at/2]>>(4*(1-at%2))&15]
				at++
			}
		}
		out[i] = v
	}
}

// appendIDs writes a list of ids of size bytes, and for each row its place there plus
// one, as differences; 0 is no id.
func appendIDs(b []byte, list []byte, size int, places []uint32) []byte {
	b = wire.AppendBytes(b, list)
	last := int64(0)
	for _, p := range places {
		b = wire.AppendUvarint(b, wire.Zigzag(int64(p)-last))
		last = int64(p)
	}
	return b
}

// readIDList reads what appendIDs wrote.
func readIDList(r *wire.Reader, size, rows int) (list []byte, places []uint32) {
	list = r.Bytes()
	if len(list)%size != 0 {
		r.Fail("a list of ids of the wrong length")
		return nil, nil
	}
	places = make([]uint32, rows)
	last := int64(0)
	for i := range places {
		last += wire.Unzigzag(r.Uvarint())
		if last < 0 || last > int64(len(list)/size) {
			r.Fail("an id that is not in the list")
			return nil, nil
		}
		places[i] = uint32(last)
	}
	return list, places
}
