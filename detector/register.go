package detector

import "github.com/prometheus/prometheus/model/labels"

// entry is the part of a series that is not touched by samples.
type entry struct {
	labels     labels.Labels
	next       uint32 // older place whose labels have the same hash
	generation uint32 // of the place when the labels came
}

// Register returns the slot of the series with these labels, giving it one if
// it is new. Buckets of classic histograms get a slot of a sort that only Feed
// takes. Register returns 0, which Feed and Observe ignore, for series that are
// not watched (see classify). When Config.MaxSeries is reached and nothing can be
// evicted it counts a refusal and returns a slot that is not Watched, by which
// Feed can tell when to ask again. The bank keeps l.
func (b *Bank) Register(l labels.Labels) Slot {
	flags, watch := classify(l)
	if !watch {
		return b.registerBucket(l)
	}
	hash := l.Hash()
	b.register.RLock()
	slot := b.find(hash, l)
	b.register.RUnlock()
	if slot != 0 {
		return slot
	}
	return b.watch(hash, l, flags)
}

// watch returns the slot of a series, giving it one if it is new, with these flags.
func (b *Bank) watch(hash uint64, l labels.Labels, flags uint32) Slot {
	b.register.Lock()
	defer b.register.Unlock()
	if slot := b.find(hash, l); slot != 0 {
		return slot
	}
	if b.live >= b.most {
		b.makeRoom()
	}
	if b.live >= b.most {
		b.refused.Add(1)
		return refusedSlot(b.epoch.Load())
	}
	return b.add(hash, l, flags)
}

// Lookup returns the slot of the series with these labels, 0 if it has none.
func (b *Bank) Lookup(l labels.Labels) Slot {
	b.register.RLock()
	defer b.register.RUnlock()
	return b.find(l.Hash(), l)
}

// find looks labels up; the caller holds the register lock.
func (b *Bank) find(hash uint64, l labels.Labels) Slot {
	for at := b.byHash[hash]; at != 0; at = b.entries[at].next {
		if e := &b.entries[at]; labels.Equal(e.labels, l) {
			return slotOf(at, e.generation)
		}
	}
	return 0
}

// add takes in a series; the caller holds the register lock for writing.
func (b *Bank) add(hash uint64, l labels.Labels, flags uint32) Slot {
	own := b.serviceOf(l)
	b.services.at(own).enter()
	at := b.place()
	c, j := b.series.at(int(at)/chunkSize), int(at%chunkSize)
	c.Lock()
	s := &c.series[j]
	generation := uint32(s.Generation)
	s.Flags, s.Service, s.Start = flags|flagUsed, own, b.families.of(l).at
	s.restart(&b.params)
	c.use(j, b.now.Load())
	c.Unlock()
	b.entries[at] = entry{labels: l, next: b.byHash[hash], generation: generation}
	b.byHash[hash] = at
	b.live++
	return slotOf(at, generation)
}

// Labels returns the labels of a series, empty for slots never given out, those of
// histograms, and those whose place another series has taken.
func (b *Bank) Labels(slot Slot) labels.Labels {
	b.register.RLock()
	defer b.register.RUnlock()
	l, _ := b.labelsAt(slot)
	return l
}

// labelsAt returns the labels that belong to a slot, false for none; the caller
// holds the register lock.
func (b *Bank) labelsAt(slot Slot) (labels.Labels, bool) {
	if !slot.ofSeries() || int(slot.place()) >= len(b.entries) || b.entries[slot.place()].generation != slot.generation() {
		return labels.EmptyLabels(), false
	}
	return b.entries[slot.place()].labels, true
}

// Slots returns the slots of all watched series, in the order of places,
// without buckets and histograms.
func (b *Bank) Slots() []Slot {
	b.register.RLock()
	defer b.register.RUnlock()
	out := make([]Slot, 0, b.live)
	for i := range b.series.len() {
		c := b.series.at(i)
		c.Lock()
		for j := range c.series {
			if s := &c.series[j]; s.has(flagUsed) {
				out = append(out, slotOf(uint32(i*chunkSize+j), uint32(s.Generation)))
			}
		}
		c.Unlock()
	}
	return out
}

// Len returns the number of watched series. Until the first is evicted their
// slots are 1 to Len.
func (b *Bank) Len() int {
	b.register.RLock()
	defer b.register.RUnlock()
	return b.live
}
