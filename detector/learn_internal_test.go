package detector

import (
	"math"
	"testing"
)

// What a young series drifts by is an incident as often as its level: its long level
// follows the less while a chart is beyond its quantile, and later as ever.
func TestLearnLong_DriftOfYoungSeries_TeachesLess(t *testing.T) {
	p := DefaultConfig().params()
	moved := func(samples uint32, drift uint8) float64 {
		s := series{N: samples, Step: 60, LongScale: 1, Hi: 1, Lo: -1}
		s.Drift[0] = drift
		s.learnLong(&p, &look{sight: sight{glance: glance{x: 1}, scale: 1}}, nil, 1/(float64(samples)+1), true)
		return s.Long
	}
	if by, want := moved(200, 1)/moved(200, 0), p.Forecast.DriftTeaches; math.Abs(by-want) > 1e-9 {
		t.Errorf("a young series: a drift teaches %v of what else teaches, want %v", by, want)
	}
	if by := moved(p.Runs.Youth, 1) / moved(p.Runs.Youth, 0); by != 1 {
		t.Errorf("an older series: a drift teaches %v of what else teaches, want all", by)
	}
}

// One odd sample moves the middle forecast by no more than an ordinary error, so that a
// short incident leaves it where it was; one that lasts moves it in full.
func TestLearn_OddSample_MovesMiddleForecastByAnErrorAtMost(t *testing.T) {
	p := DefaultConfig().params()
	middle := func(k look) float64 {
		s := series{N: 500, Fresh: 500, Step: 60, LongScale: 100, Hi: 300, Lo: -300}
		s.learn(&p, &k, nil)
		return s.Mid
	}
	odd := middle(look{sight: sight{glance: glance{x: 1000}, scale: 1, spread: 1, power: 1}, odd: true})
	plain := middle(look{sight: sight{glance: glance{x: 1000}, scale: 1, spread: 1, power: 1}})
	if want := p.Forecast.MidRate; math.Abs(odd-want) > 1e-9 {
		t.Errorf("an odd sample moves it by %v, want %v", odd, want)
	}
	if want := p.Forecast.MidRate * 1000; math.Abs(plain-want) > 1e-9 {
		t.Errorf("an ordinary sample moves it by %v, want %v", plain, want)
	}
}
