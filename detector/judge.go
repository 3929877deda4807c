package detector

import "math"

// judge turns the sample's distance from what was expected into evidence in
// powers of ten, and says whether that is enough. A band is drawn only where one
// is asked for: it is where the evidence would be just enough, so that a value
// lies outside of the band if and only if its score reaches the threshold.
func (s *series) judge(k *look, p *params, d *page) {
	looks := float64(s.Looks)
	k.habit = s.habit(k.t, p) + biasCharged*max(float64(s.Bias), 0)
	k.need = looks - p.logBudget + k.habit + k.share
	k.kind = KindNone
	held := heldAgainst * max(0, float64(s.Held)-tailDecades)
	if s.N < runYouth {
		held *= float64(s.N) / runYouth // until then runs count
	}
	s.judgePoint(k)
	k.point = k.decades
	k.decades -= held
	s.judgeCharts(k)
	s.judgeStorms(k)
	if k.turn {
		if k.novel = d.Novelty.step(k.x, pageStep(s.Step)); k.novel > 0 && s.N > novelYouth {
			k.decades += k.novel
		}
	}
	calm := s.judgeCalm(k)
	k.rarity = float32(k.decades - looks - k.habit)
	k.odd = k.decades >= k.need || k.x < 0 && !s.has(flagNegative)
	if s.N > dayYouth {
		s.DayMax = max(s.DayMax, float32(k.decades-looks))
	}
	s.Held = float32(max(k.point, heldFades*float64(s.Held)))
	loud := k.odd || k.decades >= tailDecades || s.N < p.warmupSamples
	if (loud || k.full) && !s.ready(k, p) {
		k.odd, k.kind = false, KindNone
		k.lower, k.upper = math.NaN(), math.NaN()
		if loud { // the same whether a band was asked for or not
			k.rarity = notRare
		}
		return
	}
	if k.odd || k.full || s.has(flagOpen) {
		s.band(k, held)
	}
	s.name(k, p, d, calm)
}

// What a sample adds to the one before: the chance of an odd sample is larger
// after an odd one, so part of the evidence of those before, fading, is held
// against it.
const (
	heldAgainst = 0.3
	heldFades   = 0.8
	novelYouth  = 50
)

// name settles the kind, and makes band, kind and score agree: rounding must not
// put a value on one side of the band and its score on the other of the
// threshold.
func (s *series) name(k *look, p *params, d *page, calm bool) {
	if !k.odd {
		k.kind = KindNone
		if k.lower <= k.upper {
			k.lower, k.upper = min(k.lower, k.x), max(k.upper, k.x)
		}
		k.rarity = min(k.rarity, float32(k.need-float64(s.Looks)-k.habit-rounding))
		return
	}
	k.rarity = max(k.rarity, float32(k.need-float64(s.Looks)-k.habit+rounding))
	switch {
	case calm:
		return
	case k.novel > 0 && k.decades-k.novel < k.need:
		k.kind = KindShape
		return
	case k.kind <= KindDip && d != nil && d.reaches(k.x-s.Long, k.season, 2*k.scale):
		k.kind = KindSeasonalBreak
	case k.kind == KindNone:
		k.kind = KindDip
	}
	if k.x <= k.upper && k.x >= k.lower {
		if k.x >= k.expected {
			k.upper = math.Nextafter(k.x, math.Inf(-1))
			k.lower = min(k.lower, k.upper)
		} else {
			k.lower = math.Nextafter(k.x, math.Inf(1))
			k.upper = max(k.upper, k.lower)
		}
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

// scoreOf turns a rarity into a score.
func scoreOf(rarity float32) float64 { return score(-float64(rarity)) }

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
	if s.N < p.warmupSamples || since(s.FirstTime, k.t) < p.warmupSpan {
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
	return s.Changes < 16 && s.ChangeRate < rarelyChanges && math.Abs(s.Slow) <= 0.2*float64(s.Hi-s.Lo)
}

// rarelyChanges is the share of samples below which a change is itself the event.
const rarelyChanges = 0.1

// judgePoint weighs the residual of this one sample, and more when the samples
// before it were beyond the quantile on the same side: a run of m is as much
// rarer than a single one as the chance to go on, m times.
func (s *series) judgePoint(k *look) {
	up, down := s.runEvidence(k)
	switch {
	case k.x > k.high:
		k.decades = s.Up.beyond((k.x-k.high)/k.scale, up)
		k.kind = KindSpike
		if s.ChangeRate < rarelyChanges {
			k.decades = min(k.decades, s.rareEvent(k))
		}
	case k.x < k.low:
		k.decades = s.Down.beyond((k.low-k.x)/k.scale, down)
		k.kind = KindDip
	}
}

// runEvidence returns what the run so far adds on either side.
func (s *series) runEvidence(k *look) (up, down float64) {
	if !s.runs(k) {
		return 0, 0
	}
	if s.Run > 0 {
		return s.runBonus(), 0
	}
	return 0, s.runBonus()
}

// rareEvent returns the most evidence that a rise of a series which seldom
// changes can bear: how seldom it rises, by the rule of succession, each event
// being one look (flock does not apply), and more for a size not seen of late.
func (s *series) rareEvent(k *look) float64 {
	most := math.Log10((float64(s.N) + 2) / (float64(s.Changes)/2 + 1) / flockMost)
	if s.Changes < 2 {
		most += math.Log10(firstBold)
	}
	if hi := float64(s.Hi); hi > 0 && k.x > hi {
		most += math.Log10(k.x/hi) / float64(s.Up.H)
	}
	return most
}

// calmFloor is the shortest run without change that may be called long.
const calmFloor = 3

// judgeCalm weighs how long the value has not changed at all, against the runs
// without change seen before. It reports whether that is what the sample is odd
// by. A value of zero is a matter for the charts.
func (s *series) judgeCalm(k *look) bool {
	if k.x != s.X1 || k.x == 0 || s.Changes < 30 || k.gap || float32(s.Still) < s.Calm.Q {
		return false
	}
	d := s.Calm.decades(float64(s.Still) + 1)
	if d <= k.decades {
		return false
	}
	k.decades, k.kind = d, KindFlatline
	return d >= k.need
}
