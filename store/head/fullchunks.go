package head

import (
	"encoding/binary"
	"slices"

	"github.com/prometheus/prometheus/tsdb/chunks"
)

// A series keeps the list of its full chunks in lines, the newest line first, three
// entries to a line: only the newest line may have fewer.
const (
	fullSize     = 20
	fullsPerLine = lineBytes / fullSize
)

// fullChunk is an entry of the list: where the chunk is (8 bytes), the time of its
// first sample (8) and how many ms later its last one is (4).
type fullChunk [fullSize]byte

func (e *fullChunk) place() place { return place(binary.LittleEndian.Uint64(e[:])) }
func (e *fullChunk) mint() int64  { return int64(binary.LittleEndian.Uint64(e[8:])) }
func (e *fullChunk) maxt() int64  { return e.mint() + int64(binary.LittleEndian.Uint32(e[16:])) }

func (e *fullChunk) setPlace(p place) { binary.LittleEndian.PutUint64(e[:], uint64(p)) }

func (e *fullChunk) set(p place, mint, maxt int64) {
	e.setPlace(p)
	binary.LittleEndian.PutUint64(e[8:], uint64(mint))
	binary.LittleEndian.PutUint32(e[16:], uint32(maxt-mint))
}

// place is where a full chunk is: in a file (see chunkFiles) or, with the highest bit,
// in lines.
type place uint64

const inLines place = 1 << 63

func linesPlace(first uint32, size int) place { return inLines | place(size)<<32 | place(first) }

func (p place) inFile() bool  { return p&inLines == 0 }
func (p place) first() uint32 { return uint32(p) }
func (p place) size() int     { return int(p &^ inLines >> 32) }

// newestEntries returns how many entries the newest line has, 0 when there is none.
func (r *record) newestEntries() uint32 {
	if r.fulls == 0 {
		return 0
	}
	return (r.fulls-1)%fullsPerLine + 1
}

func (l *line) entry(i uint32) *fullChunk { return (*fullChunk)(l[i*fullSize:]) }

// fullAt returns the entry of a full chunk, counted from the newest, 0, back. The
// caller holds the stripe.
func (f *floats) fullAt(r *record, back uint32) *fullChunk {
	n, have := r.full, r.newestEntries()
	for back >= have {
		back -= have
		n, have = f.lines.at(n).next(), fullsPerLine
	}
	return f.lines.at(n).entry(have - 1 - back)
}

// eachFull calls do with all full chunks, newest first, until it returns false. The
// caller holds the stripe.
func (f *floats) eachFull(r *record, do func(*fullChunk) bool) {
	left := r.fulls
	for n, have := r.full, r.newestEntries(); left > 0; have = fullsPerLine {
		l := f.lines.at(n)
		for i := have; i > 0; i-- {
			if !do(l.entry(i - 1)) {
				return
			}
		}
		left -= have
		n = l.next()
	}
}

// fullMetas appends the full chunks, oldest first. The caller holds the stripe.
func (f *floats) fullMetas(id ID, r *record, dst []chunks.Meta) []chunks.Meta {
	from, ordinal := len(dst), r.ordinal
	f.eachFull(r, func(e *fullChunk) bool {
		ordinal--
		dst = append(dst, chunks.Meta{Ref: chunkRef(id, ordinal), MinTime: e.mint(), MaxTime: e.maxt()})
		return true
	})
	slices.Reverse(dst[from:])
	return dst
}

// cut makes the open chunk a full one. What cannot be written to a file stays in lines
// until a later cut of the series can. The caller holds the stripe.
func (f *floats) cut(r *record, s *stripe) {
	mint, size := f.openBegin(r), f.openSize(r)
	binary.BigEndian.PutUint16(f.lines.at(r.first)[:], uint16(r.samples))
	if at, ok := f.save(r.first, size, r.newest); ok {
		s.give(f.lines, r.first)
		f.enter(r, s, at, mint, r.newest)
		f.saveKept(r, s)
		return
	}
	f.enter(r, s, linesPlace(r.first, size), mint, r.newest)
}

// save writes a chunk that is in lines to a file, if there are files and it can be
// written.
func (f *floats) save(first uint32, size int, maxt int64) (place, bool) {
	if f.files == nil {
		return 0, false
	}
	return f.files.write(size, maxt, func(dst []byte) []byte { return f.copyLines(first, size, dst) })
}

// enter adds a full chunk to the list. The caller holds the stripe.
func (f *floats) enter(r *record, s *stripe, at place, mint, maxt int64) {
	i := r.fulls % fullsPerLine
	if i == 0 {
		n := s.take(f.lines)
		f.lines.at(n).setNext(r.full)
		r.full = n
	}
	f.lines.at(r.full).entry(i).set(at, mint, maxt)
	r.fulls++
	r.ordinal++
	s.chunks++
}

// saveKept writes to files what could not be written before, newest first, as far as
// there is such without a gap before the newest. The caller holds the stripe.
func (f *floats) saveKept(r *record, s *stripe) {
	for back := uint32(1); back < r.fulls; back++ {
		e := f.fullAt(r, back)
		old := e.place()
		if old.inFile() {
			return
		}
		at, ok := f.save(old.first(), old.size(), e.maxt())
		if !ok {
			return
		}
		e.setPlace(at)
		s.give(f.lines, old.first())
	}
}
