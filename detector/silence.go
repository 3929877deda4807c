package detector

import "math"

// An open episode is lost when Silence.Steps steps, and at least Silence.Least, have
// passed without a sample. A series that ends with a staleness marker has said
// goodbye and is never missing.

// silence judges at time now that no sample has come since the last one, but for
// so many milliseconds in which none could. A gap
// of n steps is as rare as n steps missed in a row; the share of missed steps
// is learned, and the evidence is bounded by what the samples seen can bear.
func (s *series) silence(p *params, now, away int64, share float32) (Verdict, bool) {
	gap := float64(now - s.LastTime - away)
	step := 1000 * float64(s.Step)
	late := float64(s.lag())
	if step == 0 || gap-late < max(p.Silence.Steps*step, p.Silence.Least) {
		return Verdict{}, false
	}
	if s.has(flagMissing) {
		if s.has(flagLate) && gap < float64(p.Silence.Most) {
			s.EpisodeEnd = s.LastTime + int64(gap) // by which cameLate tells how late it was
		}
		if !s.has(flagOpen) || gap < float64(p.Silence.Most) {
			return Verdict{}, false
		}
		s.close(p)
		return s.verdict(now, PhaseLost), true
	}
	if s.lose(p) == PhaseLost {
		s.set(flagMissing)
		s.EpisodeEnd = s.LastTime + int64(gap) // by which cameLate tells what was on its way
		return s.verdict(now, PhaseLost), true
	}
	if s.has(flagStale) || s.N < p.warmupSamples {
		return Verdict{}, false
	}
	decades := min(((gap-late)/(step*math.Pow(p.Silence.Longer, float64(s.Longer.silences())))-1)*-math.Log10(s.missed(p)), math.Log10(p.Evidence.Boldness*float64(s.N)))
	rarity := float32(decades - float64(s.Looks) - s.habit(p, now))
	if float64(rarity) < float64(share)-p.logBudget {
		return Verdict{}, false
	}
	s.set(flagMissing)
	k := look{sight: sight{glance: glance{t: now}}, rarity: rarity, decades: decades, kind: KindMissing}
	s.open(p, &k)
	s.EpisodeSince, s.EpisodeEnd = s.LastTime+int64(step), s.LastTime+int64(gap)
	s.Kind, s.Rarity = KindMissing, rarity
	s.Longer = s.Longer.silence(p.Silence.LongerMost)
	s.noBand()
	return s.verdict(now, PhaseOpened), true
}

// missed returns the probability that the next step brings no sample although
// the series is alive: what was seen, plus one in the samples seen, and at
// least three in ten thousand; a missed step makes the next one likelier to be
// missed, hence the root.
func (s *series) missed(p *params) float64 {
	return math.Sqrt(max(float64(s.GapShare)+1/(float64(s.N)+2), p.Silence.MissedLeast))
}
