package detector

import "math"

// judge turns the sample's distance from what was expected into evidence in
// powers of ten, and says whether that is enough. A band is drawn only where one
// is asked for: it is where the evidence would be just enough, so that a value
// lies outside of the band if and only if its score reaches the threshold.
func (s *series) judge(p *params, k *look, d *page) {
	looks := float64(s.Looks)
	k.compare()
	k.habit = s.habit(p, k.t) + p.Calibration.Charged*positive(float64(s.Bias))
	k.need = looks - p.logBudget + k.habit + k.share
	k.kind = KindNone
	held := p.Evidence.HeldAgainst * atLeast(float64(s.Held)-p.tailDecades, 0)
	if s.N < p.Runs.Youth {
		held *= float64(s.N) / float64(p.Runs.Youth) // until then runs count
	}
	s.judgePoint(p, k)
	k.point = k.decades
	k.decades -= held
	s.judgeRecord(p, k)
	s.judgeCharts(p, k)
	s.judgeStorms(p, k)
	if d != nil {
		s.judgeEbb(p, k, d)
	}
	if k.turn {
		if k.novel = d.Novelty.step(p, k.x, pageStep(p, s.Step)); k.novel > 0 && s.N > p.Novelty.Youth && !s.shifted(p, k.t) && !s.shaped(p, k.t) {
			k.decades += k.novel
		}
	}
	calm := s.judgeCalm(p, k)
	k.rarity = float32(k.decades - looks - k.habit)
	k.odd = k.decades >= k.need || k.x < 0 && !s.has(flagNegative)
	if s.N > p.Calibration.Youth && (!k.excused || k.recurs.sporadic()) { // what comes at any time is as often odd as it is
		s.DayMax = max(s.DayMax, briefOf(atLeast(k.decades-looks, 0)))
	}
	s.Held = float32(atLeast(k.point, p.Evidence.HeldFades*float64(s.Held)))
	loud := k.odd || k.decades >= p.tailDecades || s.N < p.warmupSamples
	if (loud || k.full) && !s.ready(p, k.t) {
		k.odd, k.kind = false, KindNone
		k.lower, k.upper = math.NaN(), math.NaN()
		if loud { // the same whether a band was asked for or not
			k.rarity = notRare
		}
		return
	}
	if k.odd || k.full || s.has(flagOpen) {
		s.band(p, k, d, held)
	}
	s.name(p, k, d, calm)
}

// compare works out how far the sample lies off what is ordinary.
func (k *look) compare() {
	k.above, k.below = positive(k.x-k.high)/k.scale, positive(k.low-k.x)/k.scale
}

// name settles the kind, and makes band, kind and score agree: rounding must not
// put a value on one side of the band and its score on the other of the
// threshold.
func (s *series) name(p *params, k *look, d *page, calm bool) {
	if !k.odd {
		k.kind = KindNone
		if k.lower <= k.upper {
			k.lower, k.upper = atMost(k.lower, k.x), atLeast(k.upper, k.x)
		}
		k.rarity = atMost(k.rarity, float32(k.need-float64(s.Looks)-k.habit-rounding))
		return
	}
	k.rarity = max(k.rarity, float32(k.need-float64(s.Looks)-k.habit+rounding))
	switch {
	case calm:
		return
	case k.novel > 0 && k.decades-k.novel < k.need:
		k.kind = KindShape
		return
	case k.kind <= KindDip && d != nil && d.reaches(p, k.x-s.Long, k.season, p.Calendar.BreakNear*k.scale):
		k.kind = KindSeasonalBreak
	case k.kind == KindNone:
		k.kind = KindDip
	}
	k.outside()
}

// outside moves the bound that is nearer to an odd value so that it lies beyond it.
func (k *look) outside() { k.outsideOf(k.expected, k.x >= k.expected) }

// outsideOf moves the upper bound, or the lower one, so that an odd value lies beyond it and
// normal does not.
func (k *look) outsideOf(normal float64, above bool) {
	if !(k.x <= k.upper && k.x >= k.lower) {
		return
	}
	if above {
		k.upper = math.Nextafter(k.x, math.Inf(-1))
		k.lower = min(k.lower, normal, k.upper)
	} else {
		k.lower = math.Nextafter(k.x, math.Inf(1))
		k.upper = max(k.upper, normal, k.lower)
	}
}

// rounding is more than sums of powers of ten in a float32 err by.
const rounding = 1e-5

// score turns log10 of the number of samples in an hour that are expected to be
// at least as odd into the chance of an hour without any (Poisson).
func score(log float64) float64 {
	if log > 1.6 { // forty an hour: less than 1e-17
		return 0
	}
	return math.Exp(-math.Exp(log * math.Ln10))
}

// surest is the rarity beyond which a float64 could not tell a score from 1, which
// nothing is.
const surest = 15

// scoreOf turns a rarity into a score, below 1.
func scoreOf(rarity float32) float64 { return score(-float64(min(rarity, surest))) }

// ready reports whether the series is old enough to alarm: enough samples and
// span, and a sample count that bears the rarity which the threshold asks for.
func (s *series) ready(p *params, t int64) bool {
	if s.N < p.warmupSamples || since(s.FirstTime, t) < p.warmupSpan {
		return false
	}
	bold := p.Evidence.Boldness
	if s.rarelyLeavesZero(p) {
		bold = p.Evidence.FirstBold / (float64(s.Changes)/2 + 1)
	}
	bears := bold * float64(s.N) * p.budgetPerHour
	if step := float64(s.Step); step >= p.Evidence.LooksApart && bears >= p.Evidence.LooksMore*secondsHour/step {
		return true // even if each odd sample were an episode of its own
	}
	return bears >= s.looksPerHour(p)
}

// rarelyLeavesZero reports whether the series has been zero nearly always: what
// little has been seen beside says nothing yet about sizes, so that only the
// rarity of leaving zero counts, by the rule of succession.
func (s *series) rarelyLeavesZero(p *params) bool {
	return s.Changes < p.Evidence.ZeroChanges && s.ChangeRate < p.Evidence.RarelyChanges && math.Abs(s.Slow) <= p.Evidence.ZeroMean*float64(s.Hi-s.Lo)
}

// judgePoint weighs the residual of this one sample, and more when the samples
// before it were beyond the quantile on the same side: a run of m is as much
// rarer than a single one as the chance to go on, m times.
func (s *series) judgePoint(p *params, k *look) {
	up, down := s.runEvidence(p, k)
	switch {
	case k.x > k.high:
		k.decades = s.Up.beyond(p, s.Start, max(k.x-k.high-k.part, 0)/k.scale, up, &k.upShape)
		k.kind = KindSpike
		if s.ChangeRate < p.Evidence.RarelyChanges {
			k.decades = min(k.decades, s.rareEvent(p, k))
		}
	case k.x < k.low:
		k.decades = s.Down.beyond(p, s.Start, max(k.low-k.x-k.part, 0)/k.scale, down, &k.downShape)
		k.kind = KindDip
	}
}

// runEvidence returns what the run so far adds on either side.
func (s *series) runEvidence(p *params, k *look) (up, down float64) {
	if !s.runs(p, k.gap) {
		return 0, 0
	}
	if s.Run > 0 {
		return s.runBonus(p), 0
	}
	return 0, s.runBonus(p)
}

// rareEvent returns the most evidence that a rise of a series which seldom
// changes can bear: how seldom it rises, by the rule of succession, each event
// being one look (flock does not apply), and more for a size not seen of late.
func (s *series) rareEvent(p *params, k *look) float64 {
	most := math.Log10((float64(s.N) + 2) / (float64(s.Changes)/2 + 1) / p.Evidence.FlockMost)
	if s.Changes < 2 {
		most += math.Log10(p.Evidence.FirstBold)
	}
	if hi := float64(s.Hi); hi > 0 && k.x > hi {
		most += math.Log10(k.x/hi) / float64(s.Up.H)
	}
	return most
}
