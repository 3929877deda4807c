package detector

import (
	"iter"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

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

// DerivedOf returns the labels of the series that a bank derives from the native
// histogram with the given labels, that of the count last. From a classic one, named
// as HistogramOf does, it derives all but that.
func DerivedOf(histogram labels.Labels) []labels.Labels {
	var out []labels.Labels
	for q := range quantiles {
		out = append(out, quantileLabels(histogram, q))
	}
	return append(out, countLabels(histogram))
}

// BucketSamples are the samples of one bucket series, oldest first.
type BucketSamples struct {
	Labels  labels.Labels
	Samples []telemetry.Sample
}

// ReplayBuckets judges a series derived from a classic histogram, l, as a bank
// would have judged it had the buckets, all of one histogram, been new to it. With
// a share that is not NaN its service owes that all the time, as in ReplayShare. It
// hands one verdict per value derived to emit, with Slot 0, and the loss of an
// episode when the histogram ends; silences are as in Replay. There are none when l is
// not derived from the buckets or the configuration is out of range.
func ReplayBuckets(c Config, share float64, l labels.Labels, buckets []BucketSamples, emit func(Verdict)) {
	b, err := NewBank(c)
	if err != nil {
		return
	}
	slots, next := make([]Slot, len(buckets)), make([]int, len(buckets))
	for i, k := range buckets {
		slots[i] = b.Register(k.Labels)
	}
	slot, to := b.only(l, share, emit)
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
		b.Pass(slot, t)
		for i, k := range buckets {
			for next[i] < len(k.Samples) && k.Samples[next[i]].T <= t {
				if slots[i].Bucket() {
					b.feedBucket(slots[i].place(), t, k.Samples[next[i]].V, to)
				}
				next[i]++
			}
		}
	}
}

// HistogramSamples are the samples of one native histogram, oldest first. They
// may be overwritten once taken.
type HistogramSamples struct {
	Labels  labels.Labels
	Samples iter.Seq[telemetry.HistogramSample]
}

// ReplayHistogram does what ReplayBuckets does for a native histogram and a series
// derived from it, l.
func ReplayHistogram(c Config, share float64, l labels.Labels, from HistogramSamples, emit func(Verdict)) {
	b, err := NewBank(c)
	if err != nil {
		return
	}
	n := b.histograms.natives.at(b.RegisterHistogram(from.Labels))
	if n == nil {
		return
	}
	slot, to := b.only(l, share, emit)
	for s := range from.Samples {
		b.Pass(slot, s.T)
		b.feedNative(n, s, to)
	}
}

// only returns the slot of one series and a sink of all verdicts on it, of a service that
// owes the given share if that is a number.
func (b *Bank) only(l labels.Labels, share float64, emit func(Verdict)) (Slot, sink) {
	b.register.RLock()
	slot := b.find(l.Hash(), l)
	if slot != 0 && !math.IsNaN(share) {
		b.services.at(0).fix(share) // that of all series, since no WithServices was given
	}
	b.register.RUnlock()
	return slot, sink{all: true, to: func(v Verdict) {
		if slot != 0 && v.Slot == slot {
			v.Slot = 0
			emit(v)
		}
	}}
}
