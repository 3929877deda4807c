package detector

// A lesson is due with each sample of a young series, and once in three minutes after
// that. Most of those samples are as ordinary as those that glide. Where a series has no
// page yet, all that a lesson teaches are errors of forecasts: such a sample strides.
// What it is expected to be is worked out as for one that is weighed, and all that is
// learned is the same to the last bit. What is left out is what charts, storms, runs and
// records say of a sample that no chart and no storm leaves its quantile by.

// notStriding are the flags beside notGliding with which a lesson is weighed in full.
const notStriding = flagPage | flagLoud

// lesson is strides for whoever does not want to see what it has seen. Of series with a page
// no sample strides, which are asked for that here.
func (s *series) lesson(p *params, g *glance, share float64, w *slide) bool {
	return s.Flags&notStriding == 0 && s.stridesUnseen(p, g, share, w)
}

func (s *series) stridesUnseen(p *params, g *glance, share float64, w *slide) bool {
	var k sight
	return s.strides(p, g, share, &k, w)
}

// strides takes in an admitted sample of a series that owes the given share if it is a
// lesson and plainly ordinary, and leaves in k and w what it came to. Else it reports false,
// and what it has noted in the series is what weighing the sample will note.
func (s *series) strides(p *params, g *glance, share float64, k *sight, w *slide) bool {
	if g.seen || s.Flags&notStriding != 0 || s.N < p.strideAfter || s.Power != 0 || float64(s.Step) >= p.leastStep ||
		s.Day != dayOf(g.t) || s.ripe(p, g.t) || !s.settled(g.gap, p.Runs.Youth) || !s.suits(p, g.x, share) {
		return false
	}
	if !s.learnsFromEach(p) && p.turnOf(g.t) == s.Turn && !s.lessonDue(p) {
		return false
	}
	s.measure(g.x)
	k.glance.from(g)
	k.lesson, k.spread, k.power, k.floorLong, k.floorRange = true, 1, 1, 1, 1
	s.foresee(k, 0)
	k.expected = s.mix(p, k, false)
	k.anchor = s.Long
	k.scale = s.scale(p, k)
	s.Scale = scaleOf(k.scale)
	if k.expected < 0 && !s.has(flagNegative) {
		k.expected = 0
	}
	w.scale, w.expected, w.beyond = k.scale, k.expected, false
	err, mix, typical, turn := s.Err, s.MixErr, s.Typical, s.Turn
	s.stride(p, k)
	r := p.ratesAt(s.N)
	if !s.slides(p, r, k.x, 0, w) && !(w.beyond && s.faint(p, g, share, w) && s.slides(p, r, k.x, 0, w)) {
		s.Err, s.MixErr, s.Typical, s.Turn = err, mix, typical, turn
		g.seen = true
		return false
	}
	if s.N <= p.warmupSamples {
		w.rarity, s.Rarity = notRare, notRare
	}
	return true
}

// stride learns from a sample what is learned from a lesson beside what each sample teaches.
func (s *series) stride(p *params, k *sight) {
	rate := max(1/(float64(s.Fresh)+1), p.Forecast.ErrorRate)
	if s.MixErr > 0 {
		s.learnPower(p, k, nil, false, rate)
	}
	s.moveErrors(p, k, rate)
	s.Turn = p.turnOf(k.t)
}
