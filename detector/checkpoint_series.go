package detector

import (
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
)

// restoring is a bank that is filled from a checkpoint, which nobody else sees yet.
type restoring struct {
	*Bank
	version int       // of the checkpoint
	count   int       // places that it speaks of
	kind    blockKind // of the block before
	taken   int       // blocks
	hashes  []uint64  // of labels, by place
	name    string    // of the service of the series before
	own     uint32    // that service
	newest  []int64   // times of samples, by service, ms
}

// take takes in a block.
func (x *restoring) take(d *decodedBlock) error {
	x.taken++
	if d.kind < max(x.kind, classicBlock) || d.kind >= blockKinds {
		d.in.fail("block %d is of kind %d behind kind %d", x.taken, d.kind, x.kind)
	}
	x.kind = max(x.kind, d.kind)
	for d.in.err == nil && len(d.in.b) > 0 {
		switch d.kind {
		case classicBlock:
			x.histograms.restoreClassic(&d.in, x.most)
		case nativeBlock:
			x.histograms.restoreNative(&d.in)
		case seriesBlock:
			x.chunk(d)
		case servicesBlock:
			x.index()
			x.restoreService(&d.in)
		}
	}
	if d.in.err != nil {
		return fmt.Errorf("block %d: %w", x.taken, d.in.err)
	}
	return nil
}

// chunk takes in the series of a block.
func (x *restoring) chunk(d *decodedBlock) {
	if x.hashes == nil {
		x.hashes = make([]uint64, 1, min(x.count, x.most)+1)
		x.entries = make([]entry, 1, cap(x.hashes))
	}
	var leftOut series
	states := d.in.take(len(d.labels) * stateForm.size)
	for k, l := range d.labels {
		if d.in.err != nil {
			return
		}
		into, own := &leftOut, uint32(0)
		if x.live < x.most {
			into, own = x.enter(l, d.hashes[k], d.services[k])
		} else {
			x.refused.Add(1)
		}
		if err := stateForm.read(states[k*stateForm.size:][:stateForm.size], into); err != nil {
			d.in.fail("%v", err)
			return
		}
		into.Service, into.Generation = own, 0
		var learned []byte
		if into.has(flagPage) {
			learned = x.page(&d.in)
		}
		if into == &leftOut || d.in.err != nil {
			continue
		}
		x.newest[own] = max(x.newest[own], into.LastTime)
		if into.has(flagPage) {
			into.Page = x.days.take()
			_ = pageForm.read(learned, x.days.at(into.Page)) // it has that size
		}
		if into.has(flagAble) {
			x.services.at(own).enlist(&x.params, into.LastTime)
		}
	}
	if len(d.in.b) > 0 {
		d.in.fail("%d bytes behind the last series", len(d.in.b))
	}
}

// page returns the bytes of a page. One of an older version ends before what has come since,
// which is not known then.
func (x *restoring) page(in *fields) []byte {
	b := in.take(pageSize(x.version))
	if b == nil || len(b) == pageForm.size {
		return b
	}
	return append(slices.Clone(b), unknownEbb.Known, unknownEbb.Before, unknownEbb.Now, unknownEbb.Window)
}

// enter gives a series a place and returns where its state goes, and its service.
func (x *restoring) enter(l labels.Labels, hash uint64, service string) (into *series, own uint32) {
	if len(x.services.names) == 0 || service != x.name {
		x.name, x.own = service, x.serviceNamed(service)
		x.newest = append(x.newest, make([]int64, len(x.services.names)-len(x.newest))...)
	}
	x.services.at(x.own).enter()
	at := x.place()
	x.entries[at].labels = l
	x.hashes = append(x.hashes, hash)
	x.live++
	return &x.series.at(int(at) / chunkSize).series[at%chunkSize], x.own
}

// index makes the index when all series are there: as large as it has to be.
func (x *restoring) index() {
	if x.byHash != nil {
		return
	}
	x.byHash = make(map[uint64]uint32, len(x.hashes))
	for at := 1; at < len(x.hashes); at++ {
		hash := x.hashes[at]
		x.entries[at].next = x.byHash[hash]
		x.byHash[hash] = uint32(at)
	}
	for i := range x.services.names {
		x.services.at(uint32(i)).recount(&x.params)
	}
}
