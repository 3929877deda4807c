package head

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// What a series of an image has.
const (
	imageNewest = 1 << iota // a newest sample
	imageOpen               // an open chunk
)

// appendImage appends what is known of the samples of a series. The caller holds the
// stripe.
func (f *floats) appendImage(b []byte, r *record) []byte {
	has := byte(0)
	if r.newest != never {
		has |= imageNewest
	}
	if r.samples > 0 {
		has |= imageOpen
	}
	b = append(b, has)
	if has&imageNewest != 0 {
		b = binary.BigEndian.AppendUint64(b, uint64(r.newest))
		b = binary.BigEndian.AppendUint64(b, r.value)
	}
	b = binary.AppendUvarint(b, uint64(r.ordinal))
	b = binary.AppendUvarint(b, uint64(r.fulls))
	f.eachFull(r, func(e *fullChunk) bool { // newest first
		b = append(b, e[:]...)
		if at := e.place(); !at.inFile() {
			b = f.copyLines(at.first(), at.size(), b)
		}
		return true
	})
	if has&imageOpen == 0 {
		return b
	}
	b = append(b, r.samples, r.limit, r.leading, r.trailing)
	b = binary.BigEndian.AppendUint64(b, uint64(r.end))
	b = binary.BigEndian.AppendUint32(b, r.delta)
	at := len(b)
	b = append(b, 0, 0)
	bits := 0
	for n, tail := r.first, r.tail.Load(); n != tail; bits += lineBits {
		l := f.lines.at(n)
		b = append(b, l[:lineBytes]...)
		n = l.next()
	}
	b = append(b, f.lines.at(r.tail.Load())[:(r.pos+7)/8]...)
	binary.BigEndian.PutUint16(b[at:], uint16(bits+int(r.pos)))
	return b
}

var errBadImage = errors.New("what it says cannot be")

func badImage(what string, args ...any) error {
	return fmt.Errorf("%w: %s", errBadImage, fmt.Sprintf(what, args...))
}

// imaged are floats that an image is read into.
type imaged struct {
	*floats
	mint   int64          // samples older than that are in blocks
	sizes  map[uint32]int // of chunk files
	newest []int64        // by ID, what the image has
}

// series reads what appendImage wrote. The caller holds the stripe. Chunks do not cross the
// borders of blocks, so that each is needed as a whole or not at all.
func (m *imaged) series(id ID, r *record, s *stripe, in *recordFields, fulls []fullChunk) ([]fullChunk, error) {
	has := in.byte()
	newest, value := int64(never), uint64(0)
	if has&imageNewest != 0 {
		newest, value = int64(in.be64()), in.be64()
	}
	m.newest[id] = newest
	ordinal, n := in.uvarint(), in.uvarint()
	if n > uint64(len(in.b))/fullSize || ordinal < n || ordinal > 1<<32-1 {
		return fulls, badImage("%d full chunks of %d", n, ordinal)
	}
	fulls = fulls[:0]
	after := newest // what comes next must be older
	first := true
	for range n {
		e := fullChunk(in.take(fullSize))
		if in.bad {
			return fulls, errBadRecord
		}
		at, size := e.place(), 0
		if !at.inFile() {
			b := in.take(at.size())
			if size = len(b); size < leastChunk || in.bad {
				return fulls, badImage("a chunk of %d bytes", at.size())
			}
			if e.maxt() >= m.mint {
				e.setPlace(linesPlace(m.keep(s, b), size))
			}
		}
		switch ok := e.maxt() < after || first && has&imageOpen == 0 && e.maxt() == after; {
		case !ok || e.maxt() < e.mint():
			return fulls, badImage("chunk from %d to %d before %d", e.mint(), e.maxt(), after)
		case e.maxt() < m.mint:
		case at.inFile() && (at.fileSize() < leastChunk || at.offset()+chunkSum+at.fileSize() > m.sizes[at.file()]):
			return fulls, badImage("chunk at %d in file %d of %d bytes", at.offset(), at.file(), m.sizes[at.file()])
		default:
			fulls = append(fulls, e)
		}
		after, first = e.mint(), false
	}
	for i := len(fulls) - 1; i >= 0; i-- {
		e := &fulls[i]
		m.enter(r, s, e.place(), e.mint(), e.maxt())
	}
	r.ordinal = uint32(ordinal)
	if newest >= m.mint && has&imageNewest != 0 {
		r.newest, r.value = newest, value
	}
	if has&imageOpen == 0 {
		return fulls, nil
	}
	return fulls, m.open(r, s, in, newest)
}

// leastChunk is the least size of a chunk: a sample at 0.
const leastChunk = 2 + 1 + 8

// open reads the open chunk.
func (m *imaged) open(r *record, s *stripe, in *recordFields, newest int64) error {
	samples, limit, leading, trailing := in.byte(), in.byte(), in.byte(), in.byte()
	end := int64(in.be64())
	delta := binary.BigEndian.Uint32(in.take(4))
	bits := int(binary.BigEndian.Uint16(in.take(2)))
	b := in.take((bits + 7) / 8)
	switch {
	case in.bad:
		return errBadRecord
	case samples == 0 || samples > samplesPerChunk || limit > samplesPerChunk || newest == never:
		return badImage("%d samples of at most %d", samples, limit)
	case leading != noLeading && (leading > 31 || int(leading)+int(trailing) > 63):
		return badImage("%d zeros before and %d behind", leading, trailing)
	case end < newest || uint64(end)-uint64(newest) > math.MaxUint32+1 || len(b) < leastChunk || len(b) > maxChunk:
		return badImage("a chunk of %d bytes up to %d before %d", len(b), newest, end)
	}
	if newest < m.mint {
		return nil
	}
	r.first = m.keep(s, b)
	tail := r.first
	for m.lines.at(tail).next() != 0 {
		tail = m.lines.at(tail).next()
	}
	r.tail.Store(tail)
	r.pos = uint16((bits-1)%lineBits + 1)
	if over := r.pos % 8; over > 0 { // what was not written must be 0
		m.lines.at(tail)[r.pos/8] &= 0xff << (8 - over)
	}
	r.end, r.delta = end, delta
	r.samples, r.limit, r.leading, r.trailing = samples, limit, leading, trailing
	s.chunks++
	return nil
}

// keep copies bytes, of which there are some, to lines.
func (f *floats) keep(s *stripe, b []byte) (first uint32) {
	first = s.take(f.lines)
	for n := first; ; {
		l := f.lines.at(n)
		b = b[copy(l[:lineBytes], b):]
		if len(b) == 0 {
			return first
		}
		n = s.take(f.lines)
		l.setNext(n)
	}
}
