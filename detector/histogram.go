package detector

import (
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/prometheus/prometheus/model/labels"
)

// A histogram is watched through two quantiles of what was observed since the
// last look, each an ordinary series of the bank whose labels are those of the
// histogram and quantile="0.5" or "0.99".
const quantiles = 2

var (
	quantileOf    = [quantiles]float64{0.5, 0.99}
	quantileNames = [quantiles]string{"0.5", "0.99"}
)

// quantileLabel names the quantile of a derived series, as summaries do.
const quantileLabel = "quantile"

// leastObservations is how many observations a look must have for each
// quantile: with fewer the figure says more of chance than of the service. With
// 20 the median lies between the 28th and 72nd percentile nineteen times in
// twenty, and with 500 five observations are expected above the 99th; with 200
// the 99th percentile of a busy day raised 2.3 false alarms a week at a budget
// of 1, with 500 0.9. Fewer are added up over several rounds, for mostSpan at
// most; then they are forgotten, for a figure about the hour before says nothing
// of now.
var leastObservations = [quantiles]float64{20, 500}

const mostSpan = 3600 * 1000 // ms

const (
	// maxBuckets bounds the buckets of one classic histogram; 10 to 40 are usual.
	maxBuckets = 256
	// maxMissed is after how many rounds in a row a bucket that does not come
	// is no longer waited for.
	maxMissed = 3
)

// Slots from nativeSlot on are no series but what series are derived from: a
// bucket of a classic histogram, or a native histogram.
const (
	nativeSlot Slot = 1 << 30
	bucketSlot Slot = 1 << 31
)

// histograms is what a Bank knows of histograms. Classic ones lie in slabs
// without pointers: 64 bytes for a histogram and 56 for a bucket.
type histograms struct {
	// register guards the index, the entries and the growth of the slabs.
	register sync.RWMutex
	byHash   map[uint64]uint32 // hash of a histogram's labels -> newest group with it
	entries  []histogramEntry  // by group; 0 is unused
	used     uint32            // buckets given out; their slots are 1 to used

	groups  slab[groupChunk]
	buckets slab[[chunkSize]bucket]

	natives natives

	counted [fates]atomic.Uint64
	refused [refusals]atomic.Uint64
}

// histogramEntry is the part of a classic histogram that samples do not touch.
type histogramEntry struct {
	labels labels.Labels // without le, the name without _bucket
	next   uint32        // older group whose labels have the same hash
}

// groupChunk holds the state of chunkSize histograms. Its lock guards them and
// their buckets, wherever those lie.
type groupChunk struct {
	sync.Mutex
	groups [chunkSize]group
}

// group is the state of one classic histogram. Its buckets are a list in order
// of their bounds. A round is one time for which buckets deliver their counts;
// what comes early for the round after it is kept until that is its turn.
type group struct {
	Time   int64            // of the present round, ms
	Next   int64            // of the round after it if something has come for that, else 0
	Since  [quantiles]int64 // time of the buckets' Base
	Slot   [quantiles]Slot  // derived series
	First  uint32           // bucket with the lowest bound
	Round  uint32
	Len    uint16 // buckets
	Active uint16 // buckets that a round waits for
	Have   uint16 // of them, those that have delivered
	Early  uint16 // those that have delivered for Next
	Closed bool   // the round has been looked at
	Fell   bool   // a count went down: the process started again
}

// bucket is the state of one bucket of a classic histogram.
type bucket struct {
	Bound  float64            // le
	Count  float64            // as last delivered, cumulative
	Base   [quantiles]float64 // Count from which each quantile counts
	Early  float64            // count for the group's Next, if Waits
	Next   uint32             // bucket with the next bound, 0 after the last
	Group  uint32             // never changes once the slot is given out
	Round  uint32             // in which Count was delivered
	Missed uint8              // rounds in a row without it
	Active bool               // waited for
	Based  bool               // Base is set
	Waits  bool               // Early is set
}

// refusal says why a bucket or a histogram is not watched.
type refusal uint8

const (
	refusedBound   refusal = iota // le is no number
	refusedBuckets                // beyond maxBuckets
	refusedSeries                 // beyond Config.MaxSeries
	refusedForm                   // comes as a classic and as a native histogram: the first is watched
	refusals
)

var refusalNames = [refusals]string{"bad_le", "max_buckets", "max_series", "both_forms"}

// bucketOf returns the labels of the histogram that a bucket series belongs to,
// and its bound as text; false for other series and for the daemon's own.
func bucketOf(l labels.Labels) (histogram labels.Labels, bound string, ok bool) {
	name := l.Get(labels.MetricName)
	bound = l.Get(labels.BucketLabel)
	base, found := strings.CutSuffix(name, bucketSuffix)
	if !found || bound == "" || base == "" || strings.HasPrefix(name, ownPrefix) {
		return labels.EmptyLabels(), "", false
	}
	return labels.NewBuilder(l).Del(labels.BucketLabel).Set(labels.MetricName, base).Labels(), bound, true
}

// quantileLabels returns the labels of a derived series.
func quantileLabels(histogram labels.Labels, q int) labels.Labels {
	return labels.NewBuilder(histogram).Set(quantileLabel, quantileNames[q]).Labels()
}

// registerBucket returns the slot of a bucket series, giving it one if it is
// new, and 0 for other series and for buckets that are refused, which is
// counted.
func (b *Bank) registerBucket(l labels.Labels) Slot {
	own, text, ok := bucketOf(l)
	if !ok {
		return 0
	}
	h := &b.histograms
	bound, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(bound) {
		h.refused[refusedBound].Add(1)
		return 0
	}
	h.register.Lock()
	defer h.register.Unlock()
	hash := own.Hash()
	at := h.find(hash, own)
	if at == 0 {
		if h.natives.has(hash, own) {
			h.refused[refusedForm].Add(1)
			return 0
		}
		var slots [quantiles]Slot
		for q := range slots {
			if slots[q] = b.derive(quantileLabels(own, q), 0); slots[q] == 0 {
				h.refused[refusedSeries].Add(1)
				return 0
			}
		}
		at = h.addGroup(hash, own, slots)
	}
	if have := h.bucket(at, bound); have != 0 {
		return bucketSlot | Slot(have)
	}
	switch {
	case int(h.group(at).Len) >= maxBuckets:
		h.refused[refusedBuckets].Add(1)
		return 0
	case int(h.used) >= b.most:
		h.refused[refusedSeries].Add(1)
		return 0
	}
	return bucketSlot | Slot(h.addBucket(at, bound))
}

// derive returns the slot of a series that the bank makes itself, with the
// flags given whatever its name says; 0 when there are too many series.
func (b *Bank) derive(l labels.Labels, flags uint32) Slot {
	b.register.Lock()
	defer b.register.Unlock()
	hash := l.Hash()
	if slot := b.find(hash, l); slot != 0 {
		return slot
	}
	if len(b.entries) > b.most {
		b.refused.Add(1)
		return 0
	}
	return b.add(hash, l, flags)
}

// find looks a classic histogram up; the caller holds the register lock, as for
// all below.
func (h *histograms) find(hash uint64, l labels.Labels) uint32 {
	for at := h.byHash[hash]; at != 0; at = h.entries[at].next {
		if labels.Equal(h.entries[at].labels, l) {
			return at
		}
	}
	return 0
}

func (h *histograms) addGroup(hash uint64, l labels.Labels, slots [quantiles]Slot) uint32 {
	if h.byHash == nil {
		h.byHash, h.entries = make(map[uint64]uint32), make([]histogramEntry, 1)
	}
	at := uint32(len(h.entries))
	h.entries = append(h.entries, histogramEntry{labels: l, next: h.byHash[hash]})
	h.byHash[hash] = at
	if int(at)/chunkSize >= h.groups.len() {
		h.groups.grow()
	}
	c := h.groups.at(int(at) / chunkSize)
	c.Lock()
	c.groups[at%chunkSize] = group{Slot: slots}
	c.Unlock()
	return at
}

func (h *histograms) group(at uint32) *group {
	return &h.groups.at(int(at) / chunkSize).groups[at%chunkSize]
}

// at returns a bucket that has been given out.
func (h *histograms) at(k uint32) *bucket {
	return &h.buckets.at(int(k) / chunkSize)[k%chunkSize]
}

// bucket returns the bucket of a group with this bound, or 0. Bounds never
// change and the list changes under the register lock only, so that reading it
// needs no other.
func (h *histograms) bucket(group uint32, bound float64) uint32 {
	for k := h.group(group).First; k != 0; k = h.at(k).Next {
		if h.at(k).Bound == bound {
			return k
		}
	}
	return 0
}

// addBucket makes a bucket and puts it into the list of its group.
func (h *histograms) addBucket(group uint32, bound float64) uint32 {
	h.used++
	at := h.used
	if int(at)/chunkSize >= h.buckets.len() {
		h.buckets.grow()
	}
	c := h.groups.at(int(group) / chunkSize)
	c.Lock()
	defer c.Unlock()
	g := &c.groups[group%chunkSize]
	link := &g.First
	for *link != 0 && h.at(*link).Bound < bound {
		link = &h.at(*link).Next
	}
	*h.at(at) = bucket{Bound: bound, Group: group, Next: *link}
	*link = at
	g.Len++
	return at
}
