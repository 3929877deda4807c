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
	season, scale, anchor, unit float64 // as in look
	long                        float64 // how much of the long level the sample replaces
	expected, dev               float64
	point                       float64 // evidence of the residual
	charts                      float64 // that of charts and storms if it is larger, else 0
	rarity                      float32
	chart                       [charts]float32
	storm                       [storms]float32
}

// decades returns the evidence of the sample.
func (w *slide) decades() float64 { return larger64(w.point, w.charts) }

// glides reports whether an admitted sample of a series that owes the given share
// is plainly ordinary, and if so leaves in w what glide needs.
func (s *series) glides(p *params, k *glance, share float64, w *slide) bool {
	if p.turnOf(k.t) != s.Turn || s.Scale == 0 || s.learnsFromEach(p) || s.lessonDue(p) || !s.settled(p, k, share) {
		return false
	}
	w.season, w.scale = float64(s.Season), s.Scale.value()
	w.expected = s.mixed(w.season)
	return s.plain(p, &p.rates, k, share, w)
}

// scaleOf returns the size of an ordinary error as it is kept, where 0 is none: that of a
// series which has been zero all along is the smallest that there is.
func scaleOf(scale float64) brief { return max(briefOf(scale), briefLeast) }

// settled reports whether nothing is about for which a sample is weighed in full
// whatever it is off by.
func (s *series) settled(p *params, k *glance, share float64) bool {
	if s.Flags&notGliding != 0 || s.Run != 0 && s.N < p.Runs.Youth || s.BeforeTime != 0 || s.StepRun != 0 ||
		s.Drift != [charts]uint8{} || s.Gust != [storms]uint8{} || k.gap || k.fine != 1 || k.x < 0 && !s.has(flagNegative) {
		return false
	}
	if float64(s.Looks)-p.logBudget+share < p.Glide.Need {
		return false
	}
	if k.x == s.X1 {
		// From there on it may be a flat line.
		return s.Changes < p.Evidence.StillChanges || float32(s.Still) < s.Calm.Q
	}
	return s.ChangeRate >= p.Evidence.RarelyChanges // else that it changes at all is the event
}

// plain and glide write charts and storms out one by one: this does not compile if there are
// others.
var _ = [1][1]bool{}[charts-3][storms-2]

// plain reports whether a value is plainly ordinary beside what w holds for expected,
// and if so fills in the rest of w.
func (s *series) plain(p *params, r *rates, k *glance, share float64, w *slide) bool {
	if w.long = s.longRate(p); (float64(s.N)+1)*w.long < 1 {
		w.long = 1 / (float64(s.N) + 1)
	}
	if s.has(flagFirst) {
		w.long = 0 // as in learnLong
	}
	w.anchor = s.Long + w.season
	w.unit = float64(s.LongScale) + p.Scale.UnitScale*w.scale
	off := k.x - w.expected
	// Half of the samples lie on either side: asked by a branch, the processor would
	// guess wrong for half of them.
	below := math.Float64bits(off) >> 63
	sides := [2]float64{float64(s.Up.Q), float64(s.Down.Q)}
	u, quantile, other := math.Abs(off), sides[below], sides[below^1]
	if u /= w.scale; !(u <= p.Glide.Most && u <= p.Glide.Part*quantile && u <= p.otherTimes*other) {
		return false
	}
	w.point = p.tailDecades * (u / quantile) * (u / quantile)
	w.rarity = float32(w.point - float64(s.Looks))
	w.dev = clip((k.x-w.anchor)/w.unit, p.Charts.Clip)
	// What charts and storms come to by the sample. These are no functions and no loops,
	// which would cost a tenth of all that is done here.
	dev, off32 := float32(w.dev), float32(u)
	c, g := &s.Chart, &s.Storm
	c0, c1, c2 := c[0]+(dev-c[0])*r.chart[0], c[1]+(dev-c[1])*r.chart[1], c[2]+(dev-c[2])*r.chart[2]
	g0, g1 := g[0]+(off32-g[0])*r.storm[0], g[1]+(off32-g[1])*r.storm[1]
	w.chart[0], w.chart[1], w.chart[2], w.storm[0], w.storm[1] = c0, c1, c2, g0, g1
	beyond := abs32(c0) > s.Persist[0].Q || abs32(c1) > s.Persist[1].Q || abs32(c2) > s.Persist[2].Q ||
		g0 > s.Burst[0].Q || g1 > s.Burst[1].Q
	return !beyond || s.faint(p, k, share, w, off32)
}

// mixed returns the mixture of forecasts by the weights of the last lesson.
func (s *series) mixed(season float64) float64 {
	w := &s.Weights
	a, b, c, d, e, f := int32(w[0]), int32(w[1]), int32(w[2]), int32(w[3]), int32(w[4]), int32(w[5])
	sum := float64(a+f)*s.X1 + float64(b)*s.Fast + float64(c)*s.Mid + float64(d)*s.Slow + float64(e)*(s.Level+season)
	out := sum / float64(a+b+c+d+e+f)
	if out < 0 && !s.has(flagNegative) {
		return 0
	}
	return out
}

// glide takes in a sample that glides.
func (s *series) glide(p *params, r *rates, k *glance, w *slide) {
	s.Rarity, s.Kind = w.rarity, KindNone
	s.measure(k.x)
	most := p.Forecast.LevelScales*w.scale + p.Forecast.LevelLong*float64(s.LongScale)
	s.Fast += r.fast * (k.x - s.Fast)
	s.Mid += r.mid * (k.x - s.Mid)
	s.Slow += r.slow * clip(k.x-s.Slow, most)
	s.Level += r.level * clip(k.x-w.season-s.Level, most)
	dev := clip(k.x-w.anchor, p.Forecast.LongClip*float64(s.LongScale)+w.scale+p.Forecast.RangeTeaches*float64(s.Hi-s.Lo))
	s.Long += w.long * dev
	s.LongScale += float32(w.long * (math.Abs(dev) - float64(s.LongScale)))
	s.Up.below(p, p.Tail.Floor)
	s.Down.below(p, p.Tail.Floor)
	s.rememberRange(p, k.x)
	s.rememberChange(p, k.x)
	if s.Run != 0 {
		s.endRun(p)
	}
	c, m := &w.chart, &s.Most
	s.Chart[0], s.Chart[1], s.Chart[2] = c[0], c[1], c[2]
	m[0], m[1], m[2] = larger(m[0], abs32(c[0])), larger(m[1], abs32(c[1])), larger(m[2], abs32(c[2]))
	s.Storm[0], s.Stormy[0] = w.storm[0], larger(s.Stormy[0], w.storm[0])
	s.Storm[1], s.Stormy[1] = w.storm[1], larger(s.Stormy[1], w.storm[1])
	if p.chartEnds[0].divides(s.N) {
		s.endWindows(p)
	}
	s.Held *= p.heldFades
	s.X1 = k.x
	if s.N < math.MaxUint32 {
		s.N++
	}
	if s.Fresh < math.MaxUint16 {
		s.Fresh++
	}
}

// weighAside fills in the look of a sample that glides as if it were weighed in
// full, for those who want a word on every sample; nothing is learned by it.
func (s *series) weighAside(p *params, slab *days, k *look, w *slide) {
	c, full := *s, *k
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
