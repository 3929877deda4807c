package head

import (
	"math"
	"unsafe"

	"github.com/tocsinhq/tocsin/internal/prefetch"
)

const (
	// linesAhead is how many samples early the line that one will be written to is asked
	// for.
	linesAhead = 8
	// recordsAhead is the same of the record, for who has not looked at all of them just
	// before.
	recordsAhead = 16
	// lockRun bounds for how many samples a page is held without a pause.
	lockRun = 64
)

// span are the least and the greatest time of samples.
type span struct{ mint, maxt int64 }

func noSpan() span { return span{math.MaxInt64, math.MinInt64} }

// commit stores samples. Those that are too old, not newer than the newest of their
// series or of dropped series are not stored; their indices are appended to late. The log
// has looked at all records a moment before (see refs).
func (f *floats) commit(samples []Sample, late []int) ([]int, span) {
	valid := f.valid.Load()
	times := noSpan()
	var held, next *recordPage
	heldNo, nextNo := ID(math.MaxUint32), ID(math.MaxUint32)
	run := 0
	for i := range samples {
		if i+linesAhead < len(samples) {
			id := samples[i+linesAhead].ID
			if no := id >> recordPageBits; no != nextNo {
				next, nextNo = f.page(id), no
			}
			if next != nil {
				if r := next.at(id); r != nil {
					prefetch.Lines(unsafe.Pointer(f.lines.at(r.tail.Load())), 1)
				}
			}
		}
		s := &samples[i]
		if no := s.ID >> recordPageBits; no != heldNo || run == lockRun {
			if held != nil {
				held.Unlock()
			}
			if no != heldNo {
				held, heldNo = f.page(s.ID), no
			}
			if held != nil {
				held.Lock()
			}
			run = 0
		}
		run++
		var r *record
		if held != nil {
			r = held.at(s.ID)
		}
		if r == nil || s.T < valid || !f.write(s.ID, r, &held.stripe, s.T, math.Float64bits(s.V)) {
			late = append(late, i)
			continue
		}
		times.mint, times.maxt = min(times.mint, s.T), max(times.maxt, s.T)
	}
	if held != nil {
		held.Unlock()
	}
	return late, times
}

// appendAll stores samples in order and calls late for each that is not newer than the
// newest of its series, or of no series, before it goes on, without a lock. No series may
// be dropped meanwhile.
func (f *floats) appendAll(samples []Sample, late func(*Sample)) {
	var far, near, at pageCursor
	var held *recordPage
	run := 0
	for i := range samples {
		if i+recordsAhead < len(samples) {
			if r := far.record(f, samples[i+recordsAhead].ID); r != nil {
				prefetch.Lines(unsafe.Pointer(r), 1)
			}
		}
		if i+linesAhead < len(samples) {
			if r := near.record(f, samples[i+linesAhead].ID); r != nil {
				prefetch.Lines(unsafe.Pointer(f.lines.at(r.tail.Load())), 1)
			}
		}
		s := &samples[i]
		r := at.record(f, s.ID)
		if at.page != held || run == lockRun {
			if held != nil {
				held.Unlock()
			}
			if held = at.page; held != nil {
				held.Lock()
			}
			run = 0
		}
		run++
		if r != nil && f.write(s.ID, r, &held.stripe, s.T, math.Float64bits(s.V)) {
			continue
		}
		if held != nil {
			held.Unlock()
			held = nil
		}
		late(s)
	}
	if held != nil {
		held.Unlock()
	}
}

// pageCursor knows the page of the series that was looked at last.
type pageCursor struct {
	page *recordPage
	no   ID
}

// record returns the record of a series, or nil.
func (c *pageCursor) record(f *floats, id ID) *record {
	if no := id >> recordPageBits; no != c.no || c.page == nil {
		c.page, c.no = f.page(id), no
	}
	if c.page == nil {
		return nil
	}
	return c.page.at(id)
}
