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

const (
	// glideYouth is how many samples noise must have been learned from, one by one,
	// before one in three minutes is enough.
	glideYouth = 120
	// Series with a shorter step, in seconds, learn from every so many samples.
	lessonStep    = 5
	lessonSamples = 2
	glideMost     = 2   // errors by which a sample that glides may be off
	glidePart     = 0.8 // of the quantile beyond which it may not be either
	glideNeed     = 3   // powers of ten that it must take to be odd: twice what such a sample can show
)

// lessonDue reports whether so many samples have come that another lesson is due
// before its time: what a series sampled each second does may be quick.
func (s *series) lessonDue() bool { return s.N%lessonSamples == 0 && s.Step < lessonStep }

// notGliding are the flags with which every sample is weighed in full.
const notGliding = flagOpen | flagAfter | flagFirst

// glides reports whether an admitted sample is plainly ordinary, and if so leaves
// in the look what glide needs.
func (s *series) glides(k *look, p *params) bool {
	if turnOf(k.t) != s.Turn || s.lessonDue() || s.Fresh < glideYouth || s.Flags&notGliding != 0 || k.gap || k.fine != 1 ||
		s.Scale == 0 || s.Run != 0 || s.BeforeTime != 0 || s.StepRun != 0 || k.x < 0 && !s.has(flagNegative) ||
		s.Drift != [charts]uint8{} || s.Gust != [storms]uint8{} {
		return false
	}
	if float64(s.Looks)-p.logBudget+k.share < glideNeed {
		return false
	}
	if k.x == s.X1 {
		if s.Changes >= 30 && float32(s.Still) >= s.Calm.Q {
			return false // it may be a flat line
		}
	} else if s.ChangeRate < rarelyChanges {
		return false // that it changes at all is the event
	}
	k.season, k.scale = float64(s.Season), s.Scale.value()
	k.anchor = s.Long + k.season
	k.unit = float64(s.LongScale) + 0.5*k.scale
	k.expected = s.mixed(k.season)
	k.low, k.high = k.expected, k.expected
	off := k.x - k.expected
	u, quantile, other := off, float64(s.Up.Q), float64(s.Down.Q)
	if off < 0 {
		u, quantile, other = -off, other, quantile
	}
	if u /= k.scale; !(u <= min(glideMost, glidePart*quantile, 2*other)) {
		return false
	}
	k.point = tailDecades * (u / quantile) * (u / quantile)
	k.decades, k.rarity = k.point, float32(k.point-float64(s.Looks))
	k.dev = clip((k.x-k.anchor)/k.unit, chartClip)
	return s.steady(k, float32(k.dev), float32(u))
}

// mixed returns the mixture of forecasts by the weights of the last lesson.
func (s *series) mixed(season float64) float64 {
	w := &s.Weights
	a, b, c, d, e, f := float64(w[0]), float64(w[1]), float64(w[2]), float64(w[3]), float64(w[4]), float64(w[5])
	sum := (a+f)*s.X1 + b*s.Fast + c*s.Mid + d*s.Slow + e*(s.Level+season)
	out := sum / (a + b + c + d + e + f)
	if out < 0 && !s.has(flagNegative) {
		return 0
	}
	return out
}

// steady works out what charts and storms come to by the sample and reports
// whether none leaves its quantile.
func (s *series) steady(k *look, dev, u float32) bool {
	for i := range s.Chart {
		g := s.Chart[i]
		g += (dev - g) * chartRate[i]
		if max(g, -g) > s.Persist[i].Q {
			return false
		}
		k.chart[i] = g
	}
	for i := range s.Storm {
		g := s.Storm[i]
		g += (u - g) * stormRate[i]
		if g > s.Burst[i].Q {
			return false
		}
		k.storm[i] = g
	}
	return true
}

// glide takes in a sample that glides.
func (s *series) glide(k *look) {
	s.measure(k.x)
	most := 5*k.scale + 3*float64(s.LongScale)
	s.Fast += 0.3 * (k.x - s.Fast)
	s.Mid += 0.06 * (k.x - s.Mid)
	s.Slow += 0.01 * clip(k.x-s.Slow, most)
	s.Level += 0.05 * clip(k.x-k.season-s.Level, most)
	dev := clip(k.x-k.anchor, 3*float64(s.LongScale)+k.scale+rangeTeaches*float64(s.Hi-s.Lo))
	slow := max(1/(float64(s.N)+1), min(0.01, float64(s.Step)/longMemory))
	s.Long += slow * dev
	s.LongScale += float32(slow * (math.Abs(dev) - float64(s.LongScale)))
	s.Up.below(1)
	s.Down.below(1)
	s.remember(k, 1)
	s.Chart, s.Storm = k.chart, k.storm
	for i, g := range k.chart {
		s.Most[i] = max(s.Most[i], g, -g)
	}
	for i, g := range k.storm {
		s.Stormy[i] = max(s.Stormy[i], g)
	}
	if s.N%6 == 0 {
		s.endWindows()
	}
	s.Held *= heldFades
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
func (s *series) weighAside(p *params, slab *days, k *look) {
	c, full := *s, *k
	full.zone, full.kind = p.zone.offset(k.t), KindNone
	var d *page
	if s.has(flagPage) {
		d = slab.at(s.Page)
	}
	c.measure(full.x)
	c.predict(&full, d)
	c.judge(&full, p, d)
	c.report(&full)
	s.Expected, s.Lower, s.Upper = c.Expected, c.Lower, c.Upper
	// The word is the one that the sample has when nobody asks for a band.
	full.decades, full.point, full.rarity = k.decades, k.point, k.rarity
	*k = full
}
