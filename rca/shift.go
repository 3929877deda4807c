package rca

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Sources of a Series: what kind of telemetry it was made from.
const (
	SourceMetric   = "metric"    // a signal or a raw metric; "" is the same
	SourceSelfTime = "self_time" // p90 of the time of spans minus that of their children
	SourceEdgeGap  = "edge_gap"  // client p50 minus server p50, averaged over a node's edges
	SourceCalls    = "calls"     // spans per root request
	SourceTemplate = "template"  // lines of one template per root request; Signal is the template's text
	SourceErrors   = "errors"    // rate of an error group
	SourceRestarts = "restarts"
)

// Series is the history of one signal of one service. Points are in time order;
// NaN and infinite values are ignored. Bad is +1 when up is bad, -1 when down is
// bad, and 0 when neither is.
type Series struct {
	Service string
	Signal  string
	Source  string // one of the Source constants
	Unit    string
	Bad     int
	Query   string
	Points  []telemetry.Sample
	// Exposure is how many requests stand behind each point of a rate per request;
	// nil when that is not known.
	Exposure []float64
}

// Least numbers of points for a baseline and for the minutes just before.
const (
	minBaseline = 5
	minRecent   = 3
	recent      = 10 * time.Minute
	postLimit   = time.Hour
	// neutral is what a shift counts of a signal that has no bad direction.
	neutral = 0.5
)

// span is a half-open stretch of time.
type span struct{ from, to time.Time }

// shift is how far a series has moved, in units of its own spread.
type shift struct {
	series        *Series
	z             float64 // positive is bad
	before, after float64 // the median before, and the value since of which z was taken
	onset         time.Time
}

// score is the shift in units of evidence, which grow with the logarithm: the
// difference between a million and ten million sigmas tells nothing.
func (s shift) score() float64 { return math.Log1p(max(s.z, 0)) }

// badness returns a value as it is judged, and its bad direction. A ratio of
// which little is bad, such as an availability, is judged by its complement:
// from 100% to 96% is a share of failures that went from nothing to 4%, and
// not a fall by a twenty-fifth. The same function turns it back.
func (s *Series) badness(v float64) (float64, int) {
	if full := s.complement(); full > 0 {
		return full - v, 1
	}
	return v, s.Bad
}

// complement is the whole that a ratio of which little is bad is a part of, 0 for
// other series.
func (s *Series) complement() float64 {
	switch {
	case s.Bad < 0 && s.Unit == telemetry.UnitRatio:
		return 1
	case s.Bad < 0 && s.Unit == telemetry.UnitPercent:
		return 100
	}
	return 0
}

// original turns a judged value back into the series' own.
func (s *Series) original(v float64) float64 {
	v, _ = s.badness(v)
	return v
}

// measure compares a series in the span post with the span pre:
//
//	m = median(pre)
//	s = max(IQR(pre)/1.349, 1.4826 MAD(pre), rel |m|, 0.02 max|x| over both, floor of the unit)
//	z = P90 over post of (x-m)/s in the bad direction, but at most the second largest of three or more
//
// rel is 0.02, and 0.002 for ratios. The second yardstick, the minutes at the
// end of pre, kills what was odd already: the smaller z counts. No standard
// deviation is involved, because a baseline that holds some minutes of the
// trouble (an onset that was noticed late) would inflate it. ok is false when
// there are fewer than minBaseline points before or none since.
//
// Scorer after Pham et al., "BARO: Robust Root Cause Analysis for Microservices
// via Multivariate Bayesian Online Change Point Detection", FSE 2024, with
// floors on the scale, a quantile in place of the maximum, and the sign.
func measure(s *Series, pre, post span) (sh shift, ok bool) {
	before, bad := s.values(pre)
	after, _ := s.values(post)
	if len(before) < minBaseline || len(after) == 0 {
		return shift{}, false
	}
	largest := 0.0
	for _, x := range before {
		largest = max(largest, math.Abs(x))
	}
	for _, x := range after {
		largest = max(largest, math.Abs(x))
	}
	base := newYardstick(before, s.Unit, largest)
	sh = shift{series: s, before: s.original(base.m), z: base.z(after, bad)}
	sh.after = s.original(base.valueOf(sh.z, after, bad))
	if last, _ := s.values(span{pre.to.Add(-recent), pre.to}); len(last) >= minRecent {
		sh.z = min(sh.z, newYardstick(last, s.Unit, largest).z(after, bad))
	}
	if sh.z >= noise {
		sh.onset = firstOdd(s, base, span{pre.to, post.to})
	}
	return sh, true
}

// yardstick is the level and spread of a quiet time.
type yardstick struct{ m, s float64 }

func newYardstick(x []float64, unit string, largest float64) yardstick {
	return yardstickOf(slices.Clone(x), unit, largest, 0)
}

// yardstickOf is newYardstick with a least spread; it overwrites x.
func yardstickOf(x []float64, unit string, largest, least float64) yardstick {
	m := pickQuantile(x, 0.5)
	iqr := pickQuantile(x, 0.75) - pickQuantile(x, 0.25)
	for i, v := range x {
		x[i] = math.Abs(v - m)
	}
	rel, floor := relative(unit)
	return yardstick{m: m, s: max(iqr/1.349, 1.4826*pickQuantile(x, 0.5), rel*math.Abs(m), 0.02*largest, floor, least)}
}

// relative is the part of a level and the absolute value below which a move of a
// signal with this unit is nothing.
func relative(unit string) (rel, floor float64) {
	switch unit {
	case telemetry.UnitRatio:
		// A ratio has an absolute meaning: less than a twentieth of a percent
		// point is nothing, even above a constant zero.
		return 0.002, 0.0005
	case telemetry.UnitPercent:
		return 0.002, 0.05
	}
	return 0.02, 0
}

// maxZ keeps the largest finite values from turning into infinite evidence.
const maxZ = 1e9

// one returns the z of a single value; zero when nothing ever moved.
func (y yardstick) one(x float64, bad int) float64 {
	if y.s == 0 {
		return 0
	}
	d := min(max(x/y.s-y.m/y.s, -maxZ), maxZ)
	switch {
	case bad > 0:
		return d
	case bad < 0:
		return -d
	}
	return math.Abs(d) * neutral
}

// valueOf returns the value among x whose z is nearest to one that was taken of them.
// The median would say of trouble that is half over that nothing moved.
func (y yardstick) valueOf(z float64, x []float64, bad int) float64 {
	best, off := x[0], math.Inf(1)
	for _, v := range x {
		if d := math.Abs(y.one(v, bad) - z); d < off {
			best, off = v, d
		}
	}
	return best
}

func (y yardstick) z(x []float64, bad int) float64 {
	zs := make([]float64, len(x))
	for i, v := range x {
		zs[i] = y.one(v, bad)
	}
	return trimmedTop(zs)
}

// trimmedTop is the 90th percentile, but at most the second largest of three or
// more. It moves the values.
func trimmedTop(zs []float64) float64 {
	n := len(zs)
	if n < 3 || n > 21 {
		return pickQuantile(zs, 0.9)
	}
	// The percentile lies between the third largest and the largest.
	first, second, third := math.Inf(-1), math.Inf(-1), math.Inf(-1)
	for _, z := range zs {
		switch {
		case z > first:
			first, second, third = z, first, second
		case z > second:
			second, third = z, second
		case z > third:
			third = z
		}
	}
	at := 0.9 * float64(n-1)
	if int(at) >= n-2 {
		return second
	}
	f := at - math.Floor(at)
	return third*(1-f) + second*f
}

// firstOdd returns when two of three consecutive points were first odd, or zero.
func firstOdd(s *Series, y yardstick, in span) time.Time {
	var at [3]time.Time
	var odd [3]bool
	n := 0
	for _, p := range s.Points {
		t := time.UnixMilli(p.T).UTC()
		if !finite(p.V) || t.Before(in.from) || t.After(in.to) {
			continue
		}
		v, bad := s.badness(p.V)
		at[n%3], odd[n%3] = t, y.one(v, bad) >= noise
		n++
		var first time.Time
		count := 0
		for i := range odd {
			if odd[i] {
				count++
				if first.IsZero() || at[i].Before(first) {
					first = at[i]
				}
			}
		}
		if count >= 2 {
			return first
		}
	}
	return time.Time{}
}

// values returns the finite values in [from, to) as they are judged, and their
// bad direction.
func (s *Series) values(in span) ([]float64, int) {
	_, bad := s.badness(0)
	from, to := in.from.UnixMilli(), in.to.UnixMilli()
	i := sort.Search(len(s.Points), func(i int) bool { return s.Points[i].T >= from })
	n := sort.Search(len(s.Points)-i, func(k int) bool { return s.Points[i+k].T >= to })
	out := make([]float64, 0, n)
	full := s.complement()
	for _, p := range s.Points[i : i+n] {
		switch {
		case !finite(p.V):
		case full > 0:
			out = append(out, full-p.V)
		default:
			out = append(out, p.V)
		}
	}
	return out, bad
}

func finite(v float64) bool { return v-v == 0 }

func median(x []float64) float64 { return pickQuantile(slices.Clone(x), 0.5) }
