package head

import "github.com/prometheus/prometheus/tsdb/chunks"

// old returns the series all of whose samples are older than maxt.
func (f *floats) old(maxt int64) []ID {
	var ids []ID
	f.each(func(id ID, newest int64) {
		if newest < maxt {
			ids = append(ids, id)
		}
	})
	return ids
}

// drop drops those of the series that have no sample from maxt on, and returns them
// with the references they had. It writes over ids.
func (f *floats) drop(ids []ID, maxt int64) ([]ID, []chunks.HeadSeriesRef) {
	gone := ids[:0]
	refs := make([]chunks.HeadSeriesRef, 0, len(ids))
	for _, id := range ids {
		p, r := f.at(id)
		if r == nil {
			continue
		}
		p.Lock()
		if ref := r.ref.Load(); ref != 0 && r.newest < maxt {
			r.ref.Store(0)
			gone, refs = append(gone, id), append(refs, chunks.HeadSeriesRef(ref))
		}
		p.Unlock()
	}
	return gone, refs
}

// free gives back the memory of dropped series.
func (f *floats) free(gone []ID) {
	for _, id := range gone {
		p, r := f.at(id)
		if r == nil {
			continue
		}
		p.Lock()
		f.keepNewest(r, &p.stripe, 0)
		if r.samples > 0 {
			p.give(f.lines, r.first)
			r.samples, r.limit = 0, 0
			p.chunks--
		}
		p.Unlock()
		if gone := f.release(id); gone != nil {
			f.lines.takeBack(&gone.stripe)
		}
	}
}

// trim drops the full chunks that have no sample from maxt on. It returns the time of
// the oldest sample that is left, math.MaxInt64 if there is none.
func (f *floats) trim(maxt int64) int64 {
	oldest := noSpan().mint
	f.each(func(id ID, _ int64) {
		p, r := f.at(id)
		if r == nil {
			return
		}
		p.Lock()
		defer p.Unlock()
		if r.ref.Load() == 0 {
			return
		}
		keep := uint32(0)
		f.eachFull(r, func(e *fullChunk) bool {
			if e.maxt() < maxt {
				return false
			}
			oldest = min(oldest, e.mint())
			keep++
			return true
		})
		if keep < r.fulls {
			f.keepNewest(r, &p.stripe, keep)
		}
		if keep == 0 && r.samples > 0 {
			oldest = min(oldest, f.openBegin(r))
		}
	})
	return oldest
}

// keepNewest drops all but so many of the newest full chunks. The caller holds the
// stripe.
func (f *floats) keepNewest(r *record, s *stripe, keep uint32) {
	left := make([]fullChunk, 0, keep)
	f.eachFull(r, func(e *fullChunk) bool {
		if uint32(len(left)) < keep {
			left = append(left, *e)
		} else if at := e.place(); !at.inFile() {
			s.give(f.lines, at.first())
		}
		return true
	})
	s.give(f.lines, r.full)
	s.chunks -= int32(r.fulls)
	r.full, r.fulls = 0, 0
	ordinal := r.ordinal
	for i := len(left) - 1; i >= 0; i-- {
		e := &left[i]
		f.enter(r, s, e.place(), e.mint(), e.maxt())
	}
	r.ordinal = ordinal
}
