package detector

import (
	"unsafe"

	"github.com/tocsinhq/tocsin/internal/prefetch"
	"github.com/tocsinhq/tocsin/telemetry"
)

// What is fetched ahead. The state of a series is several cache lines at a
// random address; waiting for them is most of the cost of a sample when millions
// of series take turns. Fetched aheadFar samples early they have come when
// they are needed; so have the pages, whose address is in the state, fetched
// aheadNear samples early. States that lie one behind the other, as those of series that
// were registered together and are written together, the processor fetches ahead by itself,
// more of them at a time than it does of what it is asked for.
const (
	aheadFar  = 16
	aheadNear = 8
)

// ObserveAll judges all[from:to] in order, as Feed would one by one, and hands each
// verdict that brings news to tell, which is called as that of Feed is. It returns the
// index of the first sample whose slot is good no more, which Feed returns false for,
// and to if there is none; samples after it have not been judged. It does not keep all.
//
// It is faster than Feed by as much as memory is slow and locks cost: what samples
// beyond the present one need is fetched ahead, beyond to as well, for a batch that is
// judged in pieces from its start on; and samples in a row of series that share a lock
// take it once.
func (b *Bank) ObserveAll(all []telemetry.Observation, from, to int, tell func(Verdict)) int {
	if from == 0 {
		for i := range all[:min(aheadFar, len(all))] {
			b.fetchSeries(Slot(all[i].Slot))
		}
	}
	var held row
	defer held.leave()
	for i := from; i < to; i++ {
		if j := i + aheadFar; j < len(all) && !Slot(all[j].Slot).follows(Slot(all[j-1].Slot)) {
			b.fetchSeries(Slot(all[j].Slot))
		}
		if j := i + aheadNear; j < len(all) && !Slot(all[j].Slot).follows(Slot(all[j-1].Slot)) {
			b.fetchPage(Slot(all[j].Slot))
		}
		if !b.next(&held, &all[i], tell) {
			return i
		}
	}
	return to
}

// follows reports whether the state of a series lies right behind that of another; at the
// end of a chunk it does not quite.
func (s Slot) follows(before Slot) bool { return s.place() == before.place()+1 }

// row is the lock that samples in a row have in common, nil for none: that of a chunk
// of series or of one of histograms.
type row struct {
	series  *chunk
	from    uint32 // place of the first series of that chunk
	service uint32
	own     *service // the service of that index, nil for none yet
	buckets *classicChunk
	owed    owed // by the newest sample that was weighed
}

// of returns the service of an index: those of samples in a row are mostly the same.
func (r *row) of(b *Bank, at uint32) *service {
	if r.own == nil || r.service != at {
		r.service, r.own = at, b.services.at(at)
	}
	return r.own
}

// leave gives up the lock.
func (r *row) leave() {
	if r.series != nil {
		r.series.Unlock()
	}
	if r.buckets != nil {
		r.buckets.Unlock()
	}
	r.series, r.buckets = nil, nil
}

// next is Feed for a sample of a row.
func (b *Bank) next(held *row, o *telemetry.Observation, tell func(Verdict)) bool {
	slot := Slot(o.Slot)
	at := slot.place() - held.from
	if held.series == nil || at >= chunkSize || !slot.ofSeries() {
		if at = slot.place() % chunkSize; !b.hold(held, slot) {
			return b.apart(held, o, tell)
		}
	}
	s := &held.series.series[at]
	if uint32(s.Generation) != slot.generation() {
		return false
	}
	own, g := held.of(b, s.Service), glance{t: o.T, fine: 1}
	why := s.admit(&b.params, &g, o.V)
	if why == taken {
		var w slide
		if share := own.shareLeast(&b.params); s.glides(&b.params, &g, share, &w) || s.lesson(&b.params, &g, share, &w) {
			if w.isShown(&b.params) && own.rare(&b.params, s, slot.place(), g.t, w.rarity) {
				service := s.Service
				held.leave()
				b.weigh(service, g.t)
			}
			return true
		}
	}
	b.nextInFull(held, s, slot, own, &g, why, tell)
	return true
}

// hold takes the lock of a series, and gives up that of the series before. It is false for
// what is none.
func (b *Bank) hold(held *row, slot Slot) bool {
	c := b.series.at(int(slot.place()) / chunkSize)
	if !slot.ofSeries() || c == nil {
		return false
	}
	if c != held.series {
		held.leave()
		c.Lock()
		held.series, held.from = c, slot.place()/chunkSize*chunkSize
	}
	return true
}

// apart is next for what is of no series.
func (b *Bank) apart(held *row, o *telemetry.Observation, tell func(Verdict)) bool {
	slot := Slot(o.Slot)
	if !slot.Bucket() {
		held.leave()
		return b.Feed(slot, o.T, o.V, tell)
	}
	if g, k, c := b.bucketOf(slot.place()); c != nil {
		if c != held.buckets {
			held.leave()
			c.Lock()
			held.buckets = c
		}
		b.take(g, k, o.T, o.V, sink{to: tell})
	}
	return true
}

// nextInFull is next for a sample of a series that does not glide for certain. The lock
// of the row is kept unless the sample brings news.
func (b *Bank) nextInFull(held *row, s *series, slot Slot, own *service, g *glance, why outcome, tell func(Verdict)) {
	var out Verdict
	var after sequel
	if !b.observeInFull(held.series, s, slot, own, own.shareLike(&b.params, g.t, &held.owed), g, why, false, &out, &after) {
		return
	}
	held.leave()
	if b.follow(&after, own, g.t, &out); after.tell {
		tell(out)
	}
}

// hotLines is how many cache lines what an ordinary sample touches lies in at most: a
// series begins at any multiple of 8 in a line. Asking for as many each time costs less
// than counting, for the processor knows when the loop ends.
const hotLines = int((unsafe.Offsetof(series{}.Err) + cacheLine - 8 + cacheLine - 1) / cacheLine)

// fetchSeries asks for what an ordinary sample touches of a series, the lock of its chunk
// included, or for a bucket.
func (b *Bank) fetchSeries(slot Slot) {
	if slot.Bucket() {
		if all := b.histograms.buckets.at(int(slot.place()) / chunkSize); all != nil {
			fetchAll(unsafe.Pointer(&all[slot.place()%chunkSize]), unsafe.Sizeof(bucket{}))
		}
		return
	}
	if c := b.series.at(int(slot.place()) / chunkSize); c != nil {
		prefetch.Lines(unsafe.Pointer(&c.series[slot.place()%chunkSize]), hotLines)
		prefetch.Lines(unsafe.Pointer(&c.Mutex), 1)
	}
}

// fetchPage asks for what a lesson needs besides: the rest of the series, and its page,
// unless that has been read in these minutes and is not to be read again. To young series
// every sample is a lesson. The fields are read without the lock of the series: what is out
// of date costs time only.
//
//go:norace
func (b *Bank) fetchPage(slot Slot) {
	c := b.series.at(int(slot.place()) / chunkSize)
	if slot.Bucket() || c == nil {
		return
	}
	s := &c.series[slot.place()%chunkSize]
	turned := s.Turn == uint16(b.turn.Load())
	if turned && !s.learnsFromEach(&b.params) {
		return
	}
	fetchAll(unsafe.Pointer(&s.Err), unsafe.Sizeof(series{})-unsafe.Offsetof(series{}.Err))
	if turned {
		return
	}
	at := s.Page
	if d := b.days.pages.at(int(at) / chunkSize); d != nil {
		fetchAll(unsafe.Pointer(&d[at%chunkSize]), unsafe.Sizeof(page{}))
	}
}

// fetchAll asks for each cache line of so many bytes. They begin anywhere in a
// line, so that the last of them may lie in one more than their number fills.
func fetchAll(at unsafe.Pointer, size uintptr) {
	prefetch.Lines(at, int((uintptr(at)%cacheLine+size+cacheLine-1)/cacheLine))
}

const cacheLine = 64 // bytes
