package bands

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Source is the history of one watched series, stored or derived from a stored
// histogram. It is owned by whoever it was given to.
type Source struct {
	Labels labels.Labels // of the watched series

	samples []telemetry.Sample
	own     labels.Labels // of the histogram
	buckets []detector.BucketSamples
	native  []telemetry.HistogramSample
}

// Derived reports whether the series is not stored but derived from a histogram.
func (s *Source) Derived() bool { return s.buckets != nil || s.native != nil }

// Samples returns the stored samples, oldest first; none of a derived series.
func (s *Source) Samples() []telemetry.Sample { return s.samples }

// Replay hands the detector's verdict on each sample to emit, as one of a service
// that owes the given share all the time; see detector.ReplayShare.
func (s *Source) Replay(c detector.Config, share float64, emit func(detector.Verdict)) {
	switch {
	case s.buckets != nil:
		detector.ReplayBuckets(c, share, s.Labels, s.buckets, emit)
	case s.native != nil:
		all := func(yield func(telemetry.HistogramSample) bool) {
			for _, h := range s.native {
				if !yield(h) {
					return
				}
			}
		}
		detector.ReplayHistogram(c, share, s.Labels, detector.HistogramSamples{Labels: s.own, Samples: all}, emit)
	default:
		detector.ReplayShare(c, share, s.Labels, s.samples, emit)
	}
}

// parts are the values of the label in the order of figures.
var parts = telemetry.BandParts()

// figures returns the parts of a verdict. A sample that was not judged has no score.
func figures(v detector.Verdict) [6]float64 {
	if math.IsNaN(v.Value) {
		v.Score = math.NaN()
	}
	return [...]float64{anomaly(v), v.Expected, v.Lower, v.Score, v.Upper, v.Value}
}

// anomaly returns how odd the series is, with the sign of the side. Single samples
// of an episode need not be odd, since what is expected soon follows; the episode
// lasts until the series has come back or its new level is taken as normal. What happens
// every day at that time is nothing to call anybody for.
func anomaly(v detector.Verdict) float64 {
	if v.Excused {
		return 0
	}
	odd, down := v.Score, v.Value < v.Expected
	switch v.Phase {
	case detector.PhaseOpened, detector.PhaseChanged, detector.PhaseOngoing:
		odd = max(odd, v.Peak)
		if v.Side != 0 {
			down = v.Side < 0
		}
	}
	if down && odd > 0 { // JSON and legends would show a -0
		return -odd
	}
	return odd
}

// band is the replayed part of a source that was asked for.
type band struct {
	labels  labels.Labels
	columns [6]column
}

// column is one part of a band: samples in order of time.
type column struct {
	t []int64
	v []float64
}

// put appends a sample. What is unknown after something was known ends the
// series there by a staleness marker, so that no chart goes on with what the
// detector no longer says.
func (c *column) put(t int64, v float64) {
	n := len(c.t)
	if math.IsNaN(v) {
		if n == 0 || value.IsStaleNaN(c.v[n-1]) {
			return
		}
		v = math.Float64frombits(value.StaleNaN)
	}
	if n > 0 && c.t[n-1] >= t {
		return // a sample that the detector did not take, at a time it has judged
	}
	c.t, c.v = append(c.t, t), append(c.v, v)
}

// judge replays the source and keeps what lies from a time on.
func (s *Source) judge(c detector.Config, share float64, from int64) band {
	b := band{labels: s.Labels}
	s.Replay(c, share, func(v detector.Verdict) {
		if v.Time < from {
			return
		}
		for i, x := range figures(v) {
			b.columns[i].put(v.Time, x)
		}
	})
	return b
}
