package verdict

import (
	"math"
	"slices"
)

// Signal is one signal of the changed service as values per block. All slices
// are read only and of the same length; NaN is a block without data.
type Signal struct {
	Name string
	Unit string
	// Bad is +1 if up is bad, -1 if down is.
	Bad int
	// Floor is the least shift, in the signal's unit, that anybody would care for.
	Floor float64
	// PerRequest says that the value is made from requests, so that a handful of them says nothing.
	PerRequest bool
	// Values are the blocks, oldest first: the history before the change and what came since.
	Values []float64
	// Past is the signal a day or a week earlier, Peers the same signal of services
	// that were not changed: what they explain is not the change's.
	Past, Peers [][]float64
}

// minControl is the least share of the variance before the change that a control
// must explain to be used: below it, taking it away adds more noise than it removes.
const minControl = 0.25

// residual returns the values with the bad direction up and without what the
// controls explain. The controls' weights are learned on the blocks before the
// index only, so that the change itself cannot alter them.
func (s Signal) residual(before int) []float64 {
	out := make([]float64, len(s.Values))
	for i, v := range s.Values {
		out[i] = v * float64(s.Bad)
		if math.IsInf(out[i], 0) {
			out[i] = math.NaN()
		}
	}
	for _, c := range s.Past {
		takeAway(out, clipped(c, before), before, float64(s.Bad))
	}
	for _, c := range s.Peers {
		takeAway(out, c, before, float64(s.Bad))
	}
	return out
}

// clipped returns a copy of a control within three robust scales of its median, so
// that an incident of yesterday does not become one of today with the sign turned.
func clipped(control []float64, before int) []float64 {
	level, scale := levelScale(control[:min(before, len(control))])
	out := make([]float64, len(control))
	for i, v := range control {
		out[i] = min(max(v, level-3*scale), level+3*scale)
	}
	return out
}

// takeAway subtracts from x what a control explains of it by least squares.
func takeAway(x, control []float64, before int, sign float64) {
	at := func(i int) float64 {
		if i >= len(control) || math.IsInf(control[i], 0) {
			return math.NaN()
		}
		return sign * control[i]
	}
	var n, mx, mc float64
	for i := range before {
		if c := at(i); !math.IsNaN(c) && !math.IsNaN(x[i]) {
			n, mx, mc = n+1, mx+x[i], mc+c
		}
	}
	if n < 2*minBlocks {
		return
	}
	mx, mc = mx/n, mc/n
	var xx, xc, cc float64
	for i := range before {
		if c := at(i); !math.IsNaN(c) && !math.IsNaN(x[i]) {
			xx, xc, cc = xx+(x[i]-mx)*(x[i]-mx), xc+(x[i]-mx)*(c-mc), cc+(c-mc)*(c-mc)
		}
	}
	if xc <= 0 || cc == 0 || xx == 0 || xc*xc/(xx*cc) < minControl {
		return
	}
	weight := min(xc/cc, 1.5)
	for i := range x {
		if c := at(i); !math.IsNaN(c) {
			x[i] -= weight * (c - mc)
		}
	}
}

// levelScale returns the median of the values and their interquartile range over
// 1.349, which is the standard deviation of normal ones. Without values both are NaN.
func levelScale(values []float64) (level, scale float64) {
	v := present(values)
	if len(v) == 0 {
		return math.NaN(), math.NaN()
	}
	slices.Sort(v)
	return quantile(v, 0.5), (quantile(v, 0.75) - quantile(v, 0.25)) / 1.349
}

// present returns a copy of the values that are there. An infinite one is none: a
// quantile between two of them would be no number.
func present(values []float64) []float64 {
	out := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	return out
}

// quantile interpolates in sorted values, of which there is one at the least.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	lo := int(at)
	hi := min(lo+1, len(sorted)-1)
	return sorted[lo] + (at-float64(lo))*(sorted[hi]-sorted[lo])
}
