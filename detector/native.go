package detector

import (
	"math"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser/posrange"

	"github.com/tocsinhq/tocsin/telemetry"
)

// natives are the native histograms of a bank. Unlike all else they are
// objects with pointers, for their buckets come and go: each keeps up to four
// copies of its histogram and one of what it gained, two and one when it is
// busy. The buckets of a copy are bounded by those of the sender.
type natives struct {
	mu     sync.RWMutex
	byHash map[uint64]uint32 // hash of labels -> newest with it
	all    []*native         // 0 is unused
	due    atomic.Int64      // bytes that their copies are going to take yet; see young.go
}

// native is one native histogram. The lock guards what stands behind it.
type native struct {
	labels labels.Labels
	next   uint32        // older one whose labels have the same hash
	rival  atomic.Uint32 // place of its classic form, 0 if none has come
	seen   atomic.Int64  // time for those who do not hold the lock; never if it has ended

	sync.Mutex
	slot  [quantiles]Slot // derived series
	count Slot            // series of the count, named as that of a classic histogram
	time  int64           // of the last sample, ms
	since [quantiles]int64
	last  uint8            // room of the last sample
	base  [quantiles]uint8 // room that each quantile counts from
	begun bool             // last and base are set
	heard int64            // time of the rival's round when its last new one was seen
	alone uint8            // samples in a row that have come without one
	due   int32            // its part of natives.due
	room  [2 + quantiles]histogram.FloatHistogram
	diff  histogram.FloatHistogram
}

// RegisterHistogram returns the slot of the native histogram with these labels,
// giving it one if it is new; only FeedHistogram and Feed take it. It returns 0,
// which they ignore, for series that are not watched (see classify), and as Register
// does a slot that is not Watched when there is no room for what is derived from it.
// Native histograms are kept for as long as the bank lives. The bank keeps l.
func (b *Bank) RegisterHistogram(l labels.Labels) Slot {
	name := l.Get(labels.MetricName)
	if name == "" || strings.HasPrefix(name, ownPrefix) {
		return 0
	}
	n := &b.histograms.natives
	hash := l.Hash()
	// Both locks, in this order, so that the two forms of a histogram find each other.
	b.histograms.register.RLock()
	defer b.histograms.register.RUnlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	if at := n.find(hash, l); at != 0 {
		return nativeSlot | Slot(at)
	}
	made := &native{labels: l}
	made.seen.Store(never)
	for q := range quantiles {
		if made.slot[q] = b.derive(quantileLabels(l, q), 0); !made.slot[q].Watched() {
			b.histograms.refused[refusedSeries].Add(1)
			return made.slot[q]
		}
	}
	if made.count = b.derive(countLabels(l), flagCounter); !made.count.Watched() {
		b.histograms.refused[refusedSeries].Add(1)
		return made.count
	}
	at := n.add(hash, made)
	if classic := b.histograms.find(hash, l); classic != 0 {
		b.histograms.refused[refusedForm].Add(1)
		b.histograms.pair(classic, at, made)
	}
	return nativeSlot | Slot(at)
}

// countLabels returns the labels of the series of a histogram's count.
func countLabels(l labels.Labels) labels.Labels {
	return labels.NewBuilder(l).Set(labels.MetricName, l.Get(labels.MetricName)+countSuffix).Labels()
}

// lookup returns the native histogram with these labels and its place; nil if there is none.
func (n *natives) lookup(hash uint64, l labels.Labels) (uint32, *native) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if at := n.find(hash, l); at != 0 {
		return at, n.all[at]
	}
	return 0, nil
}

// find looks a native histogram up; the caller holds the lock, as for add.
func (n *natives) find(hash uint64, l labels.Labels) uint32 {
	for at := n.byHash[hash]; at != 0; at = n.all[at].next {
		if labels.Equal(n.all[at].labels, l) {
			return at
		}
	}
	return 0
}

func (n *natives) add(hash uint64, made *native) uint32 {
	if n.byHash == nil {
		n.byHash, n.all = make(map[uint64]uint32), make([]*native, 1)
	}
	at := uint32(len(n.all))
	made.next = n.byHash[hash]
	n.all = append(n.all, made)
	n.byHash[hash] = at
	return at
}

// at returns the native histogram of a slot, or nil.
func (n *natives) at(slot Slot) *native {
	n.mu.RLock()
	defer n.mu.RUnlock()
	if at := slot.place(); slot.native() && int(at) < len(n.all) {
		return n.all[at]
	}
	return nil
}

// FeedHistogram takes one stored native histogram and hands the verdicts that
// tell of a transition to tell, as Feed does. What is judged is the rate of the
// count and the quantiles of what was observed since the last look; of a gauge
// histogram, the quantiles of the histogram itself. The slot may be that of a
// float series with the same labels. The caller keeps s, whose histogram must be
// valid. It returns false as Feed does.
func (b *Bank) FeedHistogram(slot Slot, s telemetry.HistogramSample, tell func(Verdict)) bool {
	return b.feedHistogram(slot, s, sink{to: tell})
}

func (b *Bank) feedHistogram(slot Slot, s telemetry.HistogramSample, to sink) bool {
	if slot.ofSeries() {
		l, ok := b.labelsOf(slot)
		if !ok {
			return false
		}
		slot = b.RegisterHistogram(l)
	}
	if n := b.histograms.natives.at(slot); n != nil {
		b.feedNative(n, s, to)
	}
	return slot.Watched() || b.ask(slot).Phase != PhaseGone
}

// feedNativeFloat takes a float sample of a native histogram: a staleness
// marker, or a sample from before it was one.
func (b *Bank) feedNativeFloat(slot Slot, t int64, v float64, to sink) {
	n := b.histograms.natives.at(slot)
	switch {
	case n == nil:
	case !value.IsStaleNaN(v):
		b.histograms.counted[fateMixed].Add(1)
	default:
		b.feedNative(n, telemetry.HistogramSample{T: t, Float: &histogram.FloatHistogram{Sum: v}}, to)
	}
}

func (b *Bank) feedNative(n *native, s telemetry.HistogramSample, to sink) {
	n.Lock()
	defer n.Unlock()
	if s.T <= n.time {
		b.histograms.counted[fateLate].Add(1)
		return
	}
	if b.histograms.defers(n, s.T, b.params.Histogram.MaxMissed) {
		n.begun = false
		return
	}
	at := n.free()
	h := &n.room[at]
	n.copy(h, s)
	defer b.histograms.natives.owe(n, h)
	switch {
	case value.IsStaleNaN(h.Sum):
		n.time, n.begun = s.T, false
		n.seen.Store(never)
		for _, slot := range [...]Slot{n.slot[0], n.slot[1], n.count} {
			b.judge(slot, s.T, h.Sum, to) // a marker is not worth another series
		}
	case !(h.Count >= 0 && h.Count <= largest):
		b.histograms.counted[fateNotANumber].Add(1)
	case h.CounterResetHint == histogram.GaugeType:
		n.time, n.begun = s.T, false
		n.seen.Store(s.T)
		for q := range quantiles {
			if h.Count >= b.params.Histogram.Least[q] {
				b.judgeNative(n, q, nativeQuantile(q, h), to)
			} else {
				b.alive(n.slot[q], s.T)
			}
		}
	default:
		n.time = s.T
		n.seen.Store(s.T)
		if !b.judge(n.count, s.T, h.Count, to) {
			n.count = b.derive(countLabels(n.labels), flagCounter)
			b.judge(n.count, s.T, h.Count, to)
		}
		b.lookNative(n, at, to)
	}
}

// judgeNative does for a native histogram what judgeQuantile does for a classic one.
func (b *Bank) judgeNative(n *native, q int, v float64, to sink) {
	if b.judge(n.slot[q], n.time, v, to) || value.IsStaleNaN(v) {
		return
	}
	n.slot[q] = b.derive(quantileLabels(n.labels, q), 0)
	b.judge(n.slot[q], n.time, v, to)
}

// free returns a room that holds nothing that is still wanted.
func (n *native) free() uint8 {
	at := uint8(0)
	for n.begun && (at == n.last || at == n.base[0] || at == n.base[1]) {
		at++
	}
	return at
}

// copy puts the sample's histogram into a room. Whether it is a reset is found
// out from the counts unless the sender says that it is one: a hint that it is
// none speaks of a sample that may not have come here.
func (n *native) copy(to *histogram.FloatHistogram, s telemetry.HistogramSample) {
	if s.Int != nil {
		to = s.Int.ToFloat(to)
	} else {
		s.Float.CopyTo(to)
	}
	if to.CounterResetHint == histogram.NotCounterReset {
		to.CounterResetHint = histogram.UnknownCounterReset
	}
	if to.CustomValues == nil {
		return
	}
	if own := n.room[n.last].CustomValues; n.begun && histogram.CustomBucketBoundsMatch(own, to.CustomValues) {
		to.CustomValues = own
		return
	}
	to.CustomValues = append([]float64(nil), to.CustomValues...)
}

// lookNative judges the quantiles of a counter histogram that has come into a
// room.
func (b *Bank) lookNative(n *native, at uint8, to sink) {
	h := &n.room[at]
	if why, ok := n.follows(h); !ok {
		if n.begun {
			b.histograms.counted[why].Add(1)
		}
		for q := range quantiles {
			b.alive(n.slot[q], n.time)
			n.base[q], n.since[q] = at, n.time
		}
		n.last, n.begun = at, true
		return
	}
	n.last = at
	for q := range quantiles {
		gained := h.Count - n.room[n.base[q]].Count
		switch {
		case gained >= b.params.Histogram.Least[q]:
			v := math.NaN()
			h.CopyTo(&n.diff)
			if diff, _, _, err := n.diff.Sub(&n.room[n.base[q]]); err == nil {
				v = nativeQuantile(q, diff)
			} else {
				b.histograms.counted[fateBounds].Add(1)
			}
			n.base[q], n.since[q] = at, n.time
			b.judgeNative(n, q, v, to)
		case n.time-n.since[q] >= b.params.Histogram.MostSpan:
			b.histograms.counted[fateFew].Add(1)
			n.base[q], n.since[q] = at, n.time
			b.judgeNative(n, q, math.Float64frombits(value.StaleNaN), to)
		default:
			b.alive(n.slot[q], n.time)
		}
	}
}

// follows reports whether h is a later state of the same process, or why not.
func (n *native) follows(h *histogram.FloatHistogram) (fate, bool) {
	if !n.begun || h.DetectReset(&n.room[n.last]) {
		return fateReset, false
	}
	if h.UsesCustomBuckets() != n.room[n.last].UsesCustomBuckets() {
		return fateBounds, false
	}
	return 0, true
}

// nativeQuantile is what PromQL's histogram_quantile says of h.
func nativeQuantile(q int, h *histogram.FloatHistogram) float64 {
	v, _ := promql.HistogramQuantile(quantileOf[q], h, "", posrange.PositionRange{})
	return v
}
