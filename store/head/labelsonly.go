package head

import (
	"context"
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	promindex "github.com/prometheus/prometheus/tsdb/index"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/tocsinhq/tocsin/internal/labeltext"
)

// Series whose labels are put together at once: few at first, for those who want no more.
const (
	firstLabels = 8
	mostLabels  = 256
)

// labelsSet hands out labels of series that have a chunk from mint to maxt.
type labelsSet struct {
	ctx        context.Context
	index      *index
	floats     *floats
	postings   promindex.Postings
	mint, maxt int64
	next       int // how many to look at next
	ids        []ID
	text       []byte
	ready      []labelled
	at         int // behind the one at hand
	err        error
}

// Next moves on.
func (s *labelsSet) Next() bool {
	for s.at == len(s.ready) {
		if s.err != nil || !s.fill() {
			return false
		}
	}
	s.at++
	return true
}

// fill makes the next ones ready, and reports false when there are no more.
func (s *labelsSet) fill() bool {
	ids := s.take()
	if len(ids) == 0 {
		return false
	}
	// Those of before may still be in somebody's hands.
	s.ready, s.text = s.index.labelsOf(s.floats.within(ids, s.mint, s.maxt, nil), s.text)
	s.at = 0
	return true
}

// take returns the next series that match, none at the end or after an error.
func (s *labelsSet) take() []ID {
	if s.err = s.ctx.Err(); s.err != nil {
		return nil
	}
	if cap(s.ids) < s.next {
		s.ids = make([]ID, 0, s.next)
	}
	ids := s.ids[:0]
	for len(ids) < s.next && s.postings.Next() {
		if ref := s.postings.At(); ref <= math.MaxUint32 {
			ids = append(ids, ID(ref))
		}
	}
	if len(ids) == 0 {
		s.err = s.postings.Err()
	}
	s.next = min(2*s.next, mostLabels)
	return ids
}

// At returns the series at hand.
func (s *labelsSet) At() storage.Series { return &s.ready[s.at-1] }

// Err returns the first error.
func (s *labelsSet) Err() error { return s.err }

// Warnings returns none.
func (s *labelsSet) Warnings() annotations.Annotations { return nil }

// labelled is a series of which nothing but its labels is told.
type labelled struct{ labels labels.Labels }

func (l *labelled) Labels() labels.Labels { return l.labels }

func (l *labelled) Iterator(chunkenc.Iterator) chunkenc.Iterator { return chunkenc.NewNopIterator() }

// within returns those of some series that have a chunk from mint to maxt. It writes over
// ids. Unless last is nil their newest samples are appended to it.
func (f *floats) within(ids []ID, mint, maxt int64, last *[]newestSample) []ID {
	kept := ids[:0]
	var held *recordPage
	no := ID(math.MaxUint32)
	for _, id := range ids {
		if id>>recordPageBits != no {
			if held != nil {
				held.Unlock()
			}
			no = id >> recordPageBits
			if held = f.page(id); held != nil {
				held.Lock()
			}
		}
		if held == nil {
			continue
		}
		if r := held.at(id); r != nil && r.ref.Load() != 0 && f.hasWithin(r, mint, maxt) {
			kept = append(kept, id)
			if last != nil {
				*last = append(*last, newestSample{id, r.newest, math.Float64frombits(r.value)})
			}
		}
	}
	if held != nil {
		held.Unlock()
	}
	return kept
}

// hasWithin reports whether a series has a chunk from mint to maxt. The caller holds the
// stripe.
func (f *floats) hasWithin(r *record, mint, maxt int64) bool {
	if r.newest == never || r.newest < mint || mint > maxt {
		return false
	}
	if r.newest <= maxt || r.samples > 0 && f.openBegin(r) <= maxt {
		return true
	}
	found := false
	f.eachFull(r, func(e *fullChunk) bool {
		found = e.maxt() >= mint && e.mint() <= maxt
		return !found && e.maxt() >= mint
	})
	return found
}

// labelsOf returns the labels of those of some series that are there, at most mostLabels,
// in memory of their own that they share. It writes over buf, which it returns, and leaves
// out of ids those that are not there.
func (x *index) labelsOf(ids []ID, buf []byte) ([]labelled, []byte) {
	if len(ids) == 0 {
		return nil, buf
	}
	out := make([]labelled, 0, len(ids))
	if !x.writes {
		var b labels.ScratchBuilder
		for _, id := range ids {
			if x.labels(id, &b) {
				ids[len(out)] = id
				out = append(out, labelled{b.Labels()})
			}
		}
		return out, buf
	}
	var ends [mostLabels]int
	if buf == nil {
		buf = make([]byte, 0, 256*len(ids))
	}
	text := buf[:0]
	n := 0
	x.mu.RLock()
	for _, id := range ids {
		pids, ok := x.pairsOf(id)
		if !ok {
			continue
		}
		for _, pid := range pids {
			text = append(text, x.pairs.at(pid).text...)
		}
		ends[n], ids[n] = len(text), id
		n++
	}
	x.mu.RUnlock()
	all, from := string(text), 0
	for _, end := range ends[:n] {
		out = append(out, labelled{labeltext.Labels(all[from:end])})
		from = end
	}
	return out, text
}
