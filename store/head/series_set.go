package head

import (
	"math"
	"slices"

	promindex "github.com/prometheus/prometheus/tsdb/index"
)

// expand returns all IDs of postings. Of a cursor of ours it takes the list as it is,
// which the caller must not change.
func expand(p promindex.Postings) ([]ID, error) {
	if c, ok := p.(*cursor); ok {
		return c.rest, nil
	}
	var ids []ID
	for p.Next() {
		if ref := p.At(); ref <= math.MaxUint32 {
			ids = append(ids, ID(ref))
		}
	}
	return ids, p.Err()
}

// seriesSet answers whether a series is in it: by a bit, or if they are few in a wide
// range by search in a sorted list.
type seriesSet struct {
	sorted []ID
	bits   bitmap
	dense  bool
}

// setOf returns the set of postings, which are sorted.
func setOf(p promindex.Postings) (seriesSet, error) {
	ids, err := expand(p)
	if err != nil || len(ids) == 0 {
		return seriesSet{}, err
	}
	s := seriesSet{sorted: ids}
	if s.bits, s.dense = newBitmap(ids[0], ids[len(ids)-1], len(ids)); s.dense {
		for _, id := range ids {
			s.bits.add(id)
		}
	}
	return s, nil
}

func (s *seriesSet) empty() bool { return len(s.sorted) == 0 }

func (s *seriesSet) has(id ID) bool {
	if s.dense {
		return s.bits.has(id)
	}
	_, ok := slices.BinarySearch(s.sorted, id)
	return ok
}

// hasAny reports whether one of a list is in the set.
func (s *seriesSet) hasAny(l list) bool {
	if l.many == nil {
		return l.one != 0 && s.has(l.one)
	}
	many := l.many
	i, _ := slices.BinarySearch(many, s.sorted[0])
	for _, id := range many[i:] {
		if s.has(id) {
			return true
		}
	}
	return false
}
