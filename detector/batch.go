package detector

import "unsafe"

// Observation is one sample of a batch.
type Observation struct {
	Slot  Slot
	Time  int64 // ms since the Unix epoch
	Value float64
}

// What is fetched ahead. The state of a series is several cache lines at a
// random address; waiting for them is most of the cost of a sample when millions
// of series take turns. Fetched aheadSeries samples early they have come when
// they are needed, and so have the pages, whose address is in the state.
const (
	aheadSeries = 16
	aheadPages  = 8
	seriesLines = int((unsafe.Sizeof(series{}) + 63) / 64)
	pageLines   = int((unsafe.Sizeof(page{}) + 63) / 64)
)

// ObserveAll judges the samples of a batch in order, as Feed would one by one, and
// hands each verdict that brings news to tell, which is called as that of Feed is.
// It is faster than Feed by as much as memory is slow; only series are fetched
// ahead. Slots that are good no more are passed over.
func (b *Bank) ObserveAll(batch []Observation, tell func(Verdict)) {
	for i := range batch[:min(aheadSeries, len(batch))] {
		b.fetchSeries(batch[i].Slot)
	}
	for i := range batch {
		if i+aheadSeries < len(batch) {
			b.fetchSeries(batch[i+aheadSeries].Slot)
		}
		if i+aheadPages < len(batch) {
			b.fetchPage(batch[i+aheadPages].Slot)
		}
		b.Feed(batch[i].Slot, batch[i].Time, batch[i].Value, tell)
	}
}

// fetchSeries asks for the state of a series.
func (b *Bank) fetchSeries(slot Slot) {
	if c := b.series.at(int(slot.place()) / chunkSize); c != nil {
		prefetch(unsafe.Pointer(&c.series[slot.place()%chunkSize]), seriesLines)
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
	at := c.series[slot.place()%chunkSize].Page
	if d := b.days.pages.at(int(at) / chunkSize); d != nil {
		prefetch(unsafe.Pointer(&d[at%chunkSize]), pageLines)
	}
}
