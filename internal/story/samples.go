package story

import (
	"hash/fnv"
	"math"
	"sort"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// point is one sample of the story before it is put into a batch.
type point struct {
	at     time.Duration // when it is sent
	t      time.Duration // its own time
	labels labels.Labels
	v      float64
}

// points lists all samples of a script in the order of sending; samples that are
// sent together keep the order of the file.
func points(s *Script) []point {
	var out []point
	for _, l := range s.Loads {
		for _, series := range l.Series {
			out = append(out, seriesPoints(l, series)...)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].at < out[j].at })
	return out
}

// seriesPoints expands one series. Jitter multiplies every value of a gauge, and
// every increment of a counter, by a factor near 1 that depends only on the
// position and the labels without "le", so that the buckets of a histogram move
// together and stay cumulative, and every run is the same.
func seriesPoints(l Load, s Series) []point {
	var out []point
	counter := isCounter(s.Labels.Get(labels.MetricName))
	seed := seedOf(s.Labels)
	var prev, sum float64
	for i, sv := range s.Values {
		if sv.Omitted || sv.Histogram != nil {
			continue
		}
		v := sv.Value
		if l.Jitter > 0 && !math.IsNaN(v) {
			f := 1 + l.Jitter*noise(seed, i)
			switch {
			case counter && v >= prev:
				sum += (v - prev) * f
				prev, v = v, sum
			case counter: // a reset starts the sum anew
				prev, sum = v, v
			default:
				v *= f
			}
		}
		p := point{t: l.At + time.Duration(i)*l.Step, labels: s.Labels, v: v}
		if p.at = p.t; l.Sent > 0 {
			p.at = l.Sent
		}
		out = append(out, p)
	}
	return out
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

// seedOf hashes the labels that all series of one histogram or request counter
// family share.
func seedOf(l labels.Labels) uint64 {
	h := fnv.New64a()
	l.Range(func(x labels.Label) {
		if x.Name != labels.MetricName && x.Name != "le" {
			h.Write([]byte(x.Name + "\x00" + x.Value + "\x00"))
		}
	})
	return h.Sum64()
}

// noise returns a roughly normal number with standard deviation 1, limited to
// three, from a counter-based generator (splitmix64, Steele et al. 2014): the
// sum of twelve uniform numbers minus six.
func noise(seed uint64, i int) float64 {
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

// batch puts points into b as a sender would: one series entry for each point.
func batch(b *telemetry.Batch, start time.Time, ps []point) {
	b.Reset()
	for _, p := range ps {
		s := b.Next()
		p.labels.Range(func(l labels.Label) {
			s.Labels = append(s.Labels, telemetry.Pair{Name: []byte(l.Name), Value: []byte(l.Value)})
		})
		s.Samples = append(s.Samples, telemetry.Sample{T: start.Add(p.t).UnixMilli(), V: p.v})
	}
}
