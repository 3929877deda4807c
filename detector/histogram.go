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

const (
	// maxBuckets bounds the buckets of one classic histogram; 10 to 40 are usual.
	maxBuckets = 256
	// usualBuckets is how many most have at most: room for as many is soon cleared.
	usualBuckets = 24
)

// histograms is what a Bank knows of histograms. Classic ones lie in slabs
// without pointers beside the labels: 72 bytes for a histogram and 56 for a bucket.
// They are kept for as long as the bank lives, also when what they derive has been
// evicted, which then is registered again with their next figure; a checkpoint
// leaves out those of which nothing is left.
type histograms struct {
	// register guards the index and the growth of the slabs. It is taken before
	// the register lock of the bank.
	register sync.RWMutex
	byHash   map[uint64]uint32 // hash of a histogram's labels -> newest place with it
	known    uint32            // classic histograms; their places are 1 to known
	used     uint32            // buckets given out; their slots are 1 to used
	entries  slab[[chunkSize]histogramEntry]
	lately   lately

	classics slab[classicChunk]
	buckets  slab[[chunkSize]bucket]

	natives natives

	counted [fates]atomic.Uint64
	refused [refusals]atomic.Uint64
}

// histogramEntry is the part of a classic histogram that samples do not touch. Its
// labels do not change once a slot of a bucket has been given out.
type histogramEntry struct {
	labels labels.Labels // without le, the name without _bucket
	next   uint32        // older place whose labels have the same hash
	twin   atomic.Uint32 // place of its native form, 0 if none has come
}

// classicChunk holds the state of chunkSize histograms. Its lock guards them and
// their buckets, wherever those lie.
type classicChunk struct {
	sync.Mutex
	classics [chunkSize]classic
}

// classic is the state of one classic histogram. Its buckets are a list in order
// of their bounds. A round is one time for which buckets deliver their counts;
// what comes early for the round after it is kept until that is its turn.
type classic struct {
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
	Yields bool   // its native form feeds the derived series
	Alone  uint8  // rounds in a row that have come without that one
	_      [4]uint8
}

// bucket is the state of one bucket of a classic histogram.
type bucket struct {
	Bound  float64            // le
	Count  float64            // as last delivered, cumulative
	Base   [quantiles]float64 // Count from which each quantile counts
	Early  float64            // count for the histogram's Next, if Waits
	Next   uint32             // bucket with the next bound, 0 after the last
	Of     uint32             // place of its histogram, never changes once the slot is given out
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
	refusedForm                   // comes as a classic and as a native histogram: one at a time is watched
	refusals
)

var refusalNames = [refusals]string{"bad_le", "max_buckets", "max_series", "both_forms"}

// bucketOf returns the labels of the histogram that a bucket series belongs to,
// and its bound as text; false for other series and for the daemon's own.
func bucketOf(l labels.Labels) (histogram labels.Labels, bound string, ok bool) {
	base, bound, ok := bucketName(l)
	if !ok {
		return labels.EmptyLabels(), "", false
	}
	return histogramLabels(l, base), bound, true
}

// bucketName returns the name of the histogram that a bucket series belongs to, and its
// bound as text; false for other series and for the daemon's own.
func bucketName(l labels.Labels) (base, bound string, ok bool) {
	name := l.Get(labels.MetricName)
	bound = l.Get(labels.BucketLabel)
	base, found := strings.CutSuffix(name, bucketSuffix)
	return base, bound, found && bound != "" && base != "" && !strings.HasPrefix(name, ownPrefix)
}

// histogramLabels returns the labels of the histogram of this name that a bucket series
// belongs to.
func histogramLabels(l labels.Labels, base string) labels.Labels {
	return labels.NewBuilder(l).Del(labels.BucketLabel).Set(labels.MetricName, base).Labels()
}

// quantileLabels returns the labels of a derived series.
func quantileLabels(histogram labels.Labels, q int) labels.Labels {
	return labels.NewBuilder(histogram).Set(quantileLabel, quantileNames[q]).Labels()
}

// registerBucket returns the slot of a bucket series, giving it one if it is
// new, and 0 for other series and for buckets that are refused for good, which is
// counted. When there is no room for what is derived it returns a slot that is not
// Watched, as Register does.
func (b *Bank) registerBucket(l labels.Labels) Slot {
	base, text, ok := bucketName(l)
	if !ok {
		return 0
	}
	h := &b.histograms
	bound, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(bound) {
		h.refused[refusedBound].Add(1)
		return 0
	}
	var room [512]byte
	key := l.BytesWithoutLabels(room[:0], labels.BucketLabel)
	h.register.Lock()
	defer h.register.Unlock()
	at := h.lately.find(key)
	if at == 0 {
		var none Slot
		if at, none = b.histogramAt(histogramLabels(l, base)); at == 0 {
			return none
		}
		h.lately.keep(key, at)
	}
	if have := h.bucket(at, bound); have != 0 {
		return bucketSlot | Slot(have)
	}
	switch {
	case int(h.classic(at).Len) >= maxBuckets:
		h.refused[refusedBuckets].Add(1)
		return 0
	case int(h.used) >= b.most:
		h.refused[refusedSeries].Add(1)
		return 0
	}
	return bucketSlot | Slot(h.addBucket(at, bound))
}

// histogramAt returns the place of a classic histogram, which it makes if need be, with
// what is derived from it. Where it must not it returns 0 and what registerBucket is to.
// The caller holds the register lock of histograms.
func (b *Bank) histogramAt(own labels.Labels) (at uint32, none Slot) {
	h, hash := &b.histograms, own.Hash()
	if at := h.find(hash, own); at != 0 {
		return at, 0
	}
	var slots [quantiles]Slot
	for q := range slots {
		if slots[q] = b.derive(quantileLabels(own, q), 0); !slots[q].Watched() {
			h.refused[refusedSeries].Add(1)
			return 0, slots[q]
		}
	}
	at = h.addClassic(hash, own, slots)
	if twin, n := h.natives.lookup(hash, own); n != nil {
		h.refused[refusedForm].Add(1)
		h.pair(at, twin, n)
		h.classic(at).Yields = true // nobody else has it yet
	}
	return at, 0
}

// derive returns the slot of a series that the bank makes itself, with the
// flags given whatever its name says; one that is not Watched when there is no
// room.
func (b *Bank) derive(l labels.Labels, flags uint32) Slot { return b.watch(l.Hash(), l, flags) }

// find looks a classic histogram up; the caller holds the register lock, as for
// all below.
func (h *histograms) find(hash uint64, l labels.Labels) uint32 {
	for at := h.byHash[hash]; at != 0; at = h.entry(at).next {
		if labels.Equal(h.entry(at).labels, l) {
			return at
		}
	}
	return 0
}

func (h *histograms) addClassic(hash uint64, l labels.Labels, slots [quantiles]Slot) uint32 {
	if h.byHash == nil {
		h.byHash = make(map[uint64]uint32)
	}
	h.known++
	at := h.known
	if int(at)/chunkSize >= h.classics.len() {
		h.classics.grow()
		h.entries.grow()
	}
	e := h.entry(at)
	e.labels, e.next = l, h.byHash[hash]
	h.byHash[hash] = at
	c := h.classics.at(int(at) / chunkSize)
	c.Lock()
	c.classics[at%chunkSize] = classic{Slot: slots}
	c.Unlock()
	return at
}

func (h *histograms) classic(at uint32) *classic {
	return &h.classics.at(int(at) / chunkSize).classics[at%chunkSize]
}

// entry returns the entry of a place that has been given out.
func (h *histograms) entry(at uint32) *histogramEntry {
	return &h.entries.at(int(at) / chunkSize)[at%chunkSize]
}

// labelsOf returns the labels of a histogram that has buckets; it takes no lock.
func (h *histograms) labelsOf(g *classic) labels.Labels {
	return h.entry(h.at(g.First).Of).labels
}

// at returns a bucket that has been given out.
func (h *histograms) at(k uint32) *bucket {
	return &h.buckets.at(int(k) / chunkSize)[k%chunkSize]
}

// bucket returns the bucket of a histogram with this bound, or 0. Bounds never
// change and the list changes under the register lock only, so that reading it
// needs no other.
func (h *histograms) bucket(of uint32, bound float64) uint32 {
	for k := h.classic(of).First; k != 0; k = h.at(k).Next {
		if h.at(k).Bound == bound {
			return k
		}
	}
	return 0
}

// addBucket makes a bucket and puts it into the list of its histogram.
func (h *histograms) addBucket(of uint32, bound float64) uint32 {
	h.used++
	at := h.used
	if int(at)/chunkSize >= h.buckets.len() {
		h.buckets.grow()
	}
	c := h.classics.at(int(of) / chunkSize)
	c.Lock()
	defer c.Unlock()
	g := &c.classics[of%chunkSize]
	link := &g.First
	for *link != 0 && h.at(*link).Bound < bound {
		link = &h.at(*link).Next
	}
	*h.at(at) = bucket{Bound: bound, Of: of, Next: *link}
	*link = at
	g.Len++
	return at
}
