package head

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/bits"
)

// xorPadding is how many bytes stand behind those of a chunk that is read: above what a
// sample takes, 20 at most, and a word, so that to look once a sample is enough to see that the
// chunk has ended.
const xorPadding = 32

// xorReader reads a chunk as bitWriter writes it and chunkenc.XORChunk reads it, whose
// iterator takes 1.6 times as long: it looks for the end at each bit and is called through
// an interface. A word of eight bytes has all of what most samples need.
type xorReader struct {
	b           []byte // with xorPadding
	pos, end    uint   // bits
	total, read uint16 // samples
	leading     uint8  // zeros around the bits that values share at present
	trailing    uint8
	t           int64
	delta       uint64
	v           uint64 // bits of the value
	err         error
}

// reset begins with a chunk of size bytes, which with xorPadding more are in b.
func (x *xorReader) reset(b []byte, size int) {
	*x = xorReader{b: b, end: 8 * uint(size), pos: 16}
	if size >= 2 {
		x.total = binary.BigEndian.Uint16(b)
	}
}

// value returns the value of the sample at hand.
func (x *xorReader) value() float64 { return math.Float64frombits(x.v) }

// seek moves to the first sample at t or later, if the one at hand is not that already.
func (x *xorReader) seek(t int64) bool {
	for x.read == 0 || x.t < t {
		if !x.next() {
			return false
		}
	}
	return true
}

// next moves on, and reports false at the end of the chunk or of what can be read of it.
func (x *xorReader) next() bool {
	if x.read >= x.total || x.err != nil || x.read < 2 && !x.first() {
		return false
	}
	if x.read >= 2 {
		w := x.word()
		if w>>63 == 0 { // the step is the same
			x.pos++
			x.t += int64(x.delta)
			x.nextValue(w<<1, wordBits-1)
		} else {
			x.step(w)
			x.t += int64(x.delta)
			x.nextValue(x.word(), wordBits)
		}
	}
	if x.pos > x.end {
		x.err = fmt.Errorf("sample %d of %d in a chunk of %d bytes: %w", x.read+1, x.total, x.end/8, io.ErrUnexpectedEOF)
		return false
	}
	x.read++
	return true
}

// first reads one of the first two samples, whose times are numbers of whole bytes.
func (x *xorReader) first() bool {
	u, n := binary.Uvarint(x.b[x.pos/8:])
	if n <= 0 {
		x.err = fmt.Errorf("time of sample %d of a chunk of %d bytes is no number of 64 bits", x.read+1, x.end/8)
		return false
	}
	x.pos += 8 * uint(n)
	if x.read == 0 {
		x.t = int64(u>>1) ^ -int64(u&1)
		x.v = x.bits(64)
		return true
	}
	x.delta = u
	x.t += int64(u)
	x.nextValue(x.word(), wordBits)
	return true
}

// step reads a change of the step between times, which w begins with.
func (x *xorReader) step(w uint64) {
	var n uint
	switch bits.LeadingZeros64(^w) {
	case 1:
		n, w = 14, w<<2
		x.pos += 2 + 14
	case 2:
		n, w = 17, w<<3
		x.pos += 3 + 17
	case 3:
		n, w = 20, w<<4
		x.pos += 4 + 20
	default:
		x.pos += 4
		x.delta += x.bits(64)
		return
	}
	u := w >> (64 - n)
	if u > 1<<(n-1) { // see fits
		u -= 1 << n
	}
	x.delta += u
}

// nextValue reads a value, of which the first bits, so many, are the highest of w.
func (x *xorReader) nextValue(w uint64, have uint) {
	if w>>63 == 0 {
		x.pos++
		return
	}
	control := uint(2)
	if w>>62 == 0b11 {
		control = 13
		size := uint8(w << 7 >> 58)
		if size == 0 { // 64 is written so
			size = 64
		}
		x.leading = uint8(w << 2 >> 59)
		x.trailing = 64 - x.leading - size
	}
	n := uint(64 - x.leading - x.trailing)
	x.pos += control
	if control+n <= have {
		x.pos += n
		x.v ^= w << control >> (64 - n) << x.trailing
		return
	}
	x.v ^= x.bits(n) << x.trailing
}

// wordBits is how many bits word returns at least.
const wordBits = 57

// word returns the bits from the present place on, the first one highest.
func (x *xorReader) word() uint64 {
	return binary.BigEndian.Uint64(x.b[x.pos/8:]) << (x.pos % 8)
}

// bits reads n bits, at most 64.
func (x *xorReader) bits(n uint) uint64 {
	if n <= wordBits {
		u := x.word() >> (64 - n)
		x.pos += n
		return u
	}
	high := x.word() >> 32
	x.pos += 32
	n -= 32
	low := x.word() >> (64 - n)
	x.pos += n
	return high<<n | low
}
