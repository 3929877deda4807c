package cardinality

import (
	"container/heap"
)

// key names what is counted: a service and a metric, the name of a label, or that
// and a value.
type key struct {
	A string `json:"a"`
	B string `json:"b,omitempty"`
}

// place is one key of a sketch.
type place struct {
	Key     key     `json:"key"`
	Count   int64   `json:"count"`   // of series made, at most so many
	Over    int64   `json:"over"`    // by which Count may be too high
	History history `json:"history"` // since the key has its place
	at      int     // in the heap
	rank    int64   // in the heap: Count when it was last put in order, which is never more
}

// sketch is a Space-Saving summary. It is not safe for concurrent use.
type sketch struct {
	most   int
	places map[key]*place
	least  byCount
}

func newSketch(most int) *sketch {
	return &sketch{most: most, places: make(map[key]*place)}
}

// made counts n series of a key, whose strings are good for as long as the call
// lasts; own returns a copy that stays.
func (s *sketch) made(k key, step, n int64, own func(key) key) *place {
	p := s.places[k]
	switch {
	case p != nil:
		p.Count += n
		p.History.add(step, n, 0)
		return p
	case len(s.places) < s.most:
		p = &place{Key: own(k), Count: n, rank: n}
		p.History.add(step, n, 0)
		s.places[p.Key] = p
		heap.Push(&s.least, p)
		return p
	}
	p = s.least[0]
	for p.rank != p.Count { // counts grow without being put in order
		p.rank = p.Count
		heap.Fix(&s.least, 0)
		p = s.least[0]
	}
	delete(s.places, p.Key)
	*p = place{Key: own(k), Count: p.Count + n, Over: p.Count, rank: p.Count + n}
	p.History.add(step, n, 0)
	s.places[p.Key] = p
	heap.Fix(&s.least, 0)
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
	for k, p := range s.places {
		p.Count -= p.History.trim(now)
		p.rank = p.Count
		if p.Over = min(p.Over, p.Count); len(p.History) == 0 {
			heap.Remove(&s.least, p.at)
			delete(s.places, k)
		}
	}
	heap.Init(&s.least)
}

// byCount is a heap with the least rank first.
type byCount []*place

func (h byCount) Len() int           { return len(h) }
func (h byCount) Less(i, j int) bool { return h[i].rank < h[j].rank }
func (h byCount) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}

func (h *byCount) Push(x any) {
	p := x.(*place)
	p.at = len(*h)
	*h = append(*h, p)
}

func (h *byCount) Pop() any {
	old := *h
	p := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return p
}
