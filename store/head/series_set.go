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

// seriesSet answers whether a series is in it: by search in a sorted list and, once it was
// asked often, by a bit. It is used by one goroutine.
type seriesSet struct {
	sorted []ID
	asked  int
	bits   bitmap
	dense  bool // bits are there
	sparse bool // they would take more memory than the list
}

// setOf returns the set of IDs, which are sorted.
func setOf(ids []ID) seriesSet { return seriesSet{sorted: ids} }

func (s *seriesSet) empty() bool { return len(s.sorted) == 0 }

// searchesPerBit is how many bits are set in the time that a search takes.
const searchesPerBit = 16

func (s *seriesSet) has(id ID) bool {
	if s.dense {
		return s.bits.has(id)
	}
	if s.asked++; s.asked > len(s.sorted)/searchesPerBit && !s.sparse {
		ids := s.sorted
		s.bits, s.dense = newBitmap(ids[0], ids[len(ids)-1], len(ids))
		s.sparse = !s.dense
		if s.dense {
			for _, id := range ids {
				s.bits.add(id)
			}
			return s.bits.has(id)
		}
	}
	_, ok := slices.BinarySearch(s.sorted, id)
	return ok
}

// hasAny reports whether one of a list is in the set.
func (s *seriesSet) hasAny(l list) bool {
	if l.many == nil {
		return l.one != 0 && s.has(l.one)
	}
	many, last := l.many, s.sorted[len(s.sorted)-1]
	i, _ := slices.BinarySearch(many, s.sorted[0])
	for _, id := range many[i:] {
		if id > last {
			return false
		}
		if s.has(id) {
			return true
		}
	}
	return false
}
