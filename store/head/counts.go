package head

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
