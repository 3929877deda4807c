package detector

import (
	"encoding/binary"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
)

// The histograms of a checkpoint, in blocks of their own:
//
//	classic  labels as those of series, its state, its buckets in order of bounds
//	native   labels, nativeState, a byte for each room that says whether it is wanted,
//	         and if so its histogram
//
// Left out are those whose derived series have all been evicted. Links between
// histograms, buckets and derived series are made anew on reading.
var (
	classicForm     = flatOf[classic]()
	bucketForm      = flatOf[bucket]()
	nativeStateForm = flatOf[nativeState]()
	nativeHeadForm  = flatOf[nativeHead]()
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
func (h *histograms) checkpoint(out *blocksWriter, classics, natives int, keep func([]Slot) bool) {
	out.begin(classicBlock)
	for at := uint32(1); int(at) <= classics; at++ {
		if keep(h.slotsOf(at)) {
			out.buf = h.appendClassic(out.named(h.entry(at).labels), at)
			out.next()
		}
	}
	out.end()
	out.begin(nativeBlock)
	for at := Slot(1); int(at) <= natives; at++ {
		if n := h.natives.at(nativeSlot | at); keep(n.slots()) {
			out.buf = n.appendTo(out.named(n.labels))
			out.next()
		}
	}
	out.end()
}

// named returns the block at hand with labels appended that stand alone.
func (o *blocksWriter) named(l labels.Labels) []byte {
	var names labelsWriter
	return names.append(o.buf, l)
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
	buf = classicForm.append(buf, g)
	for k := g.First; k != 0; k = h.at(k).Next {
		buf = bucketForm.append(buf, h.at(k))
	}
	return buf
}

func (n *native) appendTo(buf []byte) []byte {
	n.Lock()
	defer n.Unlock()
	buf = nativeStateForm.append(buf, &nativeState{n.time, n.since, n.last, n.base, n.begun})
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
	buf = nativeHeadForm.append(buf, &nativeHead{uint8(h.CounterResetHint), h.Schema, h.ZeroThreshold, h.ZeroCount, h.Count, h.Sum})
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

// restoreClassic reads a classic histogram. Nobody else sees h yet. One whose buckets
// would be more than most is left out and counted.
func (h *histograms) restoreClassic(in *fields, most int) {
	l := in.name()
	var g classic
	readValue(in, &classicForm, &g)
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
		if readValue(in, &bucketForm, &k); in.err != nil {
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

func (h *histograms) restoreNative(in *fields) {
	n := &native{labels: in.name()}
	var s nativeState
	readValue(in, &nativeStateForm, &s)
	if rooms := uint8(len(n.room)); s.Last >= rooms || s.Base[0] >= rooms || s.Base[1] >= rooms {
		in.fail("native histogram %s refers to a copy that it cannot have", n.labels)
	}
	n.time, n.since, n.last, n.base, n.begun = s.Time, s.Since, s.Last, s.Base, s.Begun
	for i := range n.room {
		if in.flag() {
			in.histogram(&n.room[i])
		}
	}
	if n.seen.Store(never); n.begun {
		n.seen.Store(n.time)
	}
	if in.err == nil {
		h.natives.add(n.labels.Hash(), n)
	}
}

// linkHistograms finds the derived series of histograms that were read, and the other
// form of those that came in both. One that
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
	for i, n := range h.natives.all {
		if n == nil { // 0 is unused
			continue
		}
		if classic := h.find(n.labels.Hash(), n.labels); classic != 0 {
			h.pair(classic, uint32(i), n)
		}
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
	h.lately = lately{}
	h.natives.mu.Lock()
	h.natives.byHash, h.natives.all = from.natives.byHash, from.natives.all
	h.natives.mu.Unlock()
	for i := range refusals {
		h.refused[i].Add(from.refused[i].Load())
	}
}

// name reads labels that stand alone, into memory of their own.
func (f *fields) name() labels.Labels {
	var names labelsReader
	return names.read(f)
}

// mostSpans bounds lists of a native histogram, far above what clients make.
const mostSpans = 1 << 16

func (f *fields) histogram(h *histogram.FloatHistogram) {
	var head nativeHead
	readValue(f, &nativeHeadForm, &head)
	h.CounterResetHint, h.Schema = histogram.CounterResetHint(head.Hint), head.Schema
	h.ZeroThreshold, h.ZeroCount, h.Count, h.Sum = head.ZeroThreshold, head.ZeroCount, head.Count, head.Sum
	for _, spans := range [...]*[]histogram.Span{&h.PositiveSpans, &h.NegativeSpans} {
		list(f, spans)
	}
	for _, numbers := range [...]*[]float64{&h.PositiveBuckets, &h.NegativeBuckets, &h.CustomValues} {
		list(f, numbers)
	}
}

// list reads numbers of eight bytes, behind how many there are.
func list[T any](f *fields, into *[]T) {
	n := f.length(mostSpans)
	if p := f.take(8 * n); n > 0 && f.err == nil {
		*into = make([]T, n)
		_, _ = binary.Decode(p, binary.LittleEndian, *into) // there are as many bytes
	}
}
