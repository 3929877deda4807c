package head

import (
	"encoding/binary"
	"sync"
	"sync/atomic"
	"unsafe"
)

// line is the unit in which memory for samples is given out: 60 bytes of them and the
// number of the line that goes on, 0 for none. 0 is no line.
type line [64]byte

const (
	lineBytes    = 60
	lineBits     = 8 * lineBytes
	linePageBits = 13
	linesPerPage = 1 << linePageBits
	// freshLines is how many lines a stripe takes at a time.
	freshLines = 32
)

func (l *line) next() uint32     { return binary.LittleEndian.Uint32(l[lineBytes:]) }
func (l *line) setNext(n uint32) { binary.LittleEndian.PutUint32(l[lineBytes:], n) }

type linePage [linesPerPage]line

// lines are the memory of all lines. Pages are never given back: what is free is there
// for the next chunks.
type lines struct {
	table atomic.Pointer[[]*linePage]

	mu       sync.Mutex
	used     uint32 // given to a stripe at some time
	returned uint32 // first of a chain of lines of stripes that have gone
}

func newLines() *lines {
	l := &lines{used: freshLines} // leaves out the first, 0 is none
	l.table.Store(&[]*linePage{new(linePage)})
	return l
}

// at returns a line that was given out. (Indexing the page would first look whether it is
// nil, which is one more line of memory to wait for.)
func (l *lines) at(n uint32) *line {
	page := (*l.table.Load())[n>>linePageBits]
	return (*line)(unsafe.Add(unsafe.Pointer(page), n%linesPerPage*uint32(unsafe.Sizeof(line{}))))
}

// supply gives a stripe that has none freshLines lines: such that were used, or else new
// ones. The caller holds the stripe.
func (l *lines) supply(s *stripe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.returned != 0 {
		s.free = l.returned
		last := l.at(l.returned)
		for i := 1; i < freshLines && last.next() != 0; i++ {
			last = l.at(last.next())
		}
		l.returned = last.next()
		last.setNext(0)
		return
	}
	if pages := *l.table.Load(); int(l.used>>linePageBits) == len(pages) {
		more := append(pages, new(linePage)) // no reader of the old header looks there
		l.table.Store(&more)
	}
	s.fresh, s.end = l.used, l.used+freshLines
	l.used += freshLines
}

// takeBack takes all lines of a stripe that will take none any more.
func (l *lines) takeBack(s *stripe) {
	s.Lock()
	defer s.Unlock()
	for ; s.fresh < s.end; s.fresh++ {
		l.at(s.fresh).setNext(s.free)
		s.free = s.fresh
	}
	if s.free == 0 {
		return
	}
	last := l.at(s.free)
	for last.next() != 0 {
		last = l.at(last.next())
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last.setNext(l.returned)
	l.returned, s.free = s.free, 0
}

// bytes returns the memory that lines were taken from.
func (l *lines) bytes() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.used) * int64(unsafe.Sizeof(line{}))
}

// stripe guards the records of some series and keeps lines for them: whoever writes
// to one holds its lock anyway, and so needs no other to get a line. It is as long as a
// cache line.
type stripe struct {
	sync.Mutex
	free  uint32 // first of a chain of lines that were used
	fresh uint32 // lines from fresh to end were never used
	end   uint32
	// chunks is how many the series of the page have: full ones that are kept and open ones.
	chunks int32
	_      [40]byte
}

// take returns an empty line. The caller holds the stripe.
func (s *stripe) take(l *lines) uint32 {
	if s.free == 0 && s.fresh == s.end {
		l.supply(s)
	}
	if n := s.free; n != 0 {
		x := l.at(n)
		s.free = x.next()
		*x = line{}
		return n
	}
	s.fresh++
	return s.fresh - 1
}

// give takes a chain of lines back. The caller holds the stripe.
func (s *stripe) give(l *lines, first uint32) {
	if first == 0 {
		return
	}
	last := l.at(first)
	for last.next() != 0 {
		last = l.at(last.next())
	}
	last.setNext(s.free)
	s.free = first
}
