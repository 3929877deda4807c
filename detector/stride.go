package detector

// A lesson is due with each sample of a young series, and once in three minutes after
// that. Most of those samples are as ordinary as those that glide. Where a series has no
// page yet, all that a lesson teaches are errors of forecasts: such a sample strides.
// What it is expected to be is worked out as for one that is weighed, and all that is
// learned is the same to the last bit. What is left out is what charts, storms, runs and
// records say of a sample that no chart and no storm leaves its quantile by.

// notStriding are the flags beside notGliding with which a lesson is weighed in full.
const notStriding = flagPage | flagLoud

// strides reports whether an admitted sample of a series that owes the given share is a
// lesson and plainly ordinary, and if so leaves in k and w what stride needs. If not, what
// it has noted in the series is what weighing the sample will note.
func (s *series) strides(p *params, g *glance, share float64, k *sight, w *slide) bool {
	if g.seen || s.Flags&notStriding != 0 || s.N < p.strideAfter || s.Power != 0 || float64(s.Step) >= p.leastStep ||
		s.Day != dayOf(g.t) || s.ripe(p, g.t) || !s.settled(p, g, share) {
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
	w.scale, w.expected = k.scale, k.expected
	plain := s.plain(p, p.ratesAt(s.N), g, share, w)
	if g.seen = !plain; s.N < p.warmupSamples {
		w.rarity = notRare
	}
	return plain
}

// stride takes in a sample that strides.
func (s *series) stride(p *params, k *sight, w *slide) {
	rate := max(1/(float64(s.Fresh)+1), p.Forecast.ErrorRate)
	if s.MixErr > 0 {
		s.learnPower(p, k, nil, false, rate)
	}
	s.moveErrors(p, k, rate)
	s.Turn = p.turnOf(k.t)
	s.glide(p, p.ratesAt(s.N), &k.glance, w)
}
