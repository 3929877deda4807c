package head

import (
	"slices"
	"strings"
)

// sorted returns those of ids that are there in the order of labels.Compare: by name and
// value of the first label, then of the second, and fewer labels first.
//
// It sorts numbers, not labels: all series by the pair that they have at the first
// place, then those with the same pair by their second one, and so on. Strings are
// compared only to put the different pairs at one place in order, of which there are
// far fewer than comparisons of series in a plain sort. Cost: for each series one
// look at each label that does not tell it from all others, and n log n comparisons of
// numbers.
func (x *index) sorted(ids []ID) []ID {
	s := sorter{index: x}
	s.take(ids)
	order := make([]uint64, len(s.ids))
	for i := range order {
		order[i] = uint64(i)
	}
	s.sort(order, 0)
	out := make([]ID, len(order))
	for i, o := range order {
		out[i] = s.ids[uint32(o)]
	}
	return out
}

// sorter holds what was there when the sort began. Pairs of series that are removed
// meanwhile may get other meanings, and these series any place in the result.
type sorter struct {
	index *index
	ids   []ID
	pages []pageView
	page  []uint32 // of ids, a number in pages

	keys []pairKey // for ordering the pairs at one place
	runs []run
	tmp  []uint64
}

// pageView is a page as it was.
type pageView struct {
	page  *seriesPage
	pairs []pairID
}

type pairKey struct {
	name, value string
	run         run
}

// run is a part of what is being sorted.
type run struct{ from, to int }

// sortAtOnce is how many series or pairs are looked at before the lock is let go.
const sortAtOnce = 4096

// take takes the pages of the series that are there.
func (s *sorter) take(ids []ID) {
	x := s.index
	s.ids = make([]ID, 0, len(ids))
	s.page = make([]uint32, 0, len(ids))
	for len(ids) > 0 {
		part := ids[:min(sortAtOnce, len(ids))]
		ids = ids[len(part):]
		last := -1 // pages may have changed since
		x.mu.RLock()
		for _, id := range part {
			if _, ok := x.pairsOf(id); !ok {
				continue
			}
			n := int(id / seriesPerPage)
			if n != last {
				s.pages = append(s.pages, pageView{x.pages[n], x.pages[n].pairs})
				last = n
			}
			s.ids = append(s.ids, id)
			s.page = append(s.page, uint32(len(s.pages)-1))
		}
		x.mu.RUnlock()
	}
}

// pairAt returns the pair of a series at a place, or 0 behind its last one.
func (s *sorter) pairAt(i uint32, place uint32) pairID {
	v := &s.pages[s.page[i]]
	at := s.ids[i] % seriesPerPage
	if from := v.page.start[at] + place; from < v.page.start[at+1] {
		return v.pairs[from]
	}
	return 0
}

// sort orders series, given by their numbers in ids, that have the same pairs before a
// place.
func (s *sorter) sort(order []uint64, place uint32) {
	for {
		if len(order) < 2 {
			return
		}
		first := s.pairAt(uint32(order[0]), place)
		same := true
		for i, o := range order {
			pid := s.pairAt(uint32(o), place)
			same = same && pid == first
			order[i] = uint64(pid)<<32 | uint64(uint32(o))
		}
		if !same {
			break
		}
		if first == 0 {
			return // the same labels twice: they cannot both be there still
		}
		place++
	}
	slices.Sort(order)
	base := len(s.runs)
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && order[to]>>32 == order[from]>>32 {
			to++
		}
		s.runs = append(s.runs, run{from, to})
		from = to
	}
	s.orderRuns(order, s.runs[base:])
	for i := base; i < len(s.runs); i++ {
		if r := s.runs[i]; r.to-r.from > 1 && order[r.from]>>32 != 0 {
			s.sort(order[r.from:r.to], place+1)
		}
	}
	s.runs = s.runs[:base]
}

// orderRuns puts the runs of different pairs in the order of names and values.
func (s *sorter) orderRuns(order []uint64, runs []run) {
	x := s.index
	s.keys = s.keys[:0]
	for from := 0; from < len(runs); from += sortAtOnce {
		part := runs[from:min(from+sortAtOnce, len(runs))]
		x.mu.RLock()
		for _, r := range part {
			k := pairKey{run: r}
			if pid := pairID(order[r.from] >> 32); pid != 0 && x.pairs.at(pid).state != 0 {
				at := x.pairs.at(pid)
				k.name, k.value = x.pairs.names[at.name()].text, x.pairs.value(at)
			}
			s.keys = append(s.keys, k)
		}
		x.mu.RUnlock()
	}
	slices.SortFunc(s.keys, func(a, b pairKey) int {
		// Without a label comes first, as the empty name does.
		if a.name != b.name {
			return strings.Compare(a.name, b.name)
		}
		return strings.Compare(a.value, b.value)
	})
	s.tmp = append(s.tmp[:0], order...)
	to := 0
	for i, k := range s.keys {
		n := copy(order[to:], s.tmp[k.run.from:k.run.to])
		runs[i] = run{to, to + n}
		to += n
	}
}
