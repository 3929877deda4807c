package topology

import (
	"math"

	"github.com/prometheus/prometheus/model/histogram"
)

// The buckets of a sketch are those of a native histogram of Prometheus of schema 3:
// bucket i holds (2^((i-1)/8), 2^(i/8)] seconds, so that a quantile is wrong by at most
// 9%. What is shorter than a microsecond or longer than a day counts as that.
const (
	schema    = 3
	perDouble = 1 << schema
	lowest    = -20 * perDouble
	highest   = 17 * perDouble
)

// sketch counts durations. The zero value is empty and ready for use. It takes 8 bytes
// for each bucket between the shortest and the longest, at most 2.4 kB.
type sketch struct {
	first  int // index of counts[0]
	counts []uint64
	count  uint64
	zero   uint64
	sum    float64 // seconds
}

// add counts a duration in seconds; negative ones count as 0.
func (s *sketch) add(seconds float64) {
	s.count++
	if seconds <= 0 {
		s.zero++
		return
	}
	s.sum += seconds
	i := min(max(int(math.Ceil(math.Log2(seconds)*perDouble)), lowest), highest)
	switch {
	case len(s.counts) == 0:
		s.first, s.counts = i, append(s.counts[:0], 0)
	case i < s.first:
		grown := make([]uint64, s.first-i+len(s.counts))
		copy(grown[s.first-i:], s.counts)
		s.first, s.counts = i, grown
	case i >= s.first+len(s.counts):
		for len(s.counts) <= i-s.first {
			s.counts = append(s.counts, 0)
		}
	}
	s.counts[i-s.first]++
}

// reset empties the sketch and keeps its memory.
func (s *sketch) reset() { *s = sketch{counts: s.counts[:0]} }

// quantile returns the duration in seconds that the share q does not exceed, by
// interpolation within a bucket on a logarithmic scale; NaN if the sketch is empty.
func (s *sketch) quantile(q float64) float64 {
	if s.count == 0 {
		return math.NaN()
	}
	rank := q * float64(s.count)
	if rank <= float64(s.zero) {
		return 0
	}
	rank -= float64(s.zero)
	for k, n := range s.counts {
		if n > 0 && rank <= float64(n) {
			return math.Exp2((float64(s.first+k-1) + rank/float64(n)) / perDouble)
		}
		rank -= float64(n)
	}
	return math.Exp2(float64(s.first+len(s.counts)-1) / perDouble)
}

// native returns the sketch as a native histogram, which the caller owns.
func (s *sketch) native() *histogram.Histogram {
	h := &histogram.Histogram{Schema: schema, ZeroThreshold: 1e-9, ZeroCount: s.zero, Count: s.count, Sum: s.sum}
	next, before := 0, int64(0)
	for k, n := range s.counts {
		if n == 0 {
			continue
		}
		i := s.first + k
		switch gap := i - next; {
		case len(h.PositiveSpans) == 0:
			h.PositiveSpans = append(h.PositiveSpans, histogram.Span{Offset: int32(i), Length: 1})
		case gap == 0:
			h.PositiveSpans[len(h.PositiveSpans)-1].Length++
		default:
			h.PositiveSpans = append(h.PositiveSpans, histogram.Span{Offset: int32(gap), Length: 1})
		}
		h.PositiveBuckets = append(h.PositiveBuckets, int64(n)-before)
		next, before = i+1, int64(n)
	}
	return h
}
