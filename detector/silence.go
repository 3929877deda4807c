package detector

import "math"

// Silence. An open episode is lost when silentSteps steps, and at least
// silentLeast, have passed without a sample. A series that ends with a
// staleness marker has said goodbye and is never missing.
const (
	silentSteps = 5
	silentLeast = 60 * 1000       // ms
	silentMost  = 3 * 3600 * 1000 // ms; after that a missing series is given up
)

// silence judges at time now that no sample has come since the last one. A gap
// of n steps is as rare as n steps missed in a row; the share of missed steps
// is learned, and the evidence is bounded by what the samples seen can bear.
func (s *series) silence(p *params, now int64, share float32) (Verdict, bool) {
	gap := float64(now - s.LastTime)
	step := 1000 * float64(s.Step)
	if step == 0 || gap < max(silentSteps*step, silentLeast) {
		return Verdict{}, false
	}
	if s.has(flagMissing) {
		if !s.has(flagOpen) || gap < silentMost {
			return Verdict{}, false
		}
		s.close()
		return s.verdict(now, PhaseLost), true
	}
	if s.has(flagOpen) {
		s.close()
		s.set(flagMissing)
		return s.verdict(now, PhaseLost), true
	}
	if s.has(flagStale) || s.N < p.warmupSamples {
		return Verdict{}, false
	}
	decades := min((gap/step-1)*-math.Log10(s.missed()), math.Log10(boldness*float64(s.N)))
	odd := score(s.logLooks() + s.habit(now, p) - decades)
	if odd < bar(p, float64(share)) {
		return Verdict{}, false
	}
	s.set(flagMissing)
	k := look{t: now, score: odd, decades: decades, kind: KindMissing}
	s.open(&k)
	s.EpisodeSince = s.LastTime + int64(step)
	s.Kind, s.Score = KindMissing, odd
	s.Expected, s.Lower, s.Upper = math.NaN(), math.NaN(), math.NaN()
	return s.verdict(now, PhaseOpened), true
}

// missed returns the probability that the next step brings no sample although
// the series is alive: what was seen, plus one in the samples seen, and at
// least three in ten thousand; a missed step makes the next one likelier to be
// missed, hence the root.
func (s *series) missed() float64 {
	return math.Sqrt(max(float64(s.GapShare)+1/(float64(s.N)+2), 3e-4))
}
