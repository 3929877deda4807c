package head

import (
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/prometheus/prometheus/tsdb/chunks"
	logrecord "github.com/prometheus/prometheus/tsdb/record"
)

// descriptions remember what describes each series by the log, so that it is not
// logged again. Four bytes for each series that is described at all: a hash, by which
// one change in four thousand millions goes unlogged until the next.
type descriptions struct {
	mu    sync.Mutex
	pages map[uint64]*describedPage // by the upper bits of references
}

const describedShift = 8

type describedPage [1 << describedShift]uint32

// description is what describes a series, by reference.
type description struct {
	logrecord.RefMetadata
	hash uint32
}

func describe(m logrecord.RefMetadata) description {
	var d xxhash.Digest
	d.Reset()
	d.Write([]byte{m.Type})
	d.WriteString(m.Unit)
	d.Write([]byte{0xff}) // in no text
	d.WriteString(m.Help)
	return description{m, max(1, uint32(d.Sum64()))}
}

// changed returns those that the log does not have.
func (d *descriptions) changed(all []Metadata, refs references) []description {
	if len(all) == 0 {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var fresh []description
	for i := range all {
		m := &all[i]
		ref := refs.ref(m.ID)
		if ref == 0 {
			continue
		}
		x := describe(logrecord.RefMetadata{Ref: ref, Type: logrecord.GetMetricType(m.Type), Unit: m.Unit, Help: m.Help})
		if d.at(ref) != x.hash {
			fresh = append(fresh, x)
		}
	}
	return fresh
}

func (d *descriptions) at(ref chunks.HeadSeriesRef) uint32 {
	if p := d.pages[uint64(ref)>>describedShift]; p != nil {
		return p[ref&(1<<describedShift-1)]
	}
	return 0
}

// of sets what the log has of some series, 0 where it has nothing.
func (d *descriptions) of(refs []uint64, dst *[1 << recordPageBits]uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, ref := range refs {
		dst[i] = d.at(chunks.HeadSeriesRef(ref))
	}
}

// logged notes what the log has now.
func (d *descriptions) logged(all []description) {
	if len(all) == 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range all {
		d.set(all[i].Ref, all[i].hash)
	}
}

func (d *descriptions) set(ref chunks.HeadSeriesRef, hash uint32) {
	no := uint64(ref) >> describedShift
	p := d.pages[no]
	if p == nil {
		if d.pages == nil {
			d.pages = map[uint64]*describedPage{}
		}
		p = new(describedPage)
		d.pages[no] = p
	}
	p[ref&(1<<describedShift-1)] = hash
}

// forget drops those of series that keep does not want.
func (d *descriptions) forget(keep func(chunks.HeadSeriesRef) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for no, p := range d.pages {
		var left uint32
		for i := range p {
			if p[i] != 0 && !keep(chunks.HeadSeriesRef(no<<describedShift|uint64(i))) {
				p[i] = 0
			}
			left |= p[i]
		}
		if left == 0 {
			delete(d.pages, no)
		}
	}
}

func refMetadata(all []description) []logrecord.RefMetadata {
	out := make([]logrecord.RefMetadata, len(all))
	for i := range all {
		out[i] = all[i].RefMetadata
	}
	return out
}
