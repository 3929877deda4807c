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
