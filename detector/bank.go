package detector

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
)

// Bank watches many series. All methods are safe for concurrent use; samples
// of one series must be handed over in the order in which they are to be
// judged, for what is not later than the sample before is counted and dropped.
type Bank struct {
	params params
	most   int

	// register guards the index and the growth of the slab.
	register sync.RWMutex
	byHash   map[uint64]Slot // labels hash -> newest slot with it
	entries  []entry         // by slot; entries[0] is unused

	series slab[chunk]
	days   days

	histograms histograms

	counted [outcomes]atomic.Uint64
	refused atomic.Uint64
	opened  atomic.Uint64
	lost    atomic.Uint64
}

// entry is the part of a series that is not touched by samples.
type entry struct {
	labels labels.Labels
	next   Slot // older slot whose labels have the same hash
}

// NewBank returns an empty bank. The error lists every value of the
// configuration that is out of range.
func NewBank(c Config) (*Bank, error) {
	var wrong []string
	c.Validate(func(path, format string, args ...any) {
		wrong = append(wrong, path+": "+fmt.Sprintf(format, args...))
	})
	if wrong != nil {
		return nil, fmt.Errorf("detector configuration: %s", strings.Join(wrong, "; "))
	}
	return &Bank{params: c.params(), most: c.MaxSeries, byHash: make(map[uint64]Slot), entries: make([]entry, 1)}, nil
}

// Register returns the slot of the series with these labels, giving it one if
// it is new. Buckets of classic histograms get a slot of a sort that only Feed
// takes. Register returns 0, which Observe and Feed ignore, for series that are
// not watched (see classify) and, counted, when Config.MaxSeries is reached. The
// bank keeps l.
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
	b.register.Lock()
	defer b.register.Unlock()
	if slot := b.find(hash, l); slot != 0 {
		return slot
	}
	if len(b.entries) > b.most {
		b.refused.Add(1)
		return 0
	}
	return b.add(hash, l, flags)
}

// find looks labels up; the caller holds the register lock.
func (b *Bank) find(hash uint64, l labels.Labels) Slot {
	for slot := b.byHash[hash]; slot != 0; slot = b.entries[slot].next {
		if labels.Equal(b.entries[slot].labels, l) {
			return slot
		}
	}
	return 0
}

// add appends a series; the caller holds the register lock for writing.
func (b *Bank) add(hash uint64, l labels.Labels, flags uint32) Slot {
	slot := Slot(len(b.entries))
	b.entries = append(b.entries, entry{labels: l, next: b.byHash[hash]})
	b.byHash[hash] = slot
	if int(slot)/chunkSize >= b.series.len() {
		b.series.grow()
	}
	c := b.series.at(int(slot) / chunkSize)
	c.Lock()
	s := &c.series[slot%chunkSize]
	s.Flags = flags | flagUsed
	s.restart()
	c.Unlock()
	return slot
}

// Observe judges one sample, t in milliseconds since the Unix epoch, and learns
// from it. It returns the verdict and whether that tells of a transition: an
// episode opened, changed, closed or was lost. Slot 0, slots never given out and
// those of histograms are ignored. Observe does not allocate.
func (b *Bank) Observe(slot Slot, t int64, v float64) (Verdict, bool) {
	c := b.series.at(int(slot) / chunkSize)
	if slot == 0 || c == nil {
		return Verdict{}, false
	}
	c.Lock()
	out, tell, why := c.series[slot%chunkSize].observe(&b.params, &b.days, t, v)
	c.Unlock()
	if why != taken {
		b.counted[why].Add(1)
	}
	out.Slot = slot
	if tell {
		b.count(out.Phase)
	}
	return out, tell
}

func (b *Bank) count(p Phase) {
	switch p {
	case PhaseOpened:
		b.opened.Add(1)
	case PhaseLost:
		b.lost.Add(1)
	}
}

// Last returns the verdict on the newest sample of a series that was taken,
// false if there is none. Its phase is PhaseOngoing inside an episode and
// PhaseQuiet else.
func (b *Bank) Last(slot Slot) (Verdict, bool) {
	c := b.series.at(int(slot) / chunkSize)
	if slot == 0 || c == nil {
		return Verdict{}, false
	}
	c.Lock()
	defer c.Unlock()
	s := &c.series[slot%chunkSize]
	if s.N == 0 {
		return Verdict{}, false
	}
	phase := PhaseQuiet
	if s.has(flagOpen) {
		phase = PhaseOngoing
	}
	out := s.verdict(s.LastTime, phase)
	out.Slot = slot
	return out, true
}

// Labels returns the labels of a series, empty for slots never given out.
func (b *Bank) Labels(slot Slot) labels.Labels {
	b.register.RLock()
	defer b.register.RUnlock()
	if int(slot) >= len(b.entries) {
		return labels.EmptyLabels()
	}
	return b.entries[slot].labels
}

// Len returns the number of watched series. Their slots are 1 to Len.
func (b *Bank) Len() int {
	b.register.RLock()
	defer b.register.RUnlock()
	return len(b.entries) - 1
}

// Sweep moves event time to now (ms) for series that send nothing: an open
// episode whose data have stopped ends with PhaseLost, and a silence that is
// odd for the series opens an episode of KindMissing, which closes with the
// next sample. Verdicts are handed to emit one at a time, without a lock held,
// in the order of slots. A series is locked for moments only.
func (b *Bank) Sweep(now int64, emit func(Verdict)) {
	var found []Verdict
	for i, n := 0, b.series.len(); i < n; i++ {
		c := b.series.at(i)
		found = found[:0]
		c.Lock()
		for j := range c.series {
			s := &c.series[j]
			if s.N == 0 {
				continue
			}
			if v, tell := s.silence(&b.params, now); tell {
				v.Slot = Slot(i*chunkSize + j)
				found = append(found, v)
			}
		}
		c.Unlock()
		for _, v := range found {
			b.count(v.Phase)
			emit(v)
		}
	}
}
