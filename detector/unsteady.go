package detector

import "math"

// A series that has become unsteady is odd again and again, now above and now
// below, with ordinary samples between. That is one episode, as a level is that
// lasts: it stays open while residuals are larger of late than they used to be,
// and when the episode has lasted for as long as a new level takes to be learned, its
// noise is the new normal.

// unsteady reports whether residuals are larger of late than nearly always, and
// that not because of another level: deviations cancel out over as many samples.
// Those from a level that is far off are clipped, so that they are asked first.
func (s *series) unsteady(p *params, k *look) bool {
	mean := math.Abs(float64(s.Chart[1]))
	return s.Storm[0] > s.Burst[0].Q && mean < p.Episode.AwayLeast && mean*k.unit < p.Storms.Balance*float64(s.Storm[0])*k.scale
}

// lasting returns the time in ms after which what an episode of a series with a
// step in seconds shows may be its new normal.
func (p *params) lasting(step float32) int64 {
	return max(p.relearnAfter, int64(1000*float64(step)*float64(p.Episode.RelearnSamples)))
}

// relearnNoise takes noise that has lasted for long enough as the new normal:
// errors are as large as residuals have been over the storm's window. It does so by
// an odd sample, for what is over is not learned, and reports whether it did.
func (s *series) relearnNoise(p *params, k *look) bool {
	if !k.odd || k.t-s.EpisodeSince < p.lasting(s.Step) || !s.unsteady(p, k) {
		return false
	}
	before := float64(s.MixErr)
	more := min(max(float64(s.Storm[0])*k.scale/(k.spread*k.power*max(before, math.SmallestNonzeroFloat32)), 1), p.Guard.StepNoise)
	for i := range s.Err {
		s.Err[i] *= float32(more)
	}
	s.MixErr *= float32(more)
	after := float64(s.MixErr)
	s.LongScale = float32(math.Sqrt(float64(s.LongScale)*float64(s.LongScale) + after*after - before*before))
	s.unsettle(p)
	s.calm()
	return true
}

// calm lets charts and storms start again.
func (s *series) calm() {
	clear(s.Chart[:])
	clear(s.Drift[:])
	clear(s.Storm[:])
	clear(s.Gust[:])
}
