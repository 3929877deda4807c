package detector

import "math"

// A chart is the mean deviation from the long level over a window of about so
// many samples. A storm is the same of the size of residuals: it sees that a
// series has become unsteady though its level has not moved. The tail of a chart
// learns the largest value of each window; all windows are multiples of the
// smallest.

// judgeCharts weighs the mean of recent deviations from the long level.
func (s *series) judgeCharts(p *params, k *look) {
	if math.Abs(k.dev) < p.Charts.Least || s.otherUnit(p, k.t) {
		return
	}
	dev, n := float32(k.dev), float32(s.N)
	for i := range s.Chart {
		if n < p.chartYoung[i] {
			return // a window or two do not make a level
		}
		d, away := s.chartDecades(p, i, dev, k.closer, &k.chartShape[i])
		if !away {
			continue
		}
		k.drifts[i] = d >= k.need
		if d -= s.fade(p, i); d > k.decades {
			k.decades, k.kind = d, KindLevelShift
			if i == charts-1 {
				k.kind = KindTrend
			}
		}
	}
}

// chartDecades returns what chart i says with a deviation taken in, however long it has been
// odd; false if the chart lies on the other side.
func (s *series) chartDecades(p *params, i int, dev float32, closer float64, kept *keptShape) (float64, bool) {
	g := s.Chart[i]
	if g += (dev - g) * p.rates.chart[i]; g*dev <= 0 {
		return 0, false
	}
	return s.Persist[i].decadesBy(p, p.Charts.Shape, math.Abs(float64(g)), kept) + p.chartBonus(i, closer), true
}

// stormDecades is the same of storm i with the size of a residual.
func (s *series) stormDecades(p *params, i int, u float32, closer float64, kept *keptShape) float64 {
	g := s.Storm[i]
	g += (atMost(u, p.Storms.Clip) - g) * p.rates.storm[i]
	return s.Burst[i].decadesBy(p, p.Charts.Shape, float64(g), kept) + p.stormBonus(i, closer)
}

// otherUnit reports whether within the last days a level was taken as normal that is
// many times or a small part of the one before: the swing of a day at the old level
// says nothing of the new one, and what a chart would find is that swing.
func (s *series) otherUnit(p *params, t int64) bool {
	if s.BeforeTime == 0 || !s.has(flagPage) || since(s.BeforeTime, t) > p.Episode.BackWithin*1000 {
		return false
	}
	return s.unitApart(p, s.Slow) || s.unitApart(p, s.X1)
}

// unitApart reports whether a value is many times or a small part of the level before
// the present one.
func (s *series) unitApart(p *params, v float64) bool {
	was, is := math.Abs(s.Before), math.Abs(v)
	return is >= p.Episode.UnitTimes*was || is*p.Episode.UnitTimes <= was
}

// chartBonus returns what is added to the evidence of chart i, and stormBonus to that of
// storm i. Samples that are closer than looks count as chances to alarm, which a mean
// over some of them is not.
func (p *params) chartBonus(i int, closer float64) float64 {
	return p.Charts.Bonus[i] + atMost(closer, p.chartSpares[i])
}

func (p *params) stormBonus(i int, closer float64) float64 {
	return p.Storms.Bonus + atMost(closer, p.stormSpares[i])
}

// fade returns by how much less chart i weighs because it has been odd for long:
// a drift that has been told is no news.
func (s *series) fade(p *params, i int) float64 {
	return p.Charts.Fades * atLeast(float64(s.Drift[i])-p.Charts.Grace[i], 0)
}

// gustFade is the same of storm i.
func (s *series) gustFade(p *params, i int) float64 {
	return p.Charts.Fades * atLeast(float64(s.Gust[i])-p.Storms.Grace, 0)
}

// judgeStorms weighs how large residuals have been of late.
func (s *series) judgeStorms(p *params, k *look) {
	u := float32(k.off())
	if u < p.Storms.Least {
		return
	}
	for i := range s.Storm {
		if float32(s.N) < p.stormYoung[i] {
			return
		}
		d := s.stormDecades(p, i, u, k.closer, &k.stormShape[i])
		k.gusts[i] = d >= k.need
		if d -= s.gustFade(p, i); d > k.decades {
			k.decades, k.kind = d, KindVariance
		}
	}
}

// off returns how far the sample lies off what is ordinary, in scales.
func (k *look) off() float64 { return larger64(k.above, k.below) }

// learnCharts lets charts and storms take in the judged sample, and their tails
// the largest of each window.
func (s *series) learnCharts(p *params, k *look) {
	dev, n := float32(k.dev), float32(s.N)+1
	young := float32(0)
	if n < p.Charts.Window[charts-1] {
		young = 1 / n
	}
	r, c, g := &p.rates, &s.Chart, &s.Storm
	c0, c1, c2 := c[0], c[1], c[2]
	c0 += (dev - c0) * atLeast(r.chart[0], young)
	c1 += (dev - c1) * atLeast(r.chart[1], young)
	c2 += (dev - c2) * atLeast(r.chart[2], young)
	c[0], c[1], c[2] = c0, c1, c2
	u, g0, g1 := atMost(float32(k.off()), p.Storms.Clip), g[0], g[1]
	g0 += (u - g0) * atLeast(r.storm[0], young)
	g1 += (u - g1) * atLeast(r.storm[1], young)
	g[0], g[1] = g0, g1
	if s.Drift != [charts]uint8{} || s.Gust != [storms]uint8{} || k.drifts != [charts]bool{} || k.gusts != [storms]bool{} {
		s.countDrifts(k)
	}
	m := &s.Most
	m[0], m[1], m[2] = larger(m[0], abs32(c0)), larger(m[1], abs32(c1)), larger(m[2], abs32(c2))
	s.Stormy[0], s.Stormy[1] = larger(s.Stormy[0], g0), larger(s.Stormy[1], g1)
	if p.chartEnds[0].divides(s.N) {
		s.endWindows(p)
	}
}

// countDrifts counts for how many samples each chart and storm has been odd.
func (s *series) countDrifts(k *look) {
	for i := range s.Chart {
		if s.Drift[i] != 0 || k.drifts[i] {
			s.Drift[i] = going(s.Drift[i], k.drifts[i], abs32(s.Chart[i]) > s.Persist[i].Q)
		}
	}
	for i := range s.Storm {
		if s.Gust[i] != 0 || k.gusts[i] {
			s.Gust[i] = going(s.Gust[i], k.gusts[i], s.Storm[i] > s.Burst[i].Q)
		}
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
func (s *series) endWindows(p *params) {
	for i := range s.Most {
		if p.chartEnds[i].divides(s.N) {
			a := &s.Persist[i]
			rate := a.countBy(p, p.Charts.Gain)
			if share := s.goesOn(p, i); share > 0 {
				a.beyondAgain(p, rate*share)
				continue
			}
			a.learnAt(p, rate, s.Most[i], p.chartFloor[i], p.Charts.Weight)
			s.Most[i] = 0
		}
	}
	if p.chartEnds[charts-1].divides(s.N) {
		s.flush()
	}
	for i := range s.Stormy {
		if p.stormEnds[i].divides(s.N) {
			s.Burst[i].learn(p, s.Stormy[i], p.Storms.Floor, p.Charts.Weight)
			s.Stormy[i] = 0
		}
	}
}

// restartCharts lets charts start again, because another level or noise is normal from here
// on. What they and storms have come to in windows that are not over has been told,
// and the shift may be the only one for months: it counts as an excess, but of no more than
// the usual size, so that smaller shifts after it are still found. The shifts of the first
// days may be the day itself, which is to teach.
func (s *series) restartCharts(p *params) {
	clear(s.Chart[:])
	if since(s.FirstTime, s.LastTime) < int64(p.Calendar.SettledAfter)*secondsDay*1000 {
		return
	}
	for i := range s.Most {
		s.Most[i] = s.Persist[i].usual(s.Most[i])
	}
	for i := range s.Stormy {
		s.Stormy[i] = s.Burst[i].usual(s.Stormy[i])
	}
}

// goesOn returns, of a window of chart i that ends here, the part of an excess that it
// is if it is one with those after it, else 0. What drifts for hours is beyond the
// quantile in window after window where a window is minutes, and would teach the tail
// to expect it before it is found. Such windows move the quantile by the time that
// they take, and the largest of them all is learned as one excess when the chart is
// back.
func (s *series) goesOn(p *params, i int) float32 {
	span := s.Step * p.Charts.Window[i]
	if i != charts-1 || span >= p.Charts.ShortSpan || span < p.Charts.ShortLeast || max(s.Chart[i], -s.Chart[i]) <= s.Persist[i].Q {
		return 0
	}
	return span / p.Charts.ShortSpan
}
