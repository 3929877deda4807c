package head

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// line is the unit in which memory for samples is given out: 60 bytes of them and the
// number of the line that goes on, 0 for none. 0 is no line.
type line [64]byte

const (
	lineBytes    = 60
	lineBits     = 8 * lineBytes
	linePageBits = 12
	linesPerPage = 1 << linePageBits
	// freshLines is how many lines a stripe takes at a time. 1,024 stripes then hold
	// half a megabyte of lines ready at most.
	freshLines = 8
)

func (l *line) next() uint32     { return binary.LittleEndian.Uint32(l[lineBytes:]) }
func (l *line) setNext(n uint32) { binary.LittleEndian.PutUint32(l[lineBytes:], n) }

type linePage [linesPerPage]line

// lines are the memory of all lines. Pages are never given back: lines that are free
// wait in the stripes for the next chunk, which is soon.
type lines struct {
	table atomic.Pointer[[]*linePage]

	mu   sync.Mutex
	used uint32 // given to a stripe at some time
}

func newLines() *lines {
	l := &lines{used: freshLines} // leaves out the first, 0 is none
	l.table.Store(&[]*linePage{new(linePage)})
	return l
}

func (l *lines) at(n uint32) *line {
	return &(*l.table.Load())[n>>linePageBits][n%linesPerPage]
}

// fresh returns the first of freshLines new lines.
func (l *lines) fresh() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if pages := *l.table.Load(); int(l.used>>linePageBits) == len(pages) {
		more := append(pages, new(linePage)) // no reader of the old header looks there
		l.table.Store(&more)
	}
	n := l.used
	l.used += freshLines
	return n
}

// bytes returns the memory that lines take.
func (l *lines) bytes() int64 { return int64(len(*l.table.Load())) * linesPerPage * 64 }

// stripe guards the records of some series and keeps lines for them: whoever writes
// to one holds its lock anyway, and so needs no other to get a line.
type stripe struct {
	sync.Mutex
	free  uint32 // first of a chain of lines that were used
	fresh uint32 // lines from fresh to end were never used
	end   uint32
	_     [44]byte
}

// take returns an empty line. The caller holds the stripe.
func (s *stripe) take(l *lines) uint32 {
	if n := s.free; n != 0 {
		x := l.at(n)
		s.free = x.next()
		*x = line{}
		return n
	}
	if s.fresh == s.end {
		s.fresh = l.fresh()
		s.end = s.fresh + freshLines
	}
	s.fresh++
	return s.fresh - 1
}

// give takes a chain of lines back. The caller holds the stripe.
func (s *stripe) give(l *lines, first uint32) {
	if first == 0 {
		return
	}
	last := first
	for {
		x := l.at(last)
		next := x.next()
		if next == 0 {
			x.setNext(s.free)
			s.free = first
			return
		}
		last = next
	}
}
