package detector

import "math"

// A series that has become unsteady is odd again and again, now above and now
// below, with ordinary samples between. That is one episode, as a level is that
// lasts: it stays open while residuals are larger of late than they used to be,
// and when the episode has lasted for as long as a new level takes to be learned, its
// noise is the new normal. Noise that was taken as normal may have been an incident
// after all: when the series has been as calm as before for about as long, errors go
// back at once, for of themselves they would take days.

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
	if !k.odd || k.t-s.EpisodeSince < p.lasting(s.Step) || s.has(flagUntold) || !s.unsteady(p, k) {
		return false
	}
	by := s.loudness(k)
	s.resize(min(max(by, 1), p.Guard.StepNoise))
	s.unsettle(p)
	s.calm(p, by)
	s.note(flagLoudAgain, s.has(flagCalmed))
	s.set(flagLoud)
	return true
}

// loudness returns how large residuals have been over the storm's window, in errors.
func (s *series) loudness(k *look) float64 {
	return float64(s.Storm[0]) * k.scale / (k.spread * k.power * max(float64(s.MixErr), math.SmallestNonzeroFloat32))
}

// resize makes errors so many times as large, and the long scale by what of it was
// error.
func (s *series) resize(by float64) {
	s.clear(flagEven)
	before := float64(s.MixErr)
	for i := range s.Err {
		s.Err[i] *= float32(by)
	}
	s.MixErr *= float32(by)
	after := float64(s.MixErr)
	long := float64(s.LongScale)*float64(s.LongScale) + after*after - before*before
	s.LongScale = float32(math.Sqrt(max(long, min(after*after, float64(s.LongScale)*float64(s.LongScale)))))
}

// hush takes note of a sample outside of an episode, in a series whose noise was taken
// as normal, and sets errors back once residuals have been small for long enough. The
// tails stay as they are: they are counted in errors.
func (s *series) hush(p *params, k *look) {
	part := s.loudness(k)
	calm := part <= p.Episode.CalmPart
	switch {
	case k.gap || part > p.Episode.CalmOver:
		if uint32(s.ShiftRun) >= p.Episode.CalmSamples && since(s.ShiftSince, k.t) >= p.Episode.CalmLeast {
			s.set(flagLoudAgain)
		}
		s.ShiftRun = 0
		return
	case s.ShiftRun == 0 && !calm:
		return
	case s.ShiftRun == 0:
		s.ShiftSince = seconds(k.t)
	}
	s.ShiftRun = min(s.ShiftRun, math.MaxUint16-1) + 1
	if !calm || uint32(s.ShiftRun) < p.Episode.CalmSamples || since(s.ShiftSince, k.t) < s.hushAfter(p) {
		return
	}
	// The storm still holds what is left of larger residuals, which is known.
	left := math.Pow(1-1/float64(p.Storms.Window[0]), float64(s.ShiftRun))
	by := max(part*p.Episode.CalmLeft, (part-p.Episode.CalmPart*left)/(1-left), math.SmallestNonzeroFloat32)
	s.resize(by)
	far := float32(p.Episode.CalmRange * float64(s.MixErr) * (1/by - 1))
	x, anchor := float32(k.x), float32(k.anchor)
	s.Hi, s.Lo = max(s.Hi-far, min(s.Hi, max(x, anchor))), min(s.Lo+far, max(s.Lo, min(x, anchor)))
	s.Fresh = min(s.Fresh, p.Episode.CalmFresh)
	s.calm(p, part)
	s.ShiftRun = 0
	s.clear(flagLoud | flagLoudAgain)
	s.set(flagCalmed)
}

// hushAfter returns the time in ms for which a series must be calm: neither a calm hour
// nor a night counts. Noise that has lasted for a day, nights included, needs the least;
// before it may be that of a time of day, and what is over must have been so for as
// long, within bounds; noise that has come back before, a whole day.
func (s *series) hushAfter(p *params) int64 {
	loud := int64(s.ShiftSince)*1000 - s.EpisodeSince
	switch {
	case s.has(flagLoudAgain):
		return secondsDay * 1000
	case loud >= secondsDay*1000:
		return p.Episode.CalmLeast
	}
	return min(max(loud, p.Episode.CalmLeast), p.Episode.CalmMost)
}

// calm lets charts start again, and storms be what they are when residuals are as large
// as errors, where they were so many times that: starting again they would take the
// series for calmer than it is.
func (s *series) calm(p *params, loudness float64) {
	s.restartCharts(p)
	clear(s.Drift[:])
	usual := s.Storm[0] / float32(max(loudness, math.SmallestNonzeroFloat32))
	for i := range s.Storm {
		s.Storm[i] = usual
	}
	clear(s.Gust[:])
}
