package detector

import (
	"sync/atomic"
	"unsafe"

	"github.com/prometheus/prometheus/model/histogram"
)

// ToCome returns how many bytes the pages of series are going to take that have none and
// may be given one yet, beyond what was taken for pages already: of those that are too young
// at the newest Sweep, and of all that came since. With it come the copies of native histograms
// that have one only.
func (b *Bank) ToCome() int64 {
	taken, free := b.days.counts()
	young := b.young.series.Load() + int64(b.Len()) - b.young.of.Load() - (int64(taken) - b.young.pages.Load())
	pages := max(0, young-int64(free)) * int64(unsafe.Sizeof(page{}))
	return pages + b.histograms.natives.due.Load()
}

// copiesOfBusy is how many copies of its histogram a busy native comes to: two and what it
// gained. One that is not has fewer buckets.
const copiesOfBusy = 3

// owe reckons anew what a native whose newest histogram is h is going to take yet: it has
// one copy at first. The caller holds its lock.
func (n *natives) owe(of *native, h *histogram.FloatHistogram) {
	have := 0
	for i := range of.room {
		have += bytesOf(&of.room[i])
	}
	due := int32(max(0, min(copiesOfBusy*bytesOf(h)-have-bytesOf(&of.diff), 1<<20)))
	if due != of.due {
		n.due.Add(int64(due - of.due))
		of.due = due
	}
}

// bytesOf returns what the buckets of a histogram take.
func bytesOf(h *histogram.FloatHistogram) int {
	return 8 * (cap(h.PositiveBuckets) + cap(h.NegativeBuckets) + cap(h.PositiveSpans) + cap(h.NegativeSpans))
}

// forgive gives up what natives are no more going to take that have ended, by the time of
// the newest sample of all.
func (n *natives) forgive(p *params, newest int64) {
	if n.due.Load() == 0 {
		return
	}
	n.mu.RLock()
	all := n.all
	n.mu.RUnlock()
	for _, of := range all {
		if of == nil {
			continue
		}
		of.Lock()
		if of.due > 0 && newest-of.time > p.Silence.Most {
			n.due.Add(-int64(of.due))
			of.due = 0
		}
		of.Unlock()
	}
}

// young says how many series might be given a page yet at the newest sweep, of how many,
// how many pages were taken then, and the time of the newest sample.
type young struct{ series, of, pages, newest atomic.Int64 }

// youth counts them while a sweep goes through the series.
type youth struct{ series, newest, before int64 }

func (y *young) begin() youth { return youth{before: y.newest.Load()} }

// see looks at a series. One that is old enough and has no page does not change. One that
// has been silent for long beside others has ended; beside them, and not by the clock,
// because all samples may be old, as after an outage.
func (y *youth) see(p *params, s *series) {
	if !s.has(flagUsed) {
		return
	}
	if s.N > 0 {
		y.newest = max(y.newest, s.LastTime)
	}
	switch {
	case s.has(flagPage), s.N > 0 && y.before-s.LastTime > p.Silence.Most:
	case s.N < p.Forecast.Youth || since(s.FirstTime, s.LastTime) < p.Calendar.PageAge:
		y.series++
	}
}

func (y *young) end(b *Bank, found youth) {
	taken, _ := b.days.counts()
	y.series.Store(found.series)
	y.of.Store(int64(b.Len()))
	y.pages.Store(int64(taken))
	y.newest.Store(found.newest)
}

// counts returns how many pages series have, and how many more there is memory for.
func (d *days) counts() (taken, free int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	taken = int(d.used) - len(d.free)
	return taken, d.pages.len()*chunkSize - taken
}
