package statsd

import (
	"maps"
	"math"
	"slices"

	histograms "github.com/prometheus/prometheus/model/histogram"
)

// Resolution of histograms: eight buckets to each power of two, and less when the
// values of one spread over more buckets than are kept.
const (
	firstSchema = 3
	maxBuckets  = 160
)

// zeroThreshold is the width of the bucket around zero.
const zeroThreshold = 1e-9

// buckets is a native histogram that only grows.
type buckets struct {
	schema             int32
	count, sum, zero   float64
	positive, negative map[int32]float64
}

func newBuckets() *buckets {
	return &buckets{schema: firstSchema, positive: map[int32]float64{}, negative: map[int32]float64{}}
}

// observe adds a value that stands for weight observations.
func (b *buckets) observe(v, weight float64) {
	b.count += weight
	b.sum += v * weight
	switch {
	case math.Abs(v) <= zeroThreshold:
		b.zero += weight
	case v > 0:
		b.positive[b.index(v)] += weight
	default:
		b.negative[b.index(-v)] += weight
	}
	for len(b.positive)+len(b.negative) > maxBuckets && b.schema > histograms.ExponentialSchemaMin {
		b.schema--
		b.positive, b.negative = halved(b.positive), halved(b.negative)
	}
}

// index is the number of the bucket of a value; its upper bound is 2^(index/2^schema).
func (b *buckets) index(v float64) int32 {
	return int32(math.Ceil(math.Ldexp(math.Log2(v), int(b.schema))))
}

// halved merges each two neighbours.
func halved(m map[int32]float64) map[int32]float64 {
	out := make(map[int32]float64, len(m)/2+1)
	for i, n := range m {
		out[(i+1)>>1] += n // rounded up: bounds belong to the bucket below
	}
	return out
}

// histogram returns what was observed so far, in memory of its own.
func (b *buckets) histogram() *histograms.FloatHistogram {
	h := &histograms.FloatHistogram{Schema: b.schema, Count: b.count, Sum: b.sum, ZeroCount: b.zero, ZeroThreshold: zeroThreshold}
	h.PositiveSpans, h.PositiveBuckets = spans(b.positive)
	h.NegativeSpans, h.NegativeBuckets = spans(b.negative)
	return h
}

// spans writes buckets as runs of neighbours.
func spans(m map[int32]float64) (runs []histograms.Span, counts []float64) {
	next := int32(0)
	for _, i := range slices.Sorted(maps.Keys(m)) {
		if len(runs) == 0 || i != next {
			runs = append(runs, histograms.Span{Offset: i - next})
		}
		runs[len(runs)-1].Length++
		counts = append(counts, m[i])
		next = i + 1
	}
	return runs, counts
}
