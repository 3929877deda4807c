// Package noise makes the made-up series of stories and of tests of rules move as
// real ones do, the same in every run.
package noise

import (
	"hash/fnv"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
)

// At returns a roughly normal number with standard deviation 1, limited to three,
// the same for the same seed and i: the sum of twelve uniform numbers of a
// counter-based generator (splitmix64; Steele, Lea, Flood: Fast splittable
// pseudorandom number generators, 2014) minus six.
func At(seed uint64, i int) float64 {
	x := seed + uint64(i)*0x9E3779B97F4A7C15
	sum := 0.0
	for range 12 {
		x += 0x9E3779B97F4A7C15
		z := x
		z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9
		z = (z ^ (z >> 27)) * 0x94D049BB133111EB
		z ^= z >> 31
		sum += float64(z>>11) / (1 << 53)
	}
	return max(-3, min(3, sum-6))
}

// Seed hashes the labels that the series of one histogram, or of one family of
// counters, share, so that they move together.
func Seed(l labels.Labels) uint64 {
	h := fnv.New64a()
	l.Range(func(x labels.Label) {
		if x.Name != labels.MetricName && x.Name != labels.BucketLabel {
			h.Write([]byte(x.Name + "\x00" + x.Value + "\x00"))
		}
	})
	return h.Sum64()
}

// Series makes the values of a series noisy: each by a share of itself, those of a
// counter by a share of what they grew by, so that it still only grows. Values are
// given in order.
type Series struct {
	counter   bool
	seed      uint64
	share     float64
	prev, sum float64
}

// NewSeries returns the noise of a series with the labels; share is the standard
// deviation. A series whose name says so is a counter.
func NewSeries(l labels.Labels, share float64) *Series {
	return &Series{counter: isCounter(l.Get(labels.MetricName)), seed: Seed(l), share: share}
}

// Value returns value i of the series with its noise.
func (s *Series) Value(i int, v float64) float64 {
	f := 1 + s.share*At(s.seed, i)
	switch {
	case !s.counter:
		return v * f
	case v < s.prev: // a reset starts the sum anew
		s.prev, s.sum = v, v
	default:
		s.sum += (v - s.prev) * f
		s.prev = v
	}
	return s.sum
}

// isCounter follows the naming of Prometheus' client libraries.
func isCounter(name string) bool {
	for _, suffix := range []string{"_total", "_count", "_sum", "_bucket"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}
