package head

import (
	"context"
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	promindex "github.com/prometheus/prometheus/tsdb/index"
	"github.com/prometheus/prometheus/util/annotations"
)

// Querier returns a querier of Block(mint, maxt). It is for one goroutine at a time.
func (h *Head) Querier(mint, maxt int64) (storage.Querier, error) {
	b := h.Block(mint, maxt).(*pinnedBlock)
	q, err := tsdb.NewBlockQuerier(b, mint, maxt)
	if err != nil {
		return nil, err
	}
	pin := b.readers.begin(mint)
	of := *b.block
	of.mint = pin.mint
	return &querier{q, &indexReader{&of}, pin}, nil
}

// querier answers those who want labels alone by itself. Going from series to series, as
// the querier of the TSDB does it, takes locks and memory for each; the head of the TSDB
// has labels ready to be handed out, and ours puts them together.
type querier struct {
	storage.Querier
	index *indexReader
	pin   *pin // nil: nobody waits for it
}

// labelsOnly is what the API says for the function of a selection of which it wants no
// samples.
const labelsOnly = "series"

// Select returns the series that match.
func (q *querier) Select(ctx context.Context, sorted bool, hints *storage.SelectHints, ms ...*labels.Matcher) storage.SeriesSet {
	if hints == nil || hints.Func != labelsOnly || hints.ShardCount > 0 {
		return q.Querier.Select(ctx, sorted, hints, ms...)
	}
	p, err := tsdb.PostingsForMatchers(ctx, q.index, ms...)
	if err != nil {
		return storage.ErrSeriesSet(err)
	}
	if sorted {
		p = q.index.SortedPostings(p)
	}
	return &labelsSet{
		ctx: ctx, index: q.index.index, floats: q.index.floats, postings: p, next: firstLabels,
		mint: max(q.index.mint, hints.Start), maxt: min(q.index.maxt, hints.End),
	}
}

// Close ends the reading.
func (q *querier) Close() error {
	if q.pin != nil {
		q.pin.end()
	}
	return q.Querier.Close()
}

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
	if s.err = s.ctx.Err(); s.err != nil {
		return false
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
		return false
	}
	s.next = min(2*s.next, mostLabels)
	// Those of before may still be in somebody's hands.
	s.ready, s.text = s.index.labelsOf(s.floats.within(ids, s.mint, s.maxt), s.text)
	s.at = 0
	return true
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
// ids.
func (f *floats) within(ids []ID, mint, maxt int64) []ID {
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
// in memory of their own that they share. It writes over buf, which it returns.
func (x *index) labelsOf(ids []ID, buf []byte) ([]labelled, []byte) {
	if len(ids) == 0 {
		return nil, buf
	}
	out := make([]labelled, 0, len(ids))
	if !x.writes {
		var b labels.ScratchBuilder
		for _, id := range ids {
			if x.labels(id, &b) {
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
		ends[n] = len(text)
		n++
	}
	x.mu.RUnlock()
	all, from := string(text), 0
	for _, end := range ends[:n] {
		out = append(out, labelled{labelsFrom(all[from:end])})
		from = end
	}
	return out, text
}
