package head

import "github.com/prometheus/prometheus/tsdb/chunks"

// refTable leads from references in the log to IDs. References of one log are nearly
// all of a range: pages of these are found by an index, others by a map.
type refTable struct {
	first uint64 // number of pages[0]
	pages []*refPage
	far   map[uint64]*refPage
}

const (
	refShift = 8
	refMask  = 1<<refShift - 1
)

// refPage has the IDs of references that follow one another, 0 where there is none.
type refPage [1 << refShift]ID

// page returns the page with a number, nil when there is none.
func (t *refTable) page(no uint64) *refPage {
	if i := no - t.first; i < uint64(len(t.pages)) {
		return t.pages[i]
	}
	return t.far[no]
}

func (t *refTable) get(ref chunks.HeadSeriesRef) ID {
	if p := t.page(uint64(ref) >> refShift); p != nil {
		return p[ref&refMask]
	}
	return 0
}

func (t *refTable) set(ref chunks.HeadSeriesRef, id ID) {
	no := uint64(ref) >> refShift
	p := t.page(no)
	if p == nil {
		p = new(refPage)
		t.add(no, p)
	}
	p[ref&refMask] = id
}

// add puts a page where it will be found. The index grows by a gap that is no longer
// than the index is, so that it stays in proportion to the pages.
func (t *refTable) add(no uint64, p *refPage) {
	if len(t.pages) == 0 {
		t.first = no
	}
	i := no - t.first
	if n := uint64(len(t.pages)); i > 2*n+64 {
		if t.far == nil {
			t.far = map[uint64]*refPage{}
		}
		t.far[no] = p
		return
	} else if i >= n {
		t.pages = append(t.pages, make([]*refPage, i-n+1)...)
		for k := n; k < i && len(t.far) > 0; k++ { // now in the range of the index
			t.pages[k] = t.far[t.first+k]
			delete(t.far, t.first+k)
		}
	}
	t.pages[i] = p
}
