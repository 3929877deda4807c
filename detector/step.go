package detector

import "math"

// looksEach is how many samples one for which Looks is worked out anew follows another by.
const looksEach = 64

// learnStep follows the distance between samples: small wander at once, another
// step only when it has come several times in a row, and a longer one only when so
// many gaps in a row, or gaps so alike, are not what chance does to a series that misses
// many steps. Until then a rate over a shorter time is allowed its larger noise sample by
// sample.
func (s *series) learnStep(p *params, k *glance) {
	step := float64(s.Step)
	if step == 0 {
		s.Step = float32(k.dt)
		s.Looks = s.looks(p)
		return
	}
	k.gap = k.dt > p.Guard.GapSteps*step
	if k.dt > p.Guard.StaleSteps*step {
		s.resume(p, k)
	}
	if k.gap {
		s.learnGap(p, k, step)
	}
	s.forgetMissed(p)
	if k.dt > p.Guard.StepLeast*step && k.dt < p.Guard.StepMost*step {
		s.StepRun, s.Flags = 0, s.Flags&^alikeBits
		if s.Step += float32(p.Guard.StepRate * (k.dt - step)); s.N%looksEach == 0 {
			s.Looks = s.looks(p)
		}
		return
	}
	s.StepRun = min(s.StepRun, math.MaxUint8-1) + 1
	alike := s.alike(p, k, step)
	if s.StepRun >= p.Guard.StepRuns && (k.dt < step || alike || float64(s.StepRun)*-math.Log10(s.missed(p)) >= p.Guard.StepDecades) {
		if alike {
			s.GapShare = 0 // nothing was missed
		}
		s.changeStep(p, k.dt)
		return
	}
	if s.counter() && k.dt < step {
		k.fine = math.Sqrt(min(step/k.dt, p.Guard.StepNoise))
	}
}

// onTime is learnStep for a sample that comes after exactly a step, as nearly all do that
// are scraped: which is no gap, and neither longer nor shorter than the step.
func (s *series) onTime(p *params) {
	s.forgetMissed(p)
	s.StepRun, s.Flags = 0, s.Flags&^alikeBits
}

// learnGap learns the share of steps that bring no sample from the one that has come
// after a gap. Each step of it counts: of a series that is silent for most of a night
// every sample ends a gap, and few samples come. A gap so long that the series was away
// counts as one step, for none of what it missed was due by chance.
func (s *series) learnGap(p *params, k *glance, step float64) {
	missed := float64(1) // step
	if k.dt <= p.Guard.StaleSteps*step {
		missed = math.Floor(k.dt / step)
	}
	s.GapShare = 1 - (1-s.GapShare)*float32(math.Pow(1-p.Silence.MissedRate, missed))
}

// forgetMissed learns the same share from a sample that has come.
func (s *series) forgetMissed(p *params) {
	s.GapShare -= float32(p.Silence.MissedRate) * s.GapShare
}

// resume goes on after a gap so long that what forecasts and errors remember is of
// long ago: errors are learned anew, and are as uncertain as those of a series that
// has just begun; and that the series goes back to where it was before is not odd,
// as after an episode, for the first sample may have been what was.
func (s *series) resume(p *params, k *glance) {
	s.Fresh = min(s.Fresh, p.Guard.StaleKept)
	if !s.has(flagOpen) {
		s.EpisodeEnd = k.t
		s.set(flagAfter)
	}
}

// changeStep takes another step as the series' own. What is remembered by
// samples is remembered by another span of time from here on, so that errors
// and tails have to be learned anew; the noise of a rate is first taken to grow
// as that of a count does, by the root of what the step shrinks, and that of a
// gauge which comes regularly to stay about what it was.
func (s *series) changeStep(p *params, dt float64) {
	finer := float64(s.Step) / dt
	s.Step, s.StepRun, s.Flags = float32(dt), 0, s.Flags&^alikeBits
	s.Looks = s.looks(p)
	known := s.Fresh
	s.unsettle(p)
	if finer < 1 {
		return
	}
	s.Calm.Q *= float32(finer)
	if !s.counter() {
		if float64(s.GapShare) < p.Silence.MissedRate { // else it comes as it likes
			s.Fresh = max(s.Fresh, min(known, p.Guard.UnsettledFiner))
		}
		return
	}
	more := min(finer, p.Guard.StepNoise)
	s.Quantum *= float32(finer)
	s.LongScale = float32(math.Sqrt(float64(s.LongScale)*float64(s.LongScale) + (more-1)*float64(s.MixErr)*float64(s.MixErr)))
	s.clear(flagEven)
	root := float32(math.Sqrt(more))
	s.MixErr *= root
	for i := range s.Err {
		s.Err[i] *= root
	}
}

// unsettle lets errors and tails be learned quickly again. Charts start from
// their prior unless they have learned to be wider than that.
func (s *series) unsettle(p *params) {
	s.Fresh = min(s.Fresh, p.Guard.Unsettled)
	for _, a := range []*tail{&s.Up, &s.Down, &s.Calm} {
		a.recall(p.Guard.UnsettledTail, p.Guard.UnsettledShape)
	}
	s.unsettleCharts(p, 1)
}

// settle lets tails be learned anew once the season is known: what the first
// days were odd by is not what the series is odd by from here on. Charts start
// from half of what they have learned.
func (s *series) settle(p *params) {
	s.Up.recall(p.Guard.UnsettledTail, p.Guard.UnsettledShape)
	s.Down.recall(p.Guard.UnsettledTail, p.Guard.UnsettledShape)
	s.unsettleCharts(p, p.Guard.SettledCharts)
	for i := range s.Burst {
		s.Burst[i] = newTail(p.Storms.Prior, p.Charts.Shape)
	}
}

func (s *series) unsettleCharts(p *params, keep float32) {
	for i := range s.Persist {
		q := s.Persist[i].Q * keep
		s.Persist[i] = newTail(p.Charts.Prior[i], p.Charts.Shape)
		s.Persist[i].Q = max(s.Persist[i].Q, q)
	}
}
