package detector

// band draws the band: outside of it the evidence is enough. A chart narrows the
// band on the side to which the series has drifted; where that side then lies
// beyond the forecast, which has followed the drift, the band reaches back to the
// long level, so that returning there is never odd. held is what is held against
// the evidence of a single sample.
func (s *series) band(k *look, held float64) {
	up, down := s.runEvidence(k)
	need := k.need + held
	k.upper = k.high + s.Up.bound(need, up)*k.scale
	k.lower = k.low - s.Down.bound(need, down)*k.scale
	if s.ChangeRate < rarelyChanges && s.rareEvent(k) < need {
		k.upper = max(k.upper, k.x, float64(s.Hi))
	}
	s.narrowByCharts(k)
	s.narrowByStorms(k)
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
func (a *tail) bound(need, more float64) float64 {
	if more == 0 {
		return a.reach(need)
	}
	return min(a.reach(need), max(a.reach(need-more), float64(a.Q)))
}

// narrowByCharts moves the bounds to where each chart would reach what is needed.
func (s *series) narrowByCharts(k *look) {
	for i := range s.Chart {
		w := float64(chartWindow[i])
		if float64(s.N) < 4*w {
			return
		}
		g, most := float64(s.Chart[i]), s.Persist[i].reach(k.need-chartBonus[i]+s.fade(i))
		if at := max(g+w*(most-g), chartLeast); at <= chartClip {
			k.upper = min(k.upper, k.anchor+at*k.unit)
		}
		if at := max(-g+w*(most+g), chartLeast); at <= chartClip {
			k.lower = max(k.lower, k.anchor-at*k.unit)
		}
	}
}

// narrowByStorms does the same for storms, on both sides alike.
func (s *series) narrowByStorms(k *look) {
	for i := range s.Storm {
		w := float64(stormWindow[i])
		if float64(s.N) < 8*w {
			return
		}
		g, most := float64(s.Storm[i]), s.Burst[i].reach(k.need-stormBonus+s.gustFade(i))
		if at := max(g+w*(most-g), stormLeast); at <= stormClip {
			k.upper = min(k.upper, k.high+at*k.scale)
			k.lower = max(k.lower, k.low-at*k.scale)
		}
	}
}

// next keeps the band that an ordinary sample one step after the last would be
// judged by, none while the series is too young.
func (s *series) next(p *params, d *page, share float32) {
	c := *s
	k := look{t: s.LastTime + int64(1000*s.Step), fine: 1, dt: float64(s.Step), full: true, share: float64(share), x: s.X1}
	if d != nil {
		copied := *d
		d = &copied
	}
	k.zone = p.zone.offset(k.t)
	c.turns(&k, d)
	c.predict(&k, d)
	k.x = k.expected
	c.judge(&k, p, d)
	c.report(&k)
	s.Expected, s.Lower, s.Upper = c.Expected, c.Lower, c.Upper
}
