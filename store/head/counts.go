package head

import "unsafe"

// Counts are figures that the metrics of a head tell.
type Counts struct {
	Chunks   int   // that memory knows of now, open ones and full ones in files
	Appended int64 // samples that were committed since Open
	Created  int64 // series that were made since Open, by the replay too
	Removed  int64 // series that were dropped since Open
}

// Counts returns the figures. It looks at each page of 255 series, not at the series.
func (h *Head) Counts() Counts {
	c := Counts{Chunks: h.floats.chunks(), Appended: h.appended.Load()}
	c.Created, c.Removed = h.index.turnover()
	return c
}

// samplesBytes is what the samples of a series come to while its open chunk fills, 120
// of values that are somewhat noisier than most, in lines. They are in files from then on,
// and the lines begin anew.
const samplesBytes = 8 * int64(unsafe.Sizeof(line{}))

// SamplesToCome returns about how many bytes of memory the samples of the series that the
// head has are going to take beyond what was taken for samples already: young series have
// few yet. It looks at no series.
func (h *Head) SamplesToCome() int64 {
	return max(0, int64(h.NumSeries())*samplesBytes-h.floats.lines.bytes())
}

// chunks returns how many chunks there are.
func (f *floats) chunks() int {
	n := 0
	for no := range f.pages() {
		if p := f.page(ID(no << recordPageBits)); p != nil {
			p.Lock()
			n += int(p.stripe.chunks)
			p.Unlock()
		}
	}
	return n
}

// turnover returns how many series were made and removed.
func (x *index) turnover() (made, gone int64) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.count.Load() + x.gone, x.gone
}
