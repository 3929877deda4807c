package detector

import (
	"iter"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Bucket reports whether the slot is that of a bucket of a classic histogram,
// whose samples mean something only together with those of its other buckets.
func (s Slot) Bucket() bool { return s >= bucketSlot }

// IsQuantile reports whether a series with this label quantile is derived from
// each histogram.
func IsQuantile(text string) bool { return slices.Contains(quantileNames[:], text) }

// HistogramOf returns the labels of the classic histogram that a bucket series
// belongs to: those without le, with the name without _bucket. It returns false
// for other series.
func HistogramOf(bucket labels.Labels) (labels.Labels, bool) {
	l, _, ok := bucketOf(bucket)
	return l, ok
}

// BucketSamples are the samples of one bucket series, oldest first.
type BucketSamples struct {
	Labels  labels.Labels
	Samples []telemetry.Sample
}

// ReplayBuckets judges a series derived from a classic histogram, l, as a bank
// would have judged it had the buckets, all of one histogram, been new to it. It
// hands one verdict per value derived to emit, with Slot 0, and the loss of an
// episode when the histogram ends. There are none when l is not derived from the
// buckets or the configuration is out of range.
func ReplayBuckets(c Config, l labels.Labels, buckets []BucketSamples, emit func(Verdict)) {
	b, err := NewBank(c)
	if err != nil {
		return
	}
	slots, next := make([]Slot, len(buckets)), make([]int, len(buckets))
	for i, k := range buckets {
		slots[i] = b.Register(k.Labels)
	}
	to := b.only(l, emit)
	for {
		t, found := int64(0), false
		for i, k := range buckets {
			if at := next[i]; at < len(k.Samples) && (!found || k.Samples[at].T < t) {
				t, found = k.Samples[at].T, true
			}
		}
		if !found {
			return
		}
		for i, k := range buckets {
			for next[i] < len(k.Samples) && k.Samples[next[i]].T <= t {
				if slots[i].Bucket() {
					b.feedBucket(uint32(slots[i]&^bucketSlot), t, k.Samples[next[i]].V, to)
				}
				next[i]++
			}
		}
	}
}

// ReplayHistogram does what ReplayBuckets does for a native histogram, own, and
// a series derived from it, l. Samples may be overwritten once taken.
func ReplayHistogram(c Config, own, l labels.Labels, samples iter.Seq[telemetry.HistogramSample], emit func(Verdict)) {
	b, err := NewBank(c)
	if err != nil {
		return
	}
	n := b.histograms.natives.at(b.RegisterHistogram(own))
	if n == nil {
		return
	}
	to := b.only(l, emit)
	for s := range samples {
		b.feedNative(n, s, to)
	}
}

// only returns a sink of all verdicts on one series.
func (b *Bank) only(l labels.Labels, emit func(Verdict)) sink {
	b.register.RLock()
	slot := b.find(l.Hash(), l)
	b.register.RUnlock()
	return sink{all: true, to: func(v Verdict) {
		if slot != 0 && v.Slot == slot {
			v.Slot = 0
			emit(v)
		}
	}}
}
