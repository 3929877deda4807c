package detector

import (
	"encoding/binary"
	"fmt"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
)

// The histograms of a checkpoint:
//
//	classic  uint32 how many; each: labels as those of series, its group, its
//	         buckets in order of bounds
//	native   uint32 how many; each: labels, nativeState, a byte for each room that
//	         says whether it is wanted, and if so its histogram
//
// Links between groups and buckets are made anew on reading.
var (
	groupSize       = binary.Size(group{})
	bucketSize      = binary.Size(bucket{})
	nativeStateSize = binary.Size(nativeState{})
	nativeHeadSize  = binary.Size(nativeHead{})
)

// nativeState is what a native histogram holds beside its rooms.
type nativeState struct {
	Slot  [quantiles]Slot
	Count Slot
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
func (h *histograms) sizes() (groups, natives int) {
	h.register.RLock()
	groups = max(0, len(h.entries)-1)
	h.register.RUnlock()
	h.natives.mu.RLock()
	defer h.natives.mu.RUnlock()
	return groups, max(0, len(h.natives.all)-1)
}

// checkpoint writes the first so many histograms. One chunk of classic ones is
// held up while it copies a histogram.
func (h *histograms) checkpoint(out *summed, groups, natives int) {
	buf := binary.LittleEndian.AppendUint32(nil, uint32(groups))
	out.write(buf)
	for at := uint32(1); int(at) <= groups; at++ {
		h.register.RLock()
		l := h.entries[at].labels
		h.register.RUnlock()
		buf = h.appendGroup(appendLabels(buf[:0], l), at)
		out.write(buf)
	}
	out.write(binary.LittleEndian.AppendUint32(nil, uint32(natives)))
	for at := Slot(1); int(at) <= natives; at++ {
		n := h.natives.at(at)
		buf = n.appendTo(appendLabels(buf[:0], n.labels))
		out.write(buf)
	}
}

func (h *histograms) appendGroup(buf []byte, at uint32) []byte {
	c := h.groups.at(int(at) / chunkSize)
	c.Lock()
	defer c.Unlock()
	g := &c.groups[at%chunkSize]
	buf, _ = binary.Append(buf, binary.LittleEndian, g)
	for k := g.First; k != 0; k = h.at(k).Next {
		buf, _ = binary.Append(buf, binary.LittleEndian, h.at(k))
	}
	return buf
}

func (n *native) appendTo(buf []byte) []byte {
	n.Lock()
	defer n.Unlock()
	buf, _ = binary.Append(buf, binary.LittleEndian, nativeState{n.slot, n.count, n.time, n.since, n.last, n.base, n.begun})
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
		h.restoreGroup(in, most)
	}
	for i, n := uint32(0), in.number(); i < n && in.err == nil; i++ {
		h.restoreNative(in)
	}
	if in.err != nil {
		return fmt.Errorf("histograms: %w", in.err)
	}
	return nil
}

func (h *histograms) restoreGroup(in *checked, most int) {
	l := in.name()
	var g group
	in.state(&g, groupSize)
	if g.Len > maxBuckets {
		in.fail("histogram %s has %d buckets, want at most %d", l, g.Len, maxBuckets)
	}
	if in.err != nil {
		return
	}
	keep := int(h.used)+int(g.Len) <= most
	var at uint32
	if keep {
		at = h.addGroup(l.Hash(), l, g.Slot)
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
		if k.Group, k.Next = at, 0; last == 0 {
			first = h.used
		} else {
			h.at(last).Next = h.used
		}
		last = h.used
		*h.at(last) = k
	}
	if keep {
		g.First = first
		*h.group(at) = g
	}
}

func (h *histograms) restoreNative(in *checked) {
	n := &native{labels: in.name()}
	var s nativeState
	in.state(&s, nativeStateSize)
	if rooms := uint8(len(n.room)); s.Last >= rooms || s.Base[0] >= rooms || s.Base[1] >= rooms {
		in.fail("native histogram %s refers to a copy that it cannot have", n.labels)
	}
	n.slot, n.count, n.time, n.since, n.last, n.base, n.begun = s.Slot, s.Count, s.Time, s.Since, s.Last, s.Base, s.Begun
	for i := range n.room {
		if in.flag() {
			in.histogram(&n.room[i])
		}
	}
	if in.err == nil {
		h.natives.add(n.labels.Hash(), n)
	}
}

// adopt takes over histograms that were read, into a bank that has none. Series
// beyond last were left out; what would have fed them feeds nothing.
func (h *histograms) adopt(from *histograms, last Slot) {
	known := func(s Slot) Slot {
		if s > last {
			return 0
		}
		return s
	}
	for at := 1; at < len(from.entries); at++ {
		g := from.group(uint32(at))
		for q := range quantiles {
			g.Slot[q] = known(g.Slot[q])
		}
	}
	for _, n := range from.natives.all[min(1, len(from.natives.all)):] {
		for q := range quantiles {
			n.slot[q] = known(n.slot[q])
		}
		n.count = known(n.count)
	}
	h.register.Lock()
	defer h.register.Unlock()
	h.byHash, h.entries, h.used = from.byHash, from.entries, from.used
	h.groups.chunks.Store(from.groups.chunks.Load())
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
