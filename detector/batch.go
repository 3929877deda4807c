package detector

import (
	"unsafe"

	"github.com/tocsinhq/tocsin/internal/prefetch"
)

// Observation is one sample of a batch.
type Observation struct {
	Slot  Slot
	Time  int64 // ms since the Unix epoch
	Value float64
}

// What is fetched ahead. The state of a series is several cache lines at a
// random address; waiting for them is most of the cost of a sample when millions
// of series take turns. Fetched AheadFar samples early they have come when
// they are needed; so have the pages, whose address is in the state, fetched
// AheadNear samples early.
const (
	AheadFar  = 16
	AheadNear = 8
)

// ObserveAll judges the samples of a batch in order, as Feed would one by one, and
// hands each verdict that brings news to tell, which is called as that of Feed is.
// It is faster than Feed by as much as memory is slow; only series are fetched
// ahead. Slots that are good no more are passed over.
func (b *Bank) ObserveAll(batch []Observation, tell func(Verdict)) {
	at := func(i int) (s Slot) {
		if i < len(batch) {
			s = batch[i].Slot
		}
		return s
	}
	for i := range min(AheadFar, len(batch)) {
		b.fetchSeries(at(i))
	}
	for i := range batch {
		b.Ahead(at(i+AheadFar), at(i+AheadNear))
		b.Feed(batch[i].Slot, batch[i].Time, batch[i].Value, tell)
	}
}

// Ahead is a hint that a sample of slot far will come in some AheadFar samples and
// one of near in some AheadNear; 0 is no slot. It changes nothing but how long
// those samples take.
func (b *Bank) Ahead(far, near Slot) {
	b.fetchSeries(far)
	b.fetchPage(near)
}

// fetchSeries asks for the state of a series.
func (b *Bank) fetchSeries(slot Slot) {
	if c := b.series.at(int(slot.place()) / chunkSize); c != nil {
		fetchAll(unsafe.Pointer(&c.series[slot.place()%chunkSize]), unsafe.Sizeof(series{}))
	}
}

// fetchPage asks for the page of a series. It reads the page's number without the
// lock of the series: one that is out of date costs time only.
//
//go:norace
func (b *Bank) fetchPage(slot Slot) {
	c := b.series.at(int(slot.place()) / chunkSize)
	if c == nil {
		return
	}
	s := &c.series[slot.place()%chunkSize]
	if s.Turn == uint16(b.turn.Load()) {
		return // it has been read in these minutes, and is not to be read again
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
