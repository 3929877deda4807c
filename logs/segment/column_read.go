package segment

import (
	"encoding/hex"

	"github.com/tocsinhq/tocsin/logs/wire"
)

// columns reads what a columnWriter wrote.
type columns struct{ in [numStreams]wire.Reader }

func (r *columns) err() error {
	for i := range r.in {
		if r.in[i].Err != nil {
			return r.in[i].Err
		}
	}
	return nil
}

func (r *columns) fail(what string) { r.in[strHead].Fail(what) }

func wireUnzigzag(r *columns) int64 { return wire.Unzigzag(r.in[strNumbers].Uvarint()) }

// read decodes the next column of n values, which alias the streams or new memory.
// At most budget bytes of new memory are used, which is counted down.
func (r *columns) read(n int, owners []owner, budget *int) [][]byte {
	head := &r.in[strHead]
	kind := head.Byte()
	if *budget -= n * valueSize; *budget < 0 {
		r.fail("columns are too large")
	}
	if head.Err != nil {
		return nil
	}
	out := make([][]byte, n)
	switch kind {
	case colConst:
		v := head.Bytes()
		for i := range out {
			out[i] = v
		}
	case colTrace, colSpan:
		r.ids(kind, out, owners)
	case colText:
		for i := range out {
			out[i] = r.in[strText].Take(r.in[strNumbers].Count("bytes of a value", len(r.in[strText].B), 0))
		}
	case colFixed:
		size := head.Count("bytes of a value", len(r.in[strText].B), 0)
		for i := range out {
			out[i] = r.in[strText].Take(size)
		}
	case colDigits, colHex, colClock:
		pattern := head.Bytes()
		if *budget -= len(pattern) * n; *budget < 0 {
			r.fail("columns are too large")
			return nil
		}
		switch kind {
		case colDigits:
			r.digits(pattern, out)
		case colHex:
			r.hex(pattern, out)
		default:
			readClock(r, pattern, out, owners)
		}
	case colWords:
		list := make([][]byte, head.Count("values", maxWordList, 1))
		for i := range list {
			list[i] = head.Bytes()
		}
		for i := range out {
			at := r.in[strNumbers].Count("places", len(list)-1, 0)
			if r.err() != nil {
				return nil
			}
			out[i] = list[at]
		}
	default:
		r.fail("an unknown kind of column")
	}
	if r.err() != nil {
		return nil
	}
	return out
}

func (r *columns) ids(kind byte, out [][]byte, owners []owner) {
	if len(owners) != len(out) {
		r.fail("a column of ids without records")
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

func (r *columns) digits(pattern []byte, out [][]byte) {
	all := make([]byte, len(pattern)*len(out))
	last := int64(0)
	for i := range out {
		last += wireUnzigzag(r)
		v := all[i*len(pattern) : (i+1)*len(pattern) : (i+1)*len(pattern)]
		n := last
		if n < 0 {
			r.fail("a negative number in a pattern of digits")
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

func (r *columns) hex(pattern []byte, out [][]byte) {
	const digits = "0123456789abcdef"
	n := hexDigits(pattern)
	all := make([]byte, len(pattern)*len(out))
	for i := range out {
		raw := r.in[strHex].Take(n / 2)
		if n%2 != 0 || len(raw) != n/2 {
			r.fail("a pattern of half a byte")
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

func hexDigits(pattern []byte) (n int) {
	for _, c := range pattern {
		if isHexDigit(c) {
			n++
		}
	}
	return n
}

// readPlaces reads what appendPlaces wrote, n places of at most most.
func readPlaces(r *wire.Reader, n int, most uint32) []uint32 {
	places := make([]uint32, n)
	last := int64(0)
	for i := range places {
		last += wire.Unzigzag(r.Uvarint())
		if last < 0 || last > int64(most) {
			r.Fail("a place that is not in the list")
			return nil
		}
		places[i] = uint32(last)
	}
	return places
}
