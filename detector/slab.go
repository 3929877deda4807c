package detector

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// chunkSize is how many series share a lock and an allocation: small enough
// that a checkpoint holds a writer up for microseconds only, large enough that
// a million series make four thousand objects for the collector.
const chunkSize = 256

// chunk holds the state of chunkSize series. Its lock guards their states and
// the pages that they own.
type chunk struct {
	series [chunkSize]series
	sync.Mutex
	used [chunkSize]uint32 // second of the last use other than a sample taken
}

// slab is an array that grows by chunks and never moves: readers find a chunk
// without a lock while a writer, serialised by the caller, appends one.
type slab[T any] struct {
	chunks atomic.Pointer[[]*T]
}

// at returns chunk i, or nil beyond the end.
func (s *slab[T]) at(i int) *T {
	all := s.chunks.Load()
	if all == nil || i >= len(*all) {
		return nil
	}
	return (*all)[i]
}

// len returns the number of chunks.
func (s *slab[T]) len() int {
	if all := s.chunks.Load(); all != nil {
		return len(*all)
	}
	return 0
}

// Chunks are made in blocks of blockLeast to blockMost, an eighth of what there is. Of a
// block only those huge pages can be used that lie in it as a whole, one less than its
// size on average: blocks of 14 MB of series and of 20 MB of their pages lose a tenth by
// that. Smaller ones lose most, and without huge pages the processor spends more time
// on finding a series' address than on its bytes; but what is not used yet of a huge page
// is resident too.
const (
	blockLeast = 16
	blockMost  = 128
)

// hugePage is the size of a huge page in bytes where it is smallest.
const hugePage = 2 << 20

// grow appends chunks: one at first, then as many as there are, then blocks.
// The table is copied when it is full only, so readers of the old table still see
// what they could see before.
func (s *slab[T]) grow() {
	var old []*T
	if all := s.chunks.Load(); all != nil {
		old = *all
	}
	block := make([]T, min(max(len(old), 1), max(blockLeast, len(old)/8), blockMost))
	if size := len(block) * int(unsafe.Sizeof(block[0])); size >= hugePage {
		preferHugePages(unsafe.Slice((*byte)(unsafe.Pointer(&block[0])), size))
	}
	grown := old
	for i := range block {
		grown = append(grown, &block[i])
	}
	s.chunks.Store(&grown)
}

// days is the slab of pages. Handing out is locked; a page itself
// is guarded by the lock of the series that owns it.
type days struct {
	mu    sync.Mutex
	used  uint32
	free  []uint32 // given back
	pages slab[[chunkSize]page]
}

func (d *days) take() uint32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n := len(d.free); n > 0 {
		at := d.free[n-1]
		d.free = d.free[:n-1]
		return at
	}
	if int(d.used) >= d.pages.len()*chunkSize {
		d.pages.grow()
	}
	at := d.used
	d.used++
	return at
}

// at returns a page that was taken, nil for none. That is asked so that the compiler does
// not: it would by reading the first page of the chunk, which nobody needs and which is far.
func (d *days) at(at uint32) *page {
	all := d.pages.at(int(at / chunkSize))
	if all == nil {
		return nil
	}
	return &all[at%chunkSize]
}
