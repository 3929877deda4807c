package detector

import "math"

// A chart is the mean deviation from the long level over a window of about so
// many samples; its tail starts at three standard errors of the mean of
// independent deviations. A storm is the same of the size of residuals: it sees
// that a series has become unsteady though its level has not moved.
var (
	chartWindow = [charts]float32{6, 24, 96}
	chartRate   = [charts]float32{1.0 / 6, 1.0 / 24, 1.0 / 96}
	chartPrior  = [charts]float64{1.4, 0.8, 0.5}
	// chartBonus sets the evidence of a chart against that of a single
	// sample, in powers of ten. A chart's tail learns the largest value of
	// each window, so that log10 of the window would be owed to it; most of
	// that is kept back because levels do wander without anything being wrong.
	chartBonus = [charts]float64{-0.4, -0.2, 0.1}
	// driftGrace is the number of samples for which a drift is told at full weight.
	driftGrace  = [charts]float64{3, 5, 10}
	stormWindow = [storms]float32{24, 96}
	stormRate   = [storms]float32{1.0 / 24, 1.0 / 96}
)

const (
	chartClip  = 6 // no single sample weighs more in a chart
	chartLeast = 1 // and the sample itself must stand off by this much

	driftFades = 0.3 // powers of ten by which each further sample weighs less

	stormPrior = 1.5 // where the quantile of a storm starts, in mean errors
	stormFloor = 1.2 // and the smallest it may become
	stormClip  = 8
	stormLeast = 1   // the sample itself must be off by this much
	stormBonus = 0.6 // as chartBonus
	stormGrace = 5   // as driftGrace
)

// judgeCharts weighs the mean of recent deviations from the long level.
func (s *series) judgeCharts(k *look) {
	if math.Abs(k.dev) < chartLeast {
		return
	}
	dev, n := float32(k.dev), float32(s.N)
	for i := range s.Chart {
		w := chartWindow[i]
		if n < 4*w {
			return // a window or two do not make a level
		}
		g := s.Chart[i]
		g += (dev - g) * chartRate[i]
		if g*dev <= 0 {
			continue
		}
		d := s.Persist[i].decades(math.Abs(float64(g))) + chartBonus[i]
		k.drifts[i] = d >= k.need
		if d -= s.fade(i); d > k.decades {
			k.decades, k.kind = d, KindLevelShift
			if i == charts-1 {
				k.kind = KindTrend
			}
		}
	}
}

// fade returns by how much less chart i weighs because it has been odd for long:
// a drift that has been told is no news.
func (s *series) fade(i int) float64 { return driftFades * max(0, float64(s.Drift[i])-driftGrace[i]) }

// gustFade is the same of storm i.
func (s *series) gustFade(i int) float64 { return driftFades * max(0, float64(s.Gust[i])-stormGrace) }

// judgeStorms weighs how large residuals have been of late.
func (s *series) judgeStorms(k *look) {
	u := float32(k.off())
	if u < stormLeast {
		return
	}
	for i := range s.Storm {
		if float32(s.N) < 8*stormWindow[i] {
			return
		}
		g := s.Storm[i]
		g += (min(u, stormClip) - g) * stormRate[i]
		d := s.Burst[i].decades(float64(g)) + stormBonus
		k.gusts[i] = d >= k.need
		if d -= s.gustFade(i); d > k.decades {
			k.decades, k.kind = d, KindVariance
		}
	}
}

// off returns how far the sample lies off what is ordinary, in scales.
func (k *look) off() float64 { return max(k.x-k.high, k.low-k.x, 0) / k.scale }

// learnCharts lets charts and storms take in the judged sample, and their tails
// the largest of each window.
func (s *series) learnCharts(k *look) {
	dev, n := float32(k.dev), float32(s.N)+1
	young := float32(0)
	if n < chartWindow[charts-1] {
		young = 1 / n
	}
	for i := range s.Chart {
		s.Chart[i] += (dev - s.Chart[i]) * max(chartRate[i], young)
		size := max(s.Chart[i], -s.Chart[i])
		s.Drift[i] = going(s.Drift[i], k.drifts[i], size > s.Persist[i].Q)
		s.Most[i] = max(s.Most[i], size)
	}
	u := float32(min(k.off(), stormClip))
	for i := range s.Storm {
		s.Storm[i] += (u - s.Storm[i]) * max(stormRate[i], young)
		s.Gust[i] = going(s.Gust[i], k.gusts[i], s.Storm[i] > s.Burst[i].Q)
		s.Stormy[i] = max(s.Stormy[i], s.Storm[i])
	}
	if s.N%6 == 0 {
		s.endWindows()
	}
}

// going counts the samples since a chart was first odd, until it is back within
// its quantile.
func going(n uint8, odd, beyond bool) uint8 {
	switch {
	case !beyond:
		return 0
	case n == 0 && !odd:
		return 0
	}
	return min(n, math.MaxUint8-1) + 1
}

// endWindows teaches the tails of those charts whose window ends here; all
// windows are multiples of the smallest.
func (s *series) endWindows() {
	for i := range s.Most {
		if s.N%uint32(chartWindow[i]) == 0 {
			s.Persist[i].learn(s.Most[i], float32(0.5*chartPrior[i]), chartWeight)
			s.Most[i] = 0
		}
	}
	for i := range s.Stormy {
		if s.N%uint32(stormWindow[i]) == 0 {
			s.Burst[i].learn(s.Stormy[i], stormFloor, chartWeight)
			s.Stormy[i] = 0
		}
	}
}
