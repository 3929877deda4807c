package rca

import (
	"math"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Bounds of what counts as a steady rise since a change.
const (
	leakPoints      = 8
	leakCorrelation = 0.8 // Kendall's tau-b of value and time since the change
	leakBefore      = 0.5 // at most this before it
	leakMaxPoints   = 300 // compared; longer series are thinned
)

// ramp is a steady move into the bad direction since a change.
type ramp struct {
	shift
	correlation float64
}

// climbing looks for a steady rise of a series from the start of a change to the
// onset that was not under way before. ok is false without one.
func climbing(s *Series, started, onset time.Time, baseline time.Duration) (r ramp, ok bool) {
	if s.Bad == 0 {
		return ramp{}, false
	}
	before, bad := s.values(span{started.Add(-baseline), started})
	during, _ := s.values(span{started, onset})
	if len(before) < minBaseline || len(during) < leakPoints {
		return ramp{}, false
	}
	largest := 0.0
	for _, x := range before {
		largest = max(largest, math.Abs(x))
	}
	for _, x := range during {
		largest = max(largest, math.Abs(x))
	}
	tail := during[len(during)-max(len(during)/5, 1):]
	base := newYardstick(before, s.Unit, largest)
	sh := shift{series: s, before: s.original(base.m), z: base.z(tail, bad)}
	sh.after = s.original(base.valueOf(sh.z, tail, bad))
	if sh.z < noise { // cheaper than the correlation, and true of most series
		return ramp{}, false
	}
	rise := kendall(thin(during)) * float64(bad)
	if rise < leakCorrelation || kendall(thin(before))*float64(bad) > leakBefore {
		return ramp{}, false
	}
	sh.onset = firstOdd(s, base, span{started, onset})
	return ramp{sh, rise}, true
}

// kendall returns Kendall's tau-b of x against its index, 0 for a constant.
func kendall(x []float64) float64 {
	concordant, discordant, ties := 0, 0, 0
	for i := range x {
		for j := i + 1; j < len(x); j++ {
			switch {
			case x[j] > x[i]:
				concordant++
			case x[j] < x[i]:
				discordant++
			default:
				ties++
			}
		}
	}
	all := float64(concordant + discordant + ties)
	if concordant+discordant == 0 {
		return 0
	}
	return float64(concordant-discordant) / math.Sqrt(all*(all-float64(ties)))
}

// thin averages neighbours so that at most leakMaxPoints remain, because
// Kendall's tau compares all pairs.
func thin(x []float64) []float64 {
	k := (len(x) + leakMaxPoints - 1) / leakMaxPoints
	if k <= 1 {
		return x
	}
	out := make([]float64, 0, len(x)/k+1)
	for i := 0; i < len(x); i += k {
		part := x[i:min(i+k, len(x))]
		sum := 0.0
		for _, v := range part {
			sum += v / float64(len(part))
		}
		out = append(out, sum)
	}
	return out
}

func figure(v float64, unit string) string { return telemetry.Figure(v, unit) }
