package detector

import "math"

// judge turns the sample's distance from what was expected into evidence in
// powers of ten, band and score. The band decides and the score is made to
// agree, so that a value lies outside of the band if and only if its score
// reaches the threshold.
func (s *series) judge(k *look, p *params, d *daily) {
	looks, habit := s.logLooks(), s.habit(k.t, p)
	need := looks - p.logBudget + habit + k.share
	k.kind = KindNone
	s.judgePoint(k, need)
	s.judgeCharts(k, need)
	if !s.has(flagNegative) { // a series that has never been negative is not expected to be
		k.lower = max(k.lower, 0)
		k.upper = max(k.upper, 0)
	}
	calm := s.judgeCalm(k, need)
	k.score = score(looks + habit - k.decades)
	k.rarity = float32(k.decades - looks - habit)
	if !s.ready(k, p) {
		k.rarity = notRare
		k.lower, k.upper = math.NaN(), math.NaN()
		calm = false
	}
	k.odd = k.x > k.upper || k.x < k.lower || calm
	if k.odd {
		k.score = max(k.score, bar(p, k.share))
		if k.kind <= KindDip && d != nil && d.reaches(k.x-s.Long, k.season, 2*k.scale) {
			k.kind = KindSeasonalBreak
		}
		return
	}
	if k.decades > need-rounding {
		k.score = min(k.score, math.Nextafter(bar(p, k.share), 0))
	}
	k.kind = KindNone
}

// rounding is more than sums of powers of ten err by.
const rounding = 1e-6

// bar returns the score from which a sample is odd: Config.Threshold moved by
// the powers of ten that the series owes to its service.
func bar(p *params, share float64) float64 {
	if share == 0 {
		return p.threshold
	}
	return score(p.logBudget - share)
}

// score turns log10 of the number of samples in an hour that are expected to be
// at least as odd into the chance of an hour without any (Poisson).
func score(log float64) float64 {
	if log > 1.6 { // forty an hour: less than 1e-17
		return 0
	}
	return math.Exp(-math.Exp(log * math.Ln10))
}

// boldness is the factor by which the prior shape of the tail may speak beyond
// what the number of samples seen could show; firstBold is the same for series
// that have hardly ever left zero.
const (
	boldness  = 3000
	firstBold = 10
)

// ready reports whether the series is old enough to alarm: enough samples and
// span, and a sample count that bears the rarity which the threshold asks for.
func (s *series) ready(k *look, p *params) bool {
	if s.N < p.warmupSamples || k.t-s.FirstTime < p.warmupSpan {
		return false
	}
	bold := float64(boldness)
	if s.rarelyLeavesZero() {
		bold = firstBold / (float64(s.Changes)/2 + 1)
	}
	return bold*float64(s.N)*p.budgetPerHour >= s.looksPerHour()
}

// rarelyLeavesZero reports whether the series has been zero nearly always: what
// little has been seen beside says nothing yet about sizes, so that only the
// rarity of leaving zero counts, by the rule of succession.
func (s *series) rarelyLeavesZero() bool {
	return s.Changes < 16 && s.ChangeRate < 0.1 && math.Abs(s.Slow) <= 0.2*(s.Hi-s.Lo)
}

// judgePoint weighs the residual of this one sample, and more when the samples
// before it were beyond the quantile on the same side: a run of m is as much
// rarer than a single one as the chance to go on, m times.
func (s *series) judgePoint(k *look, need float64) {
	k.upper = k.high + s.Up.reach(need)*k.scale
	k.lower = k.low - s.Down.reach(need)*k.scale
	up, down := 0.0, 0.0
	if s.runs(k) {
		more := s.runBonus()
		if s.Run > 0 {
			up = more
			k.upper = min(k.upper, k.high+max(s.Up.reach(need-more), float64(s.Up.Q))*k.scale)
		} else {
			down = more
			k.lower = max(k.lower, k.low-max(s.Down.reach(need-more), float64(s.Down.Q))*k.scale)
		}
	}
	switch {
	case k.x > k.high:
		k.decades = s.Up.beyond((k.x-k.high)/k.scale, up)
		k.kind = KindSpike
	case k.x < k.low:
		k.decades = s.Down.beyond((k.low-k.x)/k.scale, down)
		k.kind = KindDip
	}
}

const (
	chartClip  = 6 // no single sample weighs more in a chart
	chartLeast = 1 // and the sample itself must stand off by this much

	driftFades = 0.1 // powers of ten by which each further sample weighs less
)

// driftGrace is the number of samples for which a drift is told at full weight.
var driftGrace = [charts]float64{20, 40, 80}

// deviation returns how far the sample lies from the long level in units of the
// long scale, clipped, and that unit.
func (s *series) deviation(k *look) (dev, unit float64) {
	unit = float64(s.LongScale) + 0.5*k.scale
	return clip((k.x-k.anchor)/unit, chartClip), unit
}

// judgeCharts weighs the mean of recent deviations from the long level. A chart
// narrows the band on the side to which the series has drifted; where that side
// then lies beyond the forecast, which has followed the drift, the band reaches
// back to the long level, so that returning there is never odd.
func (s *series) judgeCharts(k *look, need float64) {
	dev, unit := s.deviation(k)
	for i := range s.Chart {
		if float64(s.N) < 4*chartWindow[i] {
			break // a window or two do not make a level
		}
		bonus := chartBonus[i] - driftFades*max(0, float64(s.Drift[i])-driftGrace[i])
		s.narrow(k, i, need-bonus, unit)
		g, w := float64(s.Chart[i]), min(chartWindow[i], float64(s.N)+1)
		g += (dev - g) / w
		if g*dev <= 0 || math.Abs(dev) < chartLeast {
			continue
		}
		if d := s.Persist[i].decades(math.Abs(g)) + bonus; d > k.decades {
			k.decades, k.kind = d, KindLevelShift
			if i == charts-1 {
				k.kind = KindTrend
			}
		}
	}
	if k.upper < k.expected {
		k.lower = min(k.lower, k.anchor)
	}
	if k.lower > k.expected {
		k.upper = max(k.upper, k.anchor)
	}
}

// narrow moves the bounds to where chart i would reach the evidence needed.
func (s *series) narrow(k *look, i int, need, unit float64) {
	g, w := float64(s.Chart[i]), min(chartWindow[i], float64(s.N)+1)
	// The most that the chart can be after this sample, on either side.
	if far := math.Abs(g) + (chartClip-math.Abs(g))/w; need >= tailDecades && float64(s.Persist[i].Q) > far {
		return
	}
	most := s.Persist[i].reach(need)
	if at := max(g+w*(most-g), chartLeast); at <= chartClip {
		k.upper = min(k.upper, k.anchor+at*unit)
	}
	if at := max(-g+w*(most+g), chartLeast); at <= chartClip {
		k.lower = max(k.lower, k.anchor-at*unit)
	}
}

// calmFloor is the shortest run without change that may be called long.
const calmFloor = 3

// judgeCalm weighs how long the value has not changed at all, against the runs
// without change seen before. It reports whether that is odd. A value of zero
// is a matter for the charts.
func (s *series) judgeCalm(k *look, need float64) bool {
	if k.x != s.X1 || k.x == 0 || s.Changes < 30 || k.gap || float64(s.Still) < float64(s.Calm.Q) {
		return false
	}
	d := s.Calm.decades(float64(s.Still) + 1)
	if d <= k.decades {
		return false
	}
	k.decades, k.kind = d, KindFlatline
	return d >= need
}
