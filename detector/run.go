package detector

import "math"

// A series of independent noise leaves its quantile twice in a row once in 2,500
// samples; one whose disturbances last does so often. The share of samples beyond
// the quantile that are followed by another on the same side is learned from a
// prior, and says what a run is worth.

// runBonus returns the powers of ten that the run so far adds to a sample which
// prolongs it. How much a series wanders is seen in its errors before runs are:
// the last value errs by the root of 2(1-r) of what the mean does, where r is the
// autocorrelation.
func (s *series) runBonus(p *params) float64 {
	m := min(max(s.Run, -s.Run), p.Runs.Most)
	fade := 1 - float64(s.N)/float64(p.Runs.Youth)
	a := float64(s.Err[0] / max(s.Err[3], math.SmallestNonzeroFloat32))
	share := max(float64(s.Again), p.Runs.Wander*(1-0.5*a*a), p.Runs.Floor)
	return -float64(m) * fade * math.Log10(share)
}

// runs reports whether the run so far counts for a sample, which may come after a gap.
func (s *series) runs(p *params, gap bool) bool {
	return s.Run != 0 && !gap && s.N >= p.Runs.Least && s.N < p.Runs.Youth
}

// steadiest returns the slowest of the exponential means whose error is not
// much larger than that of the best expert. During a run it alone is the
// forecast: the quicker ones have followed the run already.
func (s *series) steadiest(p *params, best int) int {
	for i := 3; i > best; i-- {
		if s.Err[i] <= p.Runs.Near*s.Err[best] {
			return i
		}
	}
	return best
}

// learnRun takes in how far beyond its side's forecast the sample was, in
// scales. The share that go on is learned when a run has ended without an
// alarm.
func (s *series) learnRun(p *params, up, down float32) {
	side := int8(0)
	switch {
	case up > s.Up.Q:
		side = 1
	case down > s.Down.Q:
		side = -1
	}
	if side*s.Run > 0 {
		if max(s.Run, -s.Run) < math.MaxInt8 {
			s.Run += side
		}
		return
	}
	if s.Run != 0 && !s.has(flagOpen) {
		s.endRun(p)
	}
	s.Run = side
}

// endRun learns from a run that has ended without an alarm how many go on.
func (s *series) endRun(p *params) {
	n := float32(max(s.Run, -s.Run))
	s.AgainN += uint16(min(n, float32(math.MaxUint16-s.AgainN)))
	s.Again += n * ((n-1)/n - s.Again) / (min(float32(s.AgainN), p.Runs.Memory) + p.Runs.Weight)
	s.Run = 0
}

// beyond is decades of u, and more if u is beyond the quantile.
func (a *tail) beyond(p *params, from startShape, u, more float64, kept *keptShape) float64 {
	if u < float64(a.Q) {
		return a.decades(p, p.Tail.Prior, u)
	}
	return p.tailDecades + (a.decadesBy(p, from.shape(p), u, kept)-p.tailDecades)/a.young(p, from) + more
}
