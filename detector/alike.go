package detector

import "math"

// Gaps that are longer by chance have all lengths: in steps they are geometric, and each is
// near to their mean by Guard.StepAlike once in a number of times that is known. A series that is sent once
// in five minutes now instead of once in 15 seconds has gaps that all are. How many it misses
// does not tell the one from the other, for the share of steps missed follows both; that
// share says how long the mean gap is.
//
// Five bits of a series' flags count gaps in a row that are alike.
const (
	alikeShift = 19 // of the bits in Flags
	alikeMost  = 31
	alikeBits  = alikeMost << alikeShift
)

// alike takes in a distance at another step and reports whether so many gaps in a row have
// been like their mean that chance does not make them.
func (s *series) alike(p *params, k *glance, step float64) bool {
	n := s.Flags >> alikeShift & alikeMost
	s.Flags &^= alikeBits
	if !k.gap || k.dt > p.Guard.StaleSteps*step {
		return false
	}
	// What learnGap comes to where each sample ends a gap of as many steps: in such steps
	// the share that is not missed falls with each, and rises by the sample at the end.
	rate := p.Silence.MissedRate
	mean := math.Log1p(-min(rate/(1-float64(s.GapShare)), 1))/math.Log1p(-rate) - 1
	if !(math.Abs(math.Floor(k.dt/step)-mean) < p.Guard.StepAlike*mean) { // nor where there is no mean
		return false
	}
	n = min(n+1, alikeMost)
	s.Flags |= n << alikeShift
	return n == alikeMost || float64(n)*p.alikeDecades >= p.Guard.StepDecades
}
