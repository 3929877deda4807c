package head

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"github.com/prometheus/prometheus/storage"
	promindex "github.com/prometheus/prometheus/tsdb/index"
)

// list is the series of one label pair, in order: many, or one if many is nil, or none.
type list struct {
	many []ID
	one  ID
}

func (l list) len() int {
	if l.many == nil && l.one != 0 {
		return 1
	}
	return len(l.many)
}

func (l list) appendTo(dst []ID) []ID {
	if l.many == nil && l.one != 0 {
		return append(dst, l.one)
	}
	return append(dst, l.many...)
}

func (l list) postings() promindex.Postings {
	switch l.len() {
	case 0:
		return promindex.EmptyPostings()
	case 1:
		c := &cursor{}
		c.rest = l.appendTo(c.own[:0])
		return c
	}
	return &cursor{rest: l.many}
}

// cursor goes through a list in its order.
type cursor struct {
	rest []ID
	at   ID
	own  [1]ID
}

func (c *cursor) Next() bool {
	if len(c.rest) == 0 {
		c.at = 0
		return false
	}
	c.at, c.rest = c.rest[0], c.rest[1:]
	return true
}

func (c *cursor) Seek(ref storage.SeriesRef) bool {
	if storage.SeriesRef(c.at) >= ref {
		return true
	}
	if ref > math.MaxUint32 || len(c.rest) == 0 {
		c.rest = nil
		return false
	}
	c.rest = c.rest[gallop(c.rest, ID(ref)):]
	return c.Next()
}

// gallop returns how many of a sorted list are less than want. It looks ahead in steps
// that double, because those who go through two lists together mostly seek what is near.
func gallop(sorted []ID, want ID) int {
	low, high := 0, 1 // what is before low is less
	for high <= len(sorted) && sorted[high-1] < want {
		low, high = high, 2*high
	}
	i, _ := slices.BinarySearch(sorted[low:min(high, len(sorted))], want)
	return low + i
}

func (c *cursor) At() storage.SeriesRef { return storage.SeriesRef(c.at) }

func (c *cursor) Err() error { return nil }

// Len returns how many are left.
func (c *cursor) Len() int { return len(c.rest) }

// mergeLazily is up to how many lists are merged while they are read, which pays if
// the reader skips most of them.
const mergeLazily = 8

// union returns the series that are in one of the lists.
func union(ctx context.Context, lists []list) promindex.Postings {
	switch {
	case len(lists) == 0:
		return promindex.EmptyPostings()
	case len(lists) == 1:
		return lists[0].postings()
	case len(lists) <= mergeLazily:
		cursors := make([]cursor, len(lists))
		its := make([]*cursor, len(lists))
		for i, l := range lists {
			c := &cursors[i]
			c.rest = l.many
			if l.many == nil {
				c.rest = l.appendTo(c.own[:0])
			}
			its[i] = c
		}
		return promindex.Merge(ctx, its...)
	}
	total := 0
	low, high := ID(math.MaxUint32), ID(0)
	for _, l := range lists {
		total += l.len()
		if n := len(l.many); n > 0 {
			low, high = min(low, l.many[0]), max(high, l.many[n-1])
		} else if l.one != 0 {
			low, high = min(low, l.one), max(high, l.one)
		}
	}
	if total == 0 {
		return promindex.EmptyPostings()
	}
	if s, ok := newBitmap(low, high, total); ok {
		for _, l := range lists {
			if l.many == nil && l.one != 0 {
				s.add(l.one)
			}
			for _, id := range l.many {
				s.add(id)
			}
		}
		return &bitCursor{bitmap: s, word: -1}
	}
	ids := make([]ID, 0, total)
	for _, l := range lists {
		ids = l.appendTo(ids)
	}
	slices.Sort(ids)
	return &cursor{rest: slices.Compact(ids)}
}

// bitmap is a set of IDs.
type bitmap struct {
	base  ID // of the first bit, a multiple of 64
	words []uint64
}

// newBitmap makes an empty set for n IDs from low to high, or says that they are so
// few that a sorted list is smaller.
func newBitmap(low, high ID, n int) (bitmap, bool) {
	base := low &^ 63
	words := int((high-base)/64) + 1
	if words > 2*n+64 {
		return bitmap{}, false
	}
	return bitmap{base: base, words: make([]uint64, words)}, true
}

func (s *bitmap) add(id ID) { s.words[(id-s.base)/64] |= 1 << (id % 64) }

func (s *bitmap) has(id ID) bool {
	w := int((id - s.base) / 64)
	return id >= s.base && w < len(s.words) && s.words[w]&(1<<(id%64)) != 0
}

// bitCursor goes through a bitmap.
type bitCursor struct {
	bitmap
	word int // whose bits are in rest; -1 before the first
	rest uint64
	at   ID
}

func (c *bitCursor) Next() bool {
	for c.rest == 0 {
		if c.word+1 >= len(c.words) {
			c.at = 0
			return false
		}
		c.word++
		c.rest = c.words[c.word]
	}
	c.at = c.base + ID(64*c.word+bits.TrailingZeros64(c.rest))
	c.rest &= c.rest - 1
	return true
}

func (c *bitCursor) Seek(ref storage.SeriesRef) bool {
	if storage.SeriesRef(c.at) >= ref {
		return true
	}
	if ref > math.MaxUint32 {
		c.word, c.rest = len(c.words), 0
		return c.Next()
	}
	want := ID(ref)
	if want < c.base {
		return c.Next()
	}
	switch w := int((want - c.base) / 64); {
	case w >= len(c.words):
		c.word, c.rest = len(c.words), 0
	case w > c.word:
		c.word = w
		c.rest = c.words[w] &^ (1<<(want%64) - 1)
	case w == c.word:
		c.rest &^= 1<<(want%64) - 1
	}
	return c.Next()
}

func (c *bitCursor) At() storage.SeriesRef { return storage.SeriesRef(c.at) }

func (c *bitCursor) Err() error { return nil }
