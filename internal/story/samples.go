package story

import (
	"math"
	"sort"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/internal/noise"
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
	jitter := noise.NewSeries(s.Labels, l.Jitter)
	for i, sv := range s.Values {
		if sv.Omitted || sv.Histogram != nil {
			continue
		}
		v := sv.Value
		if l.Jitter > 0 && !math.IsNaN(v) {
			v = jitter.Value(i, v)
		}
		p := point{t: l.At + time.Duration(i)*l.Step, labels: s.Labels, v: v}
		if p.at = p.t; l.Sent > 0 {
			p.at = l.Sent
		}
		out = append(out, p)
	}
	return out
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
