package detector

import "math"

// Most samples of a series that is scraped many times a minute are as ordinary as
// can be, and what they teach, the first sample of every three minutes teaches too.
// Such a sample glides: forecasts, range, charts and storms follow it as they do any other,
// but it is not weighed in full, and errors of forecasts learn nothing from it. Samples
// that are not ordinary are weighed in full whenever they come. What is learned
// so seldom (k.lesson) is so whatever the value: were the odd ones learned from and
// the ordinary ones not, noise would look larger than it is.
//
// A series that is sampled every three minutes or less often never glides.

// lessonDue reports whether so many samples have come that another lesson is due
// before its time: what a series sampled each second does may be quick.
func (s *series) lessonDue(p *params) bool {
	return s.Step < p.Glide.LessonStep && p.lessonEnds.divides(s.N)
}

// learnsFromEach reports whether noise is learned from each sample.
func (s *series) learnsFromEach(p *params) bool {
	return s.Fresh < p.Glide.Youth && float32(s.Fresh)*s.Step < p.Glide.YouthSpan
}

// notGliding are the flags with which every sample is weighed in full.
const notGliding = flagOpen | flagAfter

// rates are how much of what follows the samples one of them replaces: of levels, charts and
// storms.
type rates struct {
	fast, mid, slow, level float64
	chart                  [charts]float32
	storm                  [storms]float32
}

// ratesAt returns the rates of a series with so many samples.
func (p *params) ratesAt(n uint32) *rates {
	if n < uint32(len(p.young)) {
		return &p.young[n]
	}
	return &p.rates
}

// youngRates returns the rates of series that are so young, by how many samples they have,
// that the mean over all of them moves more.
func (p *params) youngRates() (young []rates) {
	for n := uint32(0); ; n++ {
		least, leastOfMeans := 1/(float64(n)+1), 1/(float32(n)+1)
		r := p.rates
		r.fast, r.mid, r.slow, r.level = max(r.fast, least), max(r.mid, least), max(r.slow, least), max(r.level, least)
		for i, x := range r.chart {
			r.chart[i] = max(x, leastOfMeans)
		}
		for i, x := range r.storm {
			r.storm[i] = max(x, leastOfMeans)
		}
		if r == p.rates {
			return young
		}
		young = append(young, r)
	}
}

// slide is what a sample that glides comes to.
type slide struct {
	expected, scale float64 // as in look
	point           float64 // evidence of the residual
	charts          float64 // that of charts and storms if it is larger, else 0
	dev             float64 // deviation from the long level in units, clipped
	off, rarity     float32 // size of the residual in scales
	beyond          bool    // a chart or a storm is beyond its quantile
}

// decades returns the evidence of the sample.
func (w *slide) decades() float64 { return larger64(w.point, w.charts) }

// glides takes in an admitted sample of a series that owes the given share if it is plainly
// ordinary, and leaves in w what it came to. Else it changes nothing and reports false.
func (s *series) glides(p *params, k *glance, share float64, w *slide) bool {
	if p.turnOf(k.t) != s.Turn || s.Scale == 0 || s.learnsFromEach(p) || s.lessonDue(p) ||
		!s.settled(k.gap, p.Runs.Youth) || !s.suits(p, k.x, share) {
		return false
	}
	// The mixture of forecasts is that by the weights of the last lesson.
	season, n := float64(s.Season), &s.Weights
	a, b, c, d, e, f := int32(n[0]), int32(n[1]), int32(n[2]), int32(n[3]), int32(n[4]), int32(n[5])
	sum := float64(a+f)*s.X1 + float64(b)*s.Fast + float64(c)*s.Mid + float64(d)*s.Slow + float64(e)*(s.Level+season)
	if w.expected = sum / float64(a+b+c+d+e+f); w.expected < 0 && !s.has(flagNegative) {
		w.expected = 0
	}
	w.scale, w.beyond = s.Scale.value(), false
	return s.slides(p, &p.rates, k.x, season, w) || w.beyond && s.faint(p, k, share, w) && s.slides(p, &p.rates, k.x, season, w)
}

// scaleOf returns the size of an ordinary error as it is kept, where 0 is none: that of a
// series which has been zero all along is the smallest that there is.
func scaleOf(scale float64) brief { return max(briefOf(scale), briefLeast) }

// settled reports whether nothing is about for which a sample is weighed in full whatever
// it is off by. The noise of a sample is larger than at the series' step only where it came
// at another one, which StepRun counts.
func (s *series) settled(gap bool, youth uint32) bool {
	return s.Flags&notGliding == 0 && (s.Run == 0 || s.N >= youth) && s.BeforeTime == 0 && !gap &&
		s.StepRun|s.Drift[0]|s.Drift[1]|s.Drift[2]|s.Gust[0]|s.Gust[1] == 0
}

// suits reports whether a value is one that may be plainly ordinary, to a series that owes the
// given share.
func (s *series) suits(p *params, x, share float64) bool {
	if x < 0 && !s.has(flagNegative) || float64(s.Looks)-p.logBudget+share < p.Glide.Need {
		return false
	}
	if x == s.X1 {
		// From there on it may be a flat line.
		return s.Changes < p.Evidence.StillChanges || float32(s.Still) < s.Calm.Q
	}
	return s.ChangeRate >= p.Evidence.RarelyChanges // else that it changes at all is the event
}

// slides and learnCharts write charts and storms out one by one, and mix the experts: this does
// not compile if there are others.
var _ = [1][1][1]bool{}[charts-3][storms-2][experts-6]

// slides takes in a value that is plainly ordinary beside what w holds for expected, and
// fills in the rest of w. Any other it leaves alone and reports false; where that is so by
// charts or storms alone, beyond says so, and another call takes the value in.
//
// What is asked and what is learned stand in one function, which calls no other on the way:
// what the one has worked out the other uses while it is in registers.
func (s *series) slides(p *params, r *rates, x, season float64, w *slide) bool {
	scale, wide := w.scale, float64(s.LongScale)
	off := x - w.expected
	// Half of the samples lie on either side: asked by a branch, the processor would
	// guess wrong for half of them.
	below := math.Float64bits(off) >> 63
	sides := [2]float64{float64(s.Up.Q), float64(s.Down.Q)}
	u, quantile, other := math.Abs(off), sides[below], sides[below^1]
	if u /= scale; !(u <= p.Glide.Most && u <= p.Glide.Part*quantile && u <= p.otherTimes*other) {
		return false
	}
	above := x - (s.Long + season)
	dev64 := clip(above/(wide+p.Scale.UnitScale*scale), p.Charts.Clip)
	if above < 0 && s.Flags&(flagNegative|flagPage|flagFirst) == flagPage && s.Long+season > p.ebbLeast*max(s.ebbMean(p, x), x) && s.Step <= p.Ebb.Step {
		return false
	}
	// What charts and storms come to by the sample. These are no functions and no loops,
	// which would cost a tenth of all that is done here.
	dev, off32 := float32(dev64), float32(u)
	c0, c1, c2 := s.Chart[0], s.Chart[1], s.Chart[2]
	c0, c1, c2 = c0+(dev-c0)*r.chart[0], c1+(dev-c1)*r.chart[1], c2+(dev-c2)*r.chart[2]
	g0, g1 := s.Storm[0], s.Storm[1]
	g0, g1 = g0+(off32-g0)*r.storm[0], g1+(off32-g1)*r.storm[1]
	a0, a1, a2 := abs32(c0), abs32(c1), abs32(c2)
	if !w.beyond {
		w.point = p.tailDecades * (u / quantile) * (u / quantile)
		w.rarity = float32(w.point - float64(s.Looks))
		if a0 > s.Persist[0].Q || a1 > s.Persist[1].Q || a2 > s.Persist[2].Q || g0 > s.Burst[0].Q || g1 > s.Burst[1].Q {
			w.beyond, w.dev, w.off = true, dev64, off32
			return false
		}
	}

	s.Rarity, s.Kind = w.rarity, KindNone
	s.measure(x)
	most := p.Forecast.LevelScales*scale + p.Forecast.LevelLong*wide
	s.Fast += r.fast * (x - s.Fast)
	s.Mid += r.mid * (x - s.Mid)
	s.Slow += r.slow * clip(x-s.Slow, most)
	s.Level += r.level * clip(x-season-s.Level, most)
	long := s.longRate(p)
	if (float64(s.N)+1)*long < 1 {
		long = 1 / (float64(s.N) + 1)
	}
	if s.has(flagFirst) {
		long = 0 // as in learnLong
	}
	above = clip(above, p.Forecast.LongClip*wide+scale+p.Forecast.RangeTeaches*float64(s.Hi-s.Lo))
	s.Long += long * above
	s.LongScale += float32(long * (math.Abs(above) - wide))
	s.Up.below(p, p.Tail.Floor)
	s.Down.below(p, p.Tail.Floor)
	s.Chart[0], s.Chart[1], s.Chart[2], s.Storm[0], s.Storm[1] = c0, c1, c2, g0, g1
	m := &s.Most
	m[0], m[1], m[2] = larger(m[0], a0), larger(m[1], a1), larger(m[2], a2)
	s.Stormy[0], s.Stormy[1] = larger(s.Stormy[0], g0), larger(s.Stormy[1], g1)
	s.rememberRange(p, x)
	s.rememberChange(p, x)
	if s.Run != 0 {
		s.endRun(p)
	}
	if p.chartEnds[0].divides(s.N) {
		s.endWindows(p)
	}
	s.Held *= p.heldFades
	s.X1 = x
	if s.N < math.MaxUint32 {
		s.N++
	}
	if s.Fresh < math.MaxUint16 {
		s.Fresh++
	}
	return true
}

// takeAside is take for those who want a word on every sample.
func (s *series) takeAside(p *params, slab *days, k *look) Phase {
	before := *s
	var w slide
	if !s.glides(p, &k.glance, k.share, &w) && !s.lesson(p, &k.glance, k.share, &w) {
		return s.weigh(p, slab, k)
	}
	k.rarity = w.rarity
	s.weighAside(p, slab, k, &w, before)
	return PhaseQuiet
}

// weighAside fills in the look of a sample that has glided as if it had been weighed in
// full by the series as it was before; nothing is learned by it.
func (s *series) weighAside(p *params, slab *days, k *look, w *slide, before series) {
	c, full := before, *k
	full.zone, full.kind = p.zone.offset(k.t), KindNone
	var d *page
	if s.has(flagPage) {
		d = slab.at(s.Page)
	}
	c.measure(full.x)
	c.predict(p, &full, d)
	c.judge(p, &full, d)
	// The word is the one that the sample has when nobody asks for a band.
	full.decades, full.point, full.rarity, full.odd = w.decades(), w.point, w.rarity, false
	if full.kind = KindNone; full.lower <= full.upper { // which may have been odd, weighed in full
		full.lower, full.upper = atMost(full.lower, full.x), atLeast(full.upper, full.x)
	}
	c.report(&full)
	s.Expected, s.Lower, s.Upper = c.Expected, c.Lower, c.Upper
	*k = full
}
