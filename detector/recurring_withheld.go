package detector

// An episode of what is known to recur is not told, until something in it is odd that is not
// known: then it is told, by what that is.

// withhold keeps an episode from being told that opened by what was excused, until a sample is
// odd that is not, or it has gone on for longer than is known of it: from then on it is an
// alarm like others. It returns what there is to tell.
func (s *series) withhold(p *params, k *look, phase Phase) Phase {
	switch {
	case phase == PhaseClosed || !s.has(flagOpen):
		return PhaseQuiet
	case k.excused || !k.odd && !s.hangs(p, k):
		return PhaseQuiet
	}
	s.clear(flagUntold)
	s.ShiftRun = 0 // what it has lasted was known: only from here on is it a new level
	s.countAlarm(p, k.t)
	k.rarity = max(k.rarity, float32(k.need-float64(s.Looks)-k.habit+rounding))
	if k.odd { // what is told is this, and not what was excused before it
		if s.EpisodeKind != k.kind {
			s.leave(k)
		}
		s.EpisodeKind = k.kind
	} else {
		s.tellHanging(k)
	}
	s.Peak, s.Told, s.FarTold = max(s.Peak, k.rarity), briefOf(k.decades), briefOf(float64(s.far(k)))
	return PhaseOpened
}

// tellHanging makes a sample odd that is so by how long what was excused has gone on: on
// the side of normal on which it lies, whatever the forecasts say that have followed it.
func (s *series) tellHanging(k *look) {
	k.odd, k.kind = true, s.EpisodeKind
	above := k.x > k.anchor
	if k.kind == KindSpike || k.kind == KindDip {
		if k.kind = KindDip; above {
			k.kind = KindSpike
		}
		s.EpisodeKind = k.kind
	}
	k.outsideOf(k.anchor, above)
}

// hangs reports whether an episode that was not told outlasts what is known of it.
func (s *series) hangs(p *params, k *look) bool {
	return k.recurs == 0 && (s.away(p, k) || s.stuck(p, k))
}
