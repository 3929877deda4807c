package detector

import "math"

// learnStep follows the distance between samples: small wander at once, another
// step only when it has come several times in a row. Until then a rate over a
// shorter time is allowed its larger noise sample by sample.
func (s *series) learnStep(p *params, k *glance) {
	step := float64(s.Step)
	if step == 0 {
		s.Step = float32(k.dt)
		s.Looks = float32(math.Log10(s.looksPerHour(p)))
		return
	}
	k.gap = k.dt > p.Guard.GapSteps*step
	missed := float32(0)
	if k.gap {
		missed = 1
	}
	s.GapShare += float32(p.Forecast.ErrorRate) * (missed - s.GapShare)
	if k.dt > p.Guard.StepLeast*step && k.dt < p.Guard.StepMost*step {
		s.StepRun = 0
		if s.Step += float32(p.Guard.StepRate * (k.dt - step)); s.N%64 == 0 {
			s.Looks = float32(math.Log10(s.looksPerHour(p)))
		}
		return
	}
	s.StepRun++
	if s.StepRun >= p.Guard.StepRuns {
		s.changeStep(p, k.dt)
		return
	}
	if s.counter() && k.dt < step {
		k.fine = math.Sqrt(min(step/k.dt, p.Guard.StepNoise))
	}
}

// changeStep takes another step as the series' own. What is remembered by
// samples is remembered by another span of time from here on, so that errors
// and tails have to be learned anew; the noise of a rate is first taken to grow
// as that of a count does, by the root of what the step shrinks.
func (s *series) changeStep(p *params, dt float64) {
	finer := float64(s.Step) / dt
	s.Step, s.StepRun = float32(dt), 0
	s.Looks = float32(math.Log10(s.looksPerHour(p)))
	s.unsettle(p)
	if finer < 1 {
		return
	}
	s.Calm.Q *= float32(finer)
	if !s.counter() {
		return
	}
	more := min(finer, p.Guard.StepNoise)
	s.Quantum *= float32(finer)
	s.LongScale = float32(math.Sqrt(float64(s.LongScale)*float64(s.LongScale) + (more-1)*float64(s.MixErr)*float64(s.MixErr)))
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
		s.Burst[i] = newChartTail(p, p.Storms.Prior)
	}
}

func (s *series) unsettleCharts(p *params, keep float32) {
	for i := range s.Persist {
		q := s.Persist[i].Q * keep
		s.Persist[i] = newChartTail(p, p.Charts.Prior[i])
		s.Persist[i].Q = max(s.Persist[i].Q, q)
	}
}
