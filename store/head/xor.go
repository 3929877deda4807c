package head

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// bitWriter writes to the end of an open chunk. It lives on the stack while the stripe
// of the series is held.
type bitWriter struct {
	lines  *lines
	stripe *stripe
	record *record
	line   *line
	pos    uint
}

// put writes the n lowest bits of u, at most 64; the others must be 0. All bits of a
// line that are not written yet are 0, so that a sample mostly is one word put over
// eight bytes of the line. At the end of a line these eight bytes reach into the number
// of the next line, which is left as it is.
func (w *bitWriter) put(u uint64, n uint) {
	for {
		from := min(w.pos/8, 56)
		used := w.pos - 8*from
		room := min(64-used, lineBits-w.pos)
		word := (*[8]byte)(w.line[from:])
		if n <= room {
			binary.BigEndian.PutUint64(word[:], binary.BigEndian.Uint64(word[:])|u<<(64-used-n))
			w.pos += n
			return
		}
		n -= room
		binary.BigEndian.PutUint64(word[:], binary.BigEndian.Uint64(word[:])|u>>n<<(64-used-room))
		u &= 1<<n - 1
		w.pos += room
		if w.pos == lineBits {
			w.turn()
		}
	}
}

// turn goes on with a new line.
func (w *bitWriter) turn() {
	n := w.stripe.take(w.lines)
	w.line.setNext(n)
	w.line = w.lines.at(n)
	w.pos = 0
	w.record.tail.Store(n)
}

// The open chunk is written as chunkenc.XORChunk writes it, bit by bit: two bytes for
// the number of samples (see floats.copyOpen), then time and value of the first sample, then
// for each further one the change of the step between times and the bits in which the
// value differs from the one before (Pelkonen et al., Gorilla, VLDB 2015, with the
// widths of Prometheus). A copy of it is a chunk.

// begin writes the first sample of a chunk.
func (w *bitWriter) begin(t int64, v uint64) {
	w.putUvarint(uint64(t)<<1 ^ uint64(t>>63))
	w.put(v, 64)
}

// second writes the second sample.
func (w *bitWriter) second(delta uint64, v uint64) {
	w.putUvarint(delta)
	w.putValue(0, 0, v)
}

func (w *bitWriter) putUvarint(u uint64) {
	var b [binary.MaxVarintLen64]byte
	for _, x := range b[:binary.PutUvarint(b[:], u)] {
		w.put(uint64(x), 8)
	}
}

// further writes any sample after the second.
func (w *bitWriter) further(delta uint32, v uint64) {
	switch change := int64(delta) - int64(w.record.delta); {
	case change == 0:
		w.putValue(0, 1, v)
	case fits(change, 14):
		w.putValue(0b10<<14|uint64(change)&(1<<14-1), 16, v)
	case fits(change, 17):
		w.putValue(0b110<<17|uint64(change)&(1<<17-1), 20, v)
	case fits(change, 20):
		w.putValue(0b1110<<20|uint64(change)&(1<<20-1), 24, v)
	default:
		w.put(0b1111, 4)
		w.put(uint64(change), 64)
		w.putValue(0, 0, v)
	}
}

// fits reports whether x is written with n bits: as a signed number of which the lowest
// is given up and one more on the side of the positive ones is had.
func fits(x int64, n uint) bool {
	return -(1<<(n-1)-1) <= x && x <= 1<<(n-1)
}

// noLeading says that the chunk has no bits yet that values share.
const noLeading = math.MaxUint8

// putValue writes n bits of u and then a value.
func (w *bitWriter) putValue(u uint64, n uint, v uint64) {
	r := w.record
	diff := v ^ r.value
	if diff == 0 {
		w.put(u<<1, n+1)
		return
	}
	leading := uint8(min(bits.LeadingZeros64(diff), 31)) // five bits are for it
	trailing := uint8(bits.TrailingZeros64(diff))
	if r.leading != noLeading && leading >= r.leading && trailing >= r.trailing {
		u, n = u<<2|0b10, n+2
	} else {
		r.leading, r.trailing = leading, trailing
		size := 64 - uint64(leading) - uint64(trailing)
		u, n = u<<13|0b11<<11|uint64(leading)<<6|size&63, n+13 // 64 is written as 0
	}
	size := uint(64 - r.leading - r.trailing)
	diff >>= r.trailing
	if n+size <= 64 {
		w.put(u<<size|diff, n+size)
		return
	}
	w.put(u, n)
	w.put(diff, size)
}

// writeQuickly writes a sample that comes in step with those before, if its value has no
// other bits than they had and all of it goes into one word of the line l: nearly every
// sample. It writes what bitWriter.further would.
func (r *record) writeQuickly(l *line, v uint64) bool {
	u, n := uint64(0), uint(2) // same step, same value
	if diff := v ^ r.value; diff != 0 {
		leading, trailing := uint8(bits.LeadingZeros64(diff)), uint8(bits.TrailingZeros64(diff))
		if min(leading, 31) < r.leading || trailing < r.trailing {
			return false
		}
		size := uint(64 - r.leading - r.trailing)
		u, n = 0b010<<size|diff>>(r.trailing&63), size+3
	}
	pos := uint(r.pos)
	from := min(pos/8, 56)
	used := pos - 8*from
	if n > 64-used || n > lineBits-pos {
		return false
	}
	word := (*[8]byte)(l[from:])
	binary.BigEndian.PutUint64(word[:], binary.BigEndian.Uint64(word[:])|u<<((64-used-n)&63))
	r.pos = uint16(pos + n)
	return true
}
