package store

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/internal/prefetch"
	"github.com/tocsinhq/tocsin/store/head"
)

// place is where a series stands in the cache; 0 is none. A place may be given to
// another series by a sweep, which is why whoever looked one up compares the
// identity again under the lock.
type place uint32

const (
	seriesPerPage = 1024
	lockStripes   = 1024
	// lockRun neighbours share a lock: senders send series in the order in which they
	// were made, so that a lock is taken once for several.
	lockRun = 16
)

type seriesPage [seriesPerPage]series

// cache finds series by identity. A series whose labels come in several spellings
// (another order, empty values) has one identity for each, all leading to the same
// place. Reading takes no lock: a table of tags and places in one array, replaced
// as a whole when it grows, and beside it a map of further spellings, which are
// rare. It is safe for concurrent use.
type cache struct {
	table   atomic.Pointer[table]
	pages   atomic.Pointer[[]*seriesPage]
	locks   [lockStripes]sync.Mutex
	aliases sync.Map // identity -> place
	aliased atomic.Int64

	mu   sync.Mutex // of those who add and sweep
	next place      // never given out yet
	free []place
	used int // entries of the table
}

// table is an open-addressing hash table with linear probing. A cell holds the
// upper half of the identity's first hash and the place; 0 is empty. Cells are
// only ever filled; a table that loses entries is written anew.
type table struct {
	cells []atomic.Uint64
	mask  uint64
}

func newTable(size int) *table {
	return &table{cells: make([]atomic.Uint64, size), mask: uint64(size - 1)}
}

const leastTable = 1 << 10

func newCache() *cache {
	c := &cache{next: 1}
	c.table.Store(newTable(leastTable))
	c.pages.Store(new([]*seriesPage))
	return c
}

func tagOf(id identity) uint64 { return id[0] &^ 0xffffffff }

// at returns the series of a place that was given out.
func (c *cache) at(p place) *series {
	return &(*c.pages.Load())[p/seriesPerPage][p%seriesPerPage]
}

// lock returns the lock that guards a place. Others share it, so nobody may hold
// two.
func (c *cache) lock(p place) *sync.Mutex { return &c.locks[p/lockRun%lockStripes] }

// fetchCell asks for the memory in which look will begin.
func (c *cache) fetchCell(id identity) {
	t := c.table.Load()
	prefetch.Lines(unsafe.Pointer(&t.cells[id[1]&t.mask]), 1)
}

// fetch asks for the memory of a series.
func (c *cache) fetch(p place) {
	if p != 0 {
		prefetch.Lines(unsafe.Pointer(c.at(p)), 1)
	}
}

// look returns the place that an identity most likely has, 0 for none. Whether the
// series there is the one is to be asked under its lock; see is.
func (c *cache) look(id identity) place {
	t := c.table.Load()
	tag := tagOf(id)
	for i := id[1]; ; i++ {
		cell := t.cells[i&t.mask].Load()
		switch {
		case cell == 0:
			if c.aliased.Load() > 0 {
				if p, ok := c.aliases.Load(id); ok {
					return p.(place)
				}
			}
			return 0
		case cell&^0xffffffff == tag:
			return place(cell)
		}
	}
}

// get returns the place of an identity and marks it used, or 0. It is exact as of
// some moment during the call.
func (c *cache) get(id identity, minute uint32) place {
	p := c.look(id)
	if p == 0 {
		return 0
	}
	m := c.lock(p)
	m.Lock()
	ok := c.is(p, id)
	m.Unlock()
	if !ok {
		c.mu.Lock()
		p = c.exact(id)
		c.mu.Unlock()
	}
	if p != 0 {
		c.at(p).touch(minute)
	}
	return p
}

// is reports whether a place holds the series of an identity, under one spelling
// or another. The caller holds the lock of the place.
func (c *cache) is(p place, id identity) bool {
	own := c.at(p).id
	if own == id {
		return true
	}
	if own == (identity{}) || c.aliased.Load() == 0 {
		return false
	}
	alias, ok := c.aliases.Load(id)
	return ok && alias.(place) == p
}

// exact finds a place by comparing whole identities. The caller holds mu.
func (c *cache) exact(id identity) place {
	t := c.table.Load()
	for i := id[1]; ; i++ {
		cell := t.cells[i&t.mask].Load()
		if cell == 0 {
			break
		}
		if p := place(cell); cell&^0xffffffff == tagOf(id) && c.at(p).id == id {
			return p
		}
	}
	if p, ok := c.aliases.Load(id); ok {
		return p.(place)
	}
	return 0
}

// add keeps a series under id unless another request was quicker, and returns the
// place of the one that is kept. in and ref are what head and base call it, 0 where
// it is not.
func (c *cache) add(id identity, in head.ID, ref storage.SeriesRef, slot uint64, minute uint32) place {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.exact(id); p != 0 {
		c.at(p).touch(minute)
		return p
	}
	p := c.take()
	m := c.lock(p)
	m.Lock()
	s := c.at(p)
	s.id, s.head, s.ref, s.newest, s.value, s.observed = id, uint32(in), uint64(ref), never, 0, never
	s.slot.Store(slot)
	s.used.Store(minute)
	m.Unlock()
	c.put(id, p)
	return p
}

// take returns a place that is free. The caller holds mu.
func (c *cache) take() place {
	if n := len(c.free); n > 0 {
		p := c.free[n-1]
		c.free = c.free[:n-1]
		return p
	}
	p := c.next
	c.next++
	if pages := *c.pages.Load(); int(p/seriesPerPage) >= len(pages) {
		more := append(pages[:len(pages):len(pages)], new(seriesPage))
		c.pages.Store(&more)
	}
	return p
}

// put enters a place, whose series has its identity, into the table, which it replaces by
// one of twice the size when two thirds are filled. The caller holds mu.
func (c *cache) put(id identity, p place) {
	t := c.table.Load()
	if c.used*3 >= len(t.cells)*2 {
		c.rewrite(2 * len(t.cells)) // which enters it, too
		return
	}
	t.enter(id, p)
	c.used++
}

func (t *table) enter(id identity, p place) {
	i := id[1]
	for t.cells[i&t.mask].Load() != 0 {
		i++
	}
	t.cells[i&t.mask].Store(tagOf(id) | uint64(p))
}

// rewrite makes a table of the given size with the series that are there, in the order in
// which they lie in memory: in that of the old table each of them would be waited for. The
// caller holds mu.
func (c *cache) rewrite(size int) {
	t := newTable(size)
	c.used = 0
	for p := place(1); p < c.next; p++ {
		if id := c.at(p).id; id != (identity{}) {
			t.enter(id, p)
			c.used++
		}
	}
	c.table.Store(t)
}

// alias makes another spelling lead to a place. At most as many are kept as there
// are series; others are looked up by their labels each time.
func (c *cache) alias(id identity, p place) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if int(c.aliased.Load()) > c.used || c.at(p).id == (identity{}) {
		return
	}
	if _, have := c.aliases.Swap(id, p); !have {
		c.aliased.Add(1)
	}
}

// len returns the number of spellings kept.
func (c *cache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used + int(c.aliased.Load())
}

// sweep drops series that were last used before the given minute, with all their
// spellings, and returns how many spellings.
func (c *cache) sweep(before uint32) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	had := c.used + int(c.aliased.Load())
	gone := map[place]bool{}
	for p := place(1); p < c.next; p++ {
		s := c.at(p)
		if s.id == (identity{}) || s.used.Load() >= before {
			continue
		}
		m := c.lock(p)
		m.Lock()
		s.id, s.head, s.ref = identity{}, 0, 0
		s.slot.Store(0)
		m.Unlock()
		gone[p] = true
		c.free = append(c.free, p)
	}
	if len(gone) == 0 {
		return 0
	}
	c.aliases.Range(func(id, p any) bool {
		if gone[p.(place)] {
			c.aliases.Delete(id)
			c.aliased.Add(-1)
		}
		return true
	})
	size := leastTable
	for (c.used-len(gone))*3 >= size*2 {
		size *= 2
	}
	c.rewrite(size)
	return had - c.used - int(c.aliased.Load())
}

// each hands over every series, under its lock.
func (c *cache) each(do func(*series)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := place(1); p < c.next; p++ {
		m := c.lock(p)
		m.Lock()
		do(c.at(p))
		m.Unlock()
	}
}
