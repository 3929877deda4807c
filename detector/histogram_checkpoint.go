package detector

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
)

// The histograms of a checkpoint:
//
//	classic  uint32 how many; each: a byte, 0 for one that is left out; 1 and then
//	         labels as those of series, its state, its buckets in order of bounds
//	native   uint32 how many; each: likewise a byte; labels, nativeState, a byte for
//	         each room that says whether it is wanted, and if so its histogram
//
// Left out are those whose derived series have all been evicted. Links between
// histograms, buckets and derived series are made anew on reading.
var (
	classicSize     = binary.Size(classic{})
	bucketSize      = binary.Size(bucket{})
	nativeStateSize = binary.Size(nativeState{})
	nativeHeadSize  = binary.Size(nativeHead{})
)

// nativeState is what a native histogram holds beside its rooms.
type nativeState struct {
	Time  int64
	Since [quantiles]int64
	Last  uint8
	Base  [quantiles]uint8
	Begun bool
}

// nativeHead is the part of a histogram that has always the same size; two lists
// of spans and three of numbers follow it.
type nativeHead struct {
	Hint                                 uint8
	Schema                               int32
	ZeroThreshold, ZeroCount, Count, Sum float64
}

// sizes returns how many classic and native histograms there are.
func (h *histograms) sizes() (classics, natives int) {
	h.register.RLock()
	classics = int(h.known)
	h.register.RUnlock()
	h.natives.mu.RLock()
	defer h.natives.mu.RUnlock()
	return classics, max(0, len(h.natives.all)-1)
}

// checkpoint writes the first so many histograms, of which it keeps those with
// derived series that are worth it. One chunk of classic ones is held up while it
// copies a histogram.
func (h *histograms) checkpoint(out *summed, classics, natives int, keep func([]Slot) bool) {
	buf := binary.LittleEndian.AppendUint32(nil, uint32(classics))
	out.write(buf)
	for at := uint32(1); int(at) <= classics; at++ {
		if buf = buf[:0]; keep(h.slotsOf(at)) {
			buf = h.appendClassic(appendLabels(append(buf, 1), h.entry(at).labels), at)
		} else {
			buf = append(buf, 0)
		}
		out.write(buf)
	}
	out.write(binary.LittleEndian.AppendUint32(nil, uint32(natives)))
	for at := Slot(1); int(at) <= natives; at++ {
		n := h.natives.at(nativeSlot | at)
		if buf = buf[:0]; keep(n.slots()) {
			buf = n.appendTo(appendLabels(append(buf, 1), n.labels))
		} else {
			buf = append(buf, 0)
		}
		out.write(buf)
	}
}

// derives reports whether one of the slots of a histogram's derived series is good.
func (b *Bank) derives(slots []Slot) bool {
	return slices.ContainsFunc(slots, b.holds)
}

// holds reports whether the series that a slot was given to is still there.
func (b *Bank) holds(slot Slot) bool {
	c := b.series.at(int(slot.place()) / chunkSize)
	if !slot.ofSeries() || c == nil {
		return false
	}
	c.Lock()
	defer c.Unlock()
	s := &c.series[slot.place()%chunkSize]
	return s.has(flagUsed) && uint32(s.Generation) == slot.generation()
}

func (h *histograms) slotsOf(at uint32) []Slot {
	c := h.classics.at(int(at) / chunkSize)
	c.Lock()
	defer c.Unlock()
	return slices.Clone(c.classics[at%chunkSize].Slot[:])
}

func (n *native) slots() []Slot {
	n.Lock()
	defer n.Unlock()
	return append(slices.Clone(n.slot[:]), n.count)
}

func (h *histograms) appendClassic(buf []byte, at uint32) []byte {
	c := h.classics.at(int(at) / chunkSize)
	c.Lock()
	defer c.Unlock()
	g := &c.classics[at%chunkSize]
	buf, _ = binary.Append(buf, binary.LittleEndian, g)
	for k := g.First; k != 0; k = h.at(k).Next {
		buf, _ = binary.Append(buf, binary.LittleEndian, h.at(k))
	}
	return buf
}

func (n *native) appendTo(buf []byte) []byte {
	n.Lock()
	defer n.Unlock()
	buf, _ = binary.Append(buf, binary.LittleEndian, nativeState{n.time, n.since, n.last, n.base, n.begun})
	for i := range n.room {
		if at := uint8(i); !n.begun || at != n.last && at != n.base[0] && at != n.base[1] {
			buf = append(buf, 0)
			continue
		}
		buf = appendHistogram(append(buf, 1), &n.room[i])
	}
	return buf
}

func appendHistogram(buf []byte, h *histogram.FloatHistogram) []byte {
	buf, _ = binary.Append(buf, binary.LittleEndian, nativeHead{uint8(h.CounterResetHint), h.Schema, h.ZeroThreshold, h.ZeroCount, h.Count, h.Sum})
	for _, spans := range [...][]histogram.Span{h.PositiveSpans, h.NegativeSpans} {
		buf = binary.AppendUvarint(buf, uint64(len(spans)))
		buf, _ = binary.Append(buf, binary.LittleEndian, spans)
	}
	for _, list := range [...][]float64{h.PositiveBuckets, h.NegativeBuckets, h.CustomValues} {
		buf = binary.AppendUvarint(buf, uint64(len(list)))
		buf, _ = binary.Append(buf, binary.LittleEndian, list)
	}
	return buf
}

// restore reads what checkpoint wrote. Nobody else sees h yet. Classic
// histograms whose buckets would be more than most are left out and counted.
func (h *histograms) restore(in *checked, most int) error {
	for i, n := uint32(0), in.number(); i < n && in.err == nil; i++ {
		if in.flag() {
			h.restoreClassic(in, most)
		}
	}
	for i, n := uint32(0), in.number(); i < n && in.err == nil; i++ {
		if in.flag() {
			h.restoreNative(in)
		}
	}
	if in.err != nil {
		return fmt.Errorf("histograms: %w", in.err)
	}
	return nil
}

func (h *histograms) restoreClassic(in *checked, most int) {
	l := in.name()
	var g classic
	in.state(&g, classicSize)
	if g.Len > maxBuckets {
		in.fail("histogram %s has %d buckets, want at most %d", l, g.Len, maxBuckets)
	}
	if in.err != nil {
		return
	}
	keep := int(h.used)+int(g.Len) <= most
	var at uint32
	if keep {
		at = h.addClassic(l.Hash(), l, g.Slot)
	} else {
		h.refused[refusedSeries].Add(1)
	}
	first, last := uint32(0), uint32(0)
	for range g.Len {
		var k bucket
		if in.state(&k, bucketSize); in.err != nil {
			return
		}
		if !keep {
			continue
		}
		h.used++
		if int(h.used)/chunkSize >= h.buckets.len() {
			h.buckets.grow()
		}
		if k.Of, k.Next = at, 0; last == 0 {
			first = h.used
		} else {
			h.at(last).Next = h.used
		}
		last = h.used
		*h.at(last) = k
	}
	if keep {
		g.First = first
		*h.classic(at) = g
	}
}

func (h *histograms) restoreNative(in *checked) {
	n := &native{labels: in.name()}
	var s nativeState
	in.state(&s, nativeStateSize)
	if rooms := uint8(len(n.room)); s.Last >= rooms || s.Base[0] >= rooms || s.Base[1] >= rooms {
		in.fail("native histogram %s refers to a copy that it cannot have", n.labels)
	}
	n.time, n.since, n.last, n.base, n.begun = s.Time, s.Since, s.Last, s.Base, s.Begun
	for i := range n.room {
		if in.flag() {
			in.histogram(&n.room[i])
		}
	}
	if in.err == nil {
		h.natives.add(n.labels.Hash(), n)
	}
}

// linkHistograms finds the derived series of histograms that were read. One that
// was left out is registered again when there is something for it.
func (b *Bank) linkHistograms() {
	find := func(l labels.Labels) Slot {
		if slot := b.find(l.Hash(), l); slot != 0 {
			return slot
		}
		return goneSlot
	}
	h := &b.histograms
	for at := uint32(1); at <= h.known; at++ {
		for q := range quantiles {
			h.classic(at).Slot[q] = find(quantileLabels(h.entry(at).labels, q))
		}
	}
	for _, n := range h.natives.all[min(1, len(h.natives.all)):] {
		for q := range quantiles {
			n.slot[q] = find(quantileLabels(n.labels, q))
		}
		n.count = find(countLabels(n.labels))
	}
}

// adopt takes over histograms that were read, into a bank that has none. The
// caller holds the register lock.
func (h *histograms) adopt(from *histograms) {
	h.byHash, h.known, h.used = from.byHash, from.known, from.used
	h.entries.chunks.Store(from.entries.chunks.Load())
	h.classics.chunks.Store(from.classics.chunks.Load())
	h.buckets.chunks.Store(from.buckets.chunks.Load())
	h.natives.mu.Lock()
	h.natives.byHash, h.natives.all = from.natives.byHash, from.natives.all
	h.natives.mu.Unlock()
	for i := range refusals {
		h.refused[i].Add(from.refused[i].Load())
	}
}

// The readers below keep the first error in c.err and give zero values after it.

func (c *checked) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: %s: it is damaged", ErrCheckpoint, fmt.Sprintf(format, args...))
	}
}

func (c *checked) number() (n uint32) {
	c.state(&n, 4)
	return n
}

func (c *checked) flag() (f bool) {
	c.state(&f, 1)
	return f
}

func (c *checked) state(into any, size int) {
	if c.err == nil {
		c.err = c.decode(into, size)
	}
}

func (c *checked) name() labels.Labels {
	if c.err != nil {
		return labels.EmptyLabels()
	}
	var l labels.Labels
	l, c.err = c.labels()
	return l
}

// mostSpans bounds lists of a native histogram, far above what clients make.
const mostSpans = 1 << 16

func (c *checked) list() int {
	if c.err != nil {
		return 0
	}
	var n int
	n, c.err = c.length(mostSpans)
	return n
}

func (c *checked) histogram(h *histogram.FloatHistogram) {
	var head nativeHead
	c.state(&head, nativeHeadSize)
	h.CounterResetHint, h.Schema = histogram.CounterResetHint(head.Hint), head.Schema
	h.ZeroThreshold, h.ZeroCount, h.Count, h.Sum = head.ZeroThreshold, head.ZeroCount, head.Count, head.Sum
	for _, spans := range [...]*[]histogram.Span{&h.PositiveSpans, &h.NegativeSpans} {
		if n := c.list(); n > 0 {
			*spans = make([]histogram.Span, n)
			c.state(*spans, 8*n)
		}
	}
	for _, list := range [...]*[]float64{&h.PositiveBuckets, &h.NegativeBuckets, &h.CustomValues} {
		if n := c.list(); n > 0 {
			*list = make([]float64, n)
			c.state(*list, 8*n)
		}
	}
}
