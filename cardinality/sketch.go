package cardinality

// key names what is counted: a service and a metric, the name of a label, or that
// and a value.
type key struct {
	A string `json:"a"`
	B string `json:"b,omitempty"`
}

// own returns a copy of a key, whose strings are parts of all labels of a series.
func (k key) own() key {
	both := k.A + k.B
	return key{both[:len(k.A)], both[len(k.A):]}
}

// place is one key of a sketch.
type place struct {
	Key     key     `json:"key"`
	Count   int64   `json:"count"`   // of series made, at most so many
	Over    int64   `json:"over"`    // by which Count may be too high
	History history `json:"history"` // since the key has its place
}

// sketch is a Space-Saving summary. It is not safe for concurrent use.
type sketch struct {
	most   int
	places map[key]*place
	least  byCount
	last   *place // that counted last: series of one key often come one after another
}

func newSketch(most int) *sketch {
	return &sketch{most: most, places: make(map[key]*place)}
}

// made counts n series of a key, whose strings are good for as long as the call
// lasts.
func (s *sketch) made(k key, step, n int64) {
	p := s.last
	if p == nil || p.Key != k {
		p = s.places[k]
	}
	switch {
	case p != nil:
		p.Count += n
	case len(s.places) < s.most:
		p = &place{Key: k.own(), Count: n}
		s.places[p.Key] = p
		s.least.push(p)
	default:
		p = s.replace(k.own(), n)
	}
	p.History.add(step, n, 0)
	s.last = p
}

// replace gives the place with the least count to another key. Counts grow without
// being put in order, which is made up for here.
func (s *sketch) replace(k key, n int64) *place {
	top := &s.least[0]
	for top.rank != top.of.Count {
		top.rank = top.of.Count
		s.least.sink(0)
	}
	p := top.of
	delete(s.places, p.Key)
	*p = place{Key: k, Count: p.Count + n, Over: p.Count, History: p.History.emptied()}
	s.places[k] = p
	top.rank = p.Count
	s.least.sink(0)
	return p
}

// gone counts a series of a key that memory let go, if the key has a place.
func (s *sketch) gone(k key, step int64) {
	if p := s.places[k]; p != nil {
		p.History.add(step, 0, 1)
	}
}

// trim forgets what is older than it is kept, so that a key that grew long ago
// gives its place to one that grows now.
func (s *sketch) trim(now int64) {
	stay := s.least[:0]
	for _, x := range s.least {
		p := x.of
		p.Count -= p.History.trim(now)
		if p.Over = min(p.Over, p.Count); len(p.History) == 0 {
			delete(s.places, p.Key)
			continue
		}
		stay.push(p)
	}
	clear(s.least[len(stay):])
	s.least, s.last = stay, nil
}

// list returns all places, in no order.
func (s *sketch) list() []*place {
	out := make([]*place, len(s.least))
	for i := range out {
		out[i] = s.least[i].of
	}
	return out
}

// ranked is a place in the order of counts as they were.
type ranked struct {
	rank int64 // Count when it was last put in order, which is never more
	of   *place
}

// byCount is a binary heap with the least rank first. Ranks stand in it, so that putting
// one in order looks at no places.
type byCount []ranked

// push adds a place.
func (h *byCount) push(p *place) {
	all := append(*h, ranked{p.Count, p})
	for i := len(all) - 1; i > 0; {
		above := (i - 1) / 2
		if all[above].rank <= all[i].rank {
			break
		}
		all[above], all[i] = all[i], all[above]
		i = above
	}
	*h = all
}

// sink moves the one at i down to where it belongs.
func (h byCount) sink(i int) {
	x := h[i]
	for {
		below := 2*i + 1
		if below >= len(h) {
			break
		}
		if right := below + 1; right < len(h) && h[right].rank < h[below].rank {
			below = right
		}
		if h[below].rank >= x.rank {
			break
		}
		h[i] = h[below]
		i = below
	}
	h[i] = x
}
