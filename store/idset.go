package store

import (
	"slices"

	"github.com/tocsinhq/tocsin/store/head"
)

// idSet is a set of series of the head.
type idSet struct {
	from head.ID
	bits []uint64
}

func newIDSet(ids []head.ID) (s idSet) {
	if len(ids) == 0 {
		return s
	}
	s.from = slices.Min(ids)
	s.bits = make([]uint64, (slices.Max(ids)-s.from)/64+1)
	for _, id := range ids {
		s.bits[(id-s.from)/64] |= 1 << ((id - s.from) % 64)
	}
	return s
}

func (s idSet) has(id head.ID) bool {
	i := (id - s.from) / 64 // far beyond the end if it is before
	return id >= s.from && int(i) < len(s.bits) && s.bits[i]&(1<<((id-s.from)%64)) != 0
}

// dropFromHead forgets what the head calls series that it has dropped. Writers wait for
// it, so that it looks at series without their locks: what the head calls one changes
// in transactions alone, of which none is under way, and in a sweep.
func (c *cache) dropFromHead(gone idSet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for p := place(1); p < c.next; p++ {
		s := c.at(p)
		if s.head == 0 || !gone.has(head.ID(s.head)) {
			continue
		}
		m := c.lock(p)
		m.Lock()
		s.head = 0
		m.Unlock()
	}
}
