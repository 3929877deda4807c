package main

import (
	"cmp"
	"math"
	"slices"

	"github.com/tocsinhq/tocsin/telemetry"
)

// forecaster learns from the samples of one series in order and foretells it.
type forecaster interface {
	// observe takes the next sample, t in milliseconds.
	observe(t int64, v float64)
	// at returns what is expected so many seconds after the newest sample, and
	// the bounds between which the value falls with probability level. All are
	// NaN if nothing can be said yet.
	at(seconds, level float64) (value, lower, upper float64)
}

// forecastMethod makes a fresh forecaster for a series.
type forecastMethod struct {
	name string
	make func(*labelled) forecaster
}

var (
	forecastLevels   = []float64{0.80, 0.90, 0.95}
	forecastHorizons = []struct {
		name    string
		seconds float64
	}{{"1h", 3600}, {"6h", 6 * 3600}, {"1d", 86400}, {"3d", 3 * 86400}}
)

const (
	originsPerSeries = 200
	fewestTargets    = 20 // of one series at one horizon, else that is left out
	learningDays     = 2  // before the first forecast, or 15 % of the rows if more
)

// target is one value to foretell: that of row, at the time of origin.
type target struct {
	origin, row, horizon int // horizon: index into forecastHorizons
}

// targets returns what is to be foretold of a series, by origin: evenly spaced
// origins, each with every horizon of at least a step whose time has a sample
// within half a step.
func (l *labelled) targets() []target {
	first := len(l.samples) * 15 / 100
	for first < len(l.samples) && l.samples[first].T-l.samples[0].T < learningDays*86_400_000 {
		first++
	}
	var out []target
	counts := make([]int, len(forecastHorizons))
	for k := range originsPerSeries {
		origin := first + (len(l.samples)-1-first)*k/originsPerSeries
		if origin >= len(l.samples) || len(out) > 0 && out[len(out)-1].origin == origin {
			continue
		}
		for h, horizon := range forecastHorizons {
			if row := l.rowAt(float64(l.samples[origin].T) + 1000*horizon.seconds); row > origin {
				out = append(out, target{origin, row, h})
				counts[h]++
			}
		}
	}
	return slices.DeleteFunc(out, func(t target) bool { return counts[t.horizon] < fewestTargets })
}

// rowAt returns the row within half a step of a time in ms, -1 if there is none.
func (l *labelled) rowAt(t float64) int {
	row, _ := slices.BinarySearchFunc(l.samples, t-500*l.step, func(s telemetry.Sample, t float64) int { return cmp.Compare(float64(s.T), t) })
	if row < len(l.samples) && float64(l.samples[row].T) <= t+500*l.step {
		return row
	}
	return -1
}

// foretold is what came of the targets of one series at one horizon.
type foretold struct {
	targets, refused int       // all, and those about which nothing was said
	within           []float64 // of forecastLevels: targets inside the bounds
	missed           float64   // sum of absolute errors
	width            float64   // sum of the widths of the 90 % bounds
}

// foretell runs a forecaster through a series and returns what came of it by
// horizon. Where nothing was said the last value stands in, without bounds.
func (l *labelled) foretell(f forecaster, targets []target) []foretold {
	out := make([]foretold, len(forecastHorizons))
	for h := range out {
		out[h].within = make([]float64, len(forecastLevels))
	}
	next := 0
	for i, s := range l.samples {
		f.observe(s.T, s.V)
		for ; next < len(targets) && targets[next].origin == i; next++ {
			t := targets[next]
			o, truth := &out[t.horizon], l.samples[t.row].V
			seconds := float64(l.samples[t.row].T-s.T) / 1000
			o.targets++
			for k, level := range forecastLevels {
				value, lower, upper := f.at(seconds, level)
				if truth >= lower && truth <= upper {
					o.within[k]++
				}
				if level != 0.90 {
					continue
				}
				if math.IsNaN(value) {
					o.refused++
					value = s.V
				}
				o.missed += math.Abs(value - truth)
				if upper >= lower {
					o.width += upper - lower
				}
			}
		}
	}
	return out
}

// forecastSum is what a method did over all series.
type forecastSum struct {
	cells [][]foretold // by series, then horizon
}

// coverage returns the share of targets within the bounds of the k-th level at
// the horizons that keep lets through, NaN when there are none.
func (s forecastSum) coverage(k int, keep func(horizon int) bool) float64 {
	inside, all := 0.0, 0
	for _, cells := range s.cells {
		for h, c := range cells {
			if keep(h) {
				inside += c.within[k]
				all += c.targets
			}
		}
	}
	return inside / float64(all)
}

// coveredCells returns the share of cells, one series at one horizon, of whose
// targets at least 85 % fall within the 90 % bounds, NaN when there are no targets.
func (s forecastSum) coveredCells() float64 {
	good, all := 0.0, 0.0
	for _, cells := range s.cells {
		for _, c := range cells {
			if c.targets == 0 {
				continue
			}
			all++
			if c.within[1] >= 0.85*float64(c.targets) {
				good++
			}
		}
	}
	return good / all
}

// against returns the geometric mean over series of a sum of s over that sum of
// the base, over the same targets. Series where the base has none are left out:
// there is nothing to divide by.
func (s forecastSum) against(base forecastSum, of func(foretold) float64, keep func(horizon int) bool) float64 {
	logs, n := 0.0, 0
	for i := range s.cells {
		own, other := 0.0, 0.0
		for h, c := range s.cells[i] {
			if keep(h) {
				own += of(c)
				other += of(base.cells[i][h])
			}
		}
		if other > 0 {
			logs += math.Log(max(own/other, 1e-3))
			n++
		}
	}
	if n == 0 {
		return math.NaN()
	}
	return math.Exp(logs / float64(n))
}
