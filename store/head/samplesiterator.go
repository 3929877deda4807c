package head

import (
	"fmt"
	"math"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
)

// samplesIterator goes through the samples of a series within a range. It copies a chunk
// when it comes to it, into the memory of the one before.
type samplesIterator struct {
	of      within
	id      ID
	begun   bool
	done    bool
	metas   []chunks.Meta // chunks that are left
	room    []chunks.Meta
	buf     []byte    // of the chunk at hand
	samples xorReader // of it, once begun
	err     error
}

func (i *samplesIterator) reset(s *sampled) {
	i.of, i.id = *s.within, s.id
	i.begun, i.done, i.metas, i.err = false, false, nil, nil
	i.samples.err = nil
}

// Next moves on.
func (i *samplesIterator) Next() chunkenc.ValueType {
	if i.done {
		return chunkenc.ValNone
	}
	if !i.begun {
		return i.Seek(math.MinInt64)
	}
	if !i.samples.next() && !i.further(math.MinInt64) {
		return chunkenc.ValNone
	}
	return i.trimmed()
}

// Seek moves to the first sample at t or later, if the one at hand is not that already.
func (i *samplesIterator) Seek(t milliseconds) chunkenc.ValueType {
	if i.done {
		return chunkenc.ValNone
	}
	t = max(t, i.of.mint)
	switch {
	case !i.begun:
		i.begun = true
		if !i.begin() || !i.samples.seek(t) && !i.further(t) {
			i.done = true
			return chunkenc.ValNone
		}
	case !i.samples.seek(t) && !i.further(t):
		return chunkenc.ValNone
	}
	return i.trimmed()
}

// trimmed says whether the sample at hand is one of the range.
func (i *samplesIterator) trimmed() chunkenc.ValueType {
	if i.samples.t > i.of.maxt {
		i.done = true
		return chunkenc.ValNone
	}
	return chunkenc.ValFloat
}

// further moves to the first sample at t or later in the chunks that are left, and reports
// whether there is one.
func (i *samplesIterator) further(t int64) bool {
	for i.samples.err == nil && len(i.metas) > 0 {
		m := i.metas[0]
		i.metas = i.metas[1:]
		if m.MaxTime < t {
			continue
		}
		if i.err = i.load(m); i.err != nil {
			break
		}
		if i.samples.seek(t) {
			return true
		}
	}
	i.done = true
	return false
}

// begin finds which chunks are within the range and makes the first one ready. It reports
// false when there is none or it cannot be read. Mostly only the open one is.
func (i *samplesIterator) begin() bool {
	f := i.of.floats
	p, r := f.at(i.id)
	if r == nil {
		i.err = i.lacks(0, storage.ErrNotFound)
		return false
	}
	if open := i.beginOpen(p, r); open || i.err != nil {
		return open
	}
	i.room = f.metas(i.id, i.room[:0])
	kept := i.room[:0]
	for _, m := range i.room {
		if m.OverlapsClosedInterval(i.of.from, i.of.to) {
			kept = append(kept, m)
		}
	}
	if len(kept) == 0 {
		return false
	}
	i.metas = kept[1:]
	i.err = i.load(kept[0])
	return i.err == nil
}

// beginOpen makes the open chunk ready if there is no other within the range, and reports
// whether it did.
func (i *samplesIterator) beginOpen(p *recordPage, r *record) bool {
	f := i.of.floats
	p.Lock()
	defer p.Unlock()
	switch {
	case r.ref.Load() == 0:
		i.err = i.lacks(r.ordinal, storage.ErrNotFound)
		return false
	case r.samples == 0 || r.fulls > 0 && f.fullAt(r, 0).maxt() >= i.of.from:
		return false
	}
	i.use(f.copyOpen(r, i.buf[:0]))
	return true
}

// load makes a chunk ready.
func (i *samplesIterator) load(m chunks.Meta) error {
	f, ordinal := i.of.floats, uint32(m.Ref)
	p, r := f.at(i.id)
	if r == nil {
		return i.lacks(ordinal, storage.ErrNotFound)
	}
	b, at, ok := f.copyOf(p, r, ordinal, i.buf[:0])
	if !ok {
		return i.lacks(ordinal, storage.ErrNotFound)
	}
	if b == nil {
		var err error
		if b, err = f.files.read(at); err != nil {
			return i.lacks(ordinal, err)
		}
	}
	i.use(b)
	return nil
}

func (i *samplesIterator) use(b []byte) {
	size := len(b)
	i.buf = append(b, make([]byte, xorPadding)...)
	i.samples.reset(i.buf, size)
}

func (i *samplesIterator) lacks(ordinal uint32, err error) error {
	return fmt.Errorf("read chunk %d of series %d of the head: %w", ordinal, i.id, err)
}

// At returns the sample at hand.
func (i *samplesIterator) At() (int64, float64) { return i.samples.t, i.samples.value() }

// AtT returns the time of the sample at hand.
func (i *samplesIterator) AtT() int64 { return i.samples.t }

// AtST returns 0: the head keeps no starts.
func (i *samplesIterator) AtST() int64 { return 0 }

// AtHistogram is never right.
func (i *samplesIterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	panic("head: AtHistogram of a float")
}

// AtFloatHistogram is never right.
func (i *samplesIterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	panic("head: AtFloatHistogram of a float")
}

// Err returns the first error.
func (i *samplesIterator) Err() error {
	if i.err != nil || !i.begun || i.samples.err == nil {
		return i.err
	}
	return fmt.Errorf("read a chunk of series %d of the head: %w", i.id, i.samples.err)
}
