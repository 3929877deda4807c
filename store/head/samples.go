package head

import (
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// samplesSet hands out series that have a chunk within a range.
type samplesSet struct {
	found  labelsSet // finds them
	within *within
	newest bool // of the samples only the newest are wanted
	last   []newestSample
	ready  []sampled
	at     int // behind the one at hand
}

// within is what is read of series: samples from mint to maxt, of chunks that are partly
// between from and to.
type within struct {
	floats     *floats
	from, to   int64
	mint, maxt int64
}

// newestSample is the newest sample of a series.
type newestSample struct {
	id ID
	t  int64
	v  float64
}

// sampled is a series.
type sampled struct {
	labels labels.Labels
	within *within
	id     ID
	newest bool // t and v are all that is wanted
	t      int64
	v      float64
}

// Next moves on.
func (s *samplesSet) Next() bool {
	for s.at == len(s.ready) {
		if s.found.err != nil || !s.fill() {
			return false
		}
	}
	s.at++
	return true
}

// fill makes the next ones ready, and reports false when there are no more.
func (s *samplesSet) fill() bool {
	f := &s.found
	ids := f.take()
	if len(ids) == 0 {
		return false
	}
	s.last = s.last[:0]
	if s.newest {
		ids = f.floats.within(ids, f.mint, f.maxt, &s.last)
	} else {
		ids = f.floats.within(ids, f.mint, f.maxt, nil)
	}
	f.ready, f.text = f.index.labelsOf(ids, f.text)
	// Those of before may still be in somebody's hands.
	s.ready, s.at = make([]sampled, len(f.ready)), 0
	last := s.last
	for i := range f.ready {
		at := &s.ready[i]
		*at = sampled{labels: f.ready[i].labels, within: s.within, id: ids[i]}
		for len(last) > 0 && last[0].id != at.id { // of a series that is gone, or one before
			last = last[1:]
		}
		if len(last) > 0 && last[0].t >= s.within.mint && last[0].t <= s.within.maxt {
			at.newest, at.t, at.v = true, last[0].t, last[0].v
		}
	}
	return true
}

// At returns the series at hand.
func (s *samplesSet) At() storage.Series { return &s.ready[s.at-1] }

// Err returns the first error.
func (s *samplesSet) Err() error { return s.found.err }

// Warnings returns none.
func (s *samplesSet) Warnings() annotations.Annotations { return nil }

// Labels returns the labels.
func (s *sampled) Labels() labels.Labels { return s.labels }

// Iterator returns an iterator of the samples, which may be the one given with all that
// it has taken of memory.
func (s *sampled) Iterator(it chunkenc.Iterator) chunkenc.Iterator {
	if s.newest {
		i, ok := it.(*newestIterator)
		if !ok {
			i = &newestIterator{}
		}
		*i = newestIterator{t: s.t, v: s.v, next: true}
		return i
	}
	i, ok := it.(*samplesIterator)
	if !ok {
		i = &samplesIterator{}
	}
	i.reset(s)
	return i
}
