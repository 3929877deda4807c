package detector

// band draws the band: outside of it the evidence is enough. A chart narrows the
// band on the side to which the series has drifted; where that side then lies
// beyond the forecast, which has followed the drift, the band reaches back to the
// long level, so that returning there is never odd. held is what is held against
// the evidence of a single sample.
func (s *series) band(p *params, k *look, d *page, held float64) {
	up, down := s.runEvidence(p, k)
	need := k.need + held
	k.upper = k.high + k.part + s.Up.bound(p, s.Start, need, up, &k.upShape)*k.scale
	k.lower = k.low - k.part - s.Down.bound(p, s.Start, need, down, &k.downShape)*k.scale
	if s.ChangeRate < p.Evidence.RarelyChanges && s.rareEvent(p, k) < need {
		k.upper = max(k.upper, k.x, float64(s.Hi))
	}
	s.narrowByRecord(p, k)
	s.narrowByCharts(p, k)
	s.narrowByStorms(p, k)
	s.narrowByEbb(p, k, d)
	if k.upper < k.expected {
		k.lower = min(k.lower, k.anchor)
	}
	if k.lower > k.expected {
		k.upper = max(k.upper, k.anchor)
	}
	if !s.has(flagNegative) { // a series that has never been negative is not expected to be
		k.lower = max(k.lower, 0)
		k.upper = max(k.upper, 0)
	}
}

// bound returns how far a residual may lie off, in scales, when a run adds more
// to what lies beyond the quantile.
func (a *tail) bound(p *params, from startShape, need, more float64, kept *keptShape) float64 {
	if more == 0 {
		return a.reachYoung(p, from, need, kept)
	}
	return min(a.reachYoung(p, from, need, kept), max(a.reachYoung(p, from, need-more, kept), float64(a.Q)))
}

// narrowByCharts moves the bounds to where each chart would reach what is needed.
func (s *series) narrowByCharts(p *params, k *look) {
	if s.otherUnit(p, k.t) {
		return
	}
	for i := range s.Chart {
		w := float64(p.Charts.Window[i])
		if float32(s.N) < p.chartYoung[i] {
			return
		}
		g, need := float64(s.Chart[i]), k.need-p.chartBonus(i, k.closer)+s.fade(p, i)
		if s.Persist[i].isFar(p, need, g, w, p.Charts.Clip) && s.Persist[i].isFar(p, need, -g, w, p.Charts.Clip) {
			continue
		}
		most := s.Persist[i].reachBy(p, p.Charts.Shape, need, &k.chartShape[i])
		if at := max(g+w*(most-g), p.Charts.Least); at <= p.Charts.Clip {
			k.upper = min(k.upper, k.anchor+k.edge.above+at*k.unit)
		}
		if at := max(-g+w*(most+g), p.Charts.Least); at <= p.Charts.Clip {
			k.lower = max(k.lower, k.anchor-k.edge.below-at*k.unit)
		}
	}
}

// narrowByStorms does the same for storms, on both sides alike.
func (s *series) narrowByStorms(p *params, k *look) {
	for i := range s.Storm {
		w := float64(p.Storms.Window[i])
		if float32(s.N) < p.stormYoung[i] {
			return
		}
		g, need := float64(s.Storm[i]), k.need-p.stormBonus(i, k.closer)+s.gustFade(p, i)
		if s.Burst[i].isFar(p, need, g, w, float64(p.Storms.Clip)) {
			continue
		}
		most := s.Burst[i].reachBy(p, p.Charts.Shape, need, &k.stormShape[i])
		if at := max(g+w*(most-g), float64(p.Storms.Least)); at <= float64(p.Storms.Clip) {
			k.upper = min(k.upper, k.high+at*k.scale)
			k.lower = max(k.lower, k.low-at*k.scale)
		}
	}
}

// isFar reports whether a mean g over a window of w is so small that no sample takes it to
// where the evidence is what is needed, for what a sample adds is clipped: what is needed lies
// beyond the quantile, which is far enough.
func (a *tail) isFar(p *params, need, g, w, clipped float64) bool {
	return need > p.tailDecades && g+w*(float64(a.Q)-g) > clipped
}

// next keeps the band that an ordinary sample one step after the last would be
// judged by, none while the series is too young.
func (s *series) next(p *params, d *page, share float32) {
	c := *s
	k := look{sight: sight{glance: glance{t: s.LastTime + int64(1000*s.Step), fine: 1, dt: float64(s.Step), x: s.X1}}, full: true, share: float64(share)}
	if d != nil {
		copied := *d
		d = &copied
	}
	k.zone = p.zone.offset(k.t)
	c.turns(p, &k, d)
	c.predict(p, &k, d)
	k.x = k.expected
	c.judge(p, &k, d)
	if d != nil {
		c.widen(p, &k)
	}
	c.report(&k)
	s.Expected, s.Lower, s.Upper = c.Expected, c.Lower, c.Upper
}
