package detector

import "math"

// A step outside of [stepLeast, stepMost] of the usual one is another step; it
// is believed when it has come stepRuns times in a row.
const (
	stepLeast = 0.6
	stepMost  = 1.6
	stepRuns  = 8
)

// learnStep follows the distance between samples: small wander at once, another
// step only when it has come several times in a row. Until then a rate over a
// shorter time is allowed its larger noise sample by sample.
func (s *series) learnStep(k *look) {
	step := float64(s.Step)
	if step == 0 {
		s.Step = float32(k.dt)
		s.Looks = float32(math.Log10(s.looksPerHour()))
		return
	}
	k.gap = k.dt > gapSteps*step
	missed := float32(0)
	if k.gap {
		missed = 1
	}
	s.GapShare += errorMemory * (missed - s.GapShare)
	if k.dt > stepLeast*step && k.dt < stepMost*step {
		s.StepRun = 0
		if s.Step += float32(0.02 * (k.dt - step)); s.N%64 == 0 {
			s.Looks = float32(math.Log10(s.looksPerHour()))
		}
		return
	}
	s.StepRun++
	if s.StepRun >= stepRuns {
		s.changeStep(k.dt)
		return
	}
	if s.counter() && k.dt < step {
		k.fine = math.Sqrt(min(step/k.dt, stepNoise))
	}
}

// stepNoise bounds how much finer steps are taken to raise the variance of a
// rate.
const stepNoise = 1000

// changeStep takes another step as the series' own. What is remembered by
// samples is remembered by another span of time from here on, so that errors
// and tails have to be learned anew; the noise of a rate is first taken to grow
// as that of a count does, by the root of what the step shrinks.
func (s *series) changeStep(dt float64) {
	finer := float64(s.Step) / dt
	s.Step, s.StepRun = float32(dt), 0
	s.Looks = float32(math.Log10(s.looksPerHour()))
	s.unsettle()
	if finer < 1 {
		return
	}
	s.Calm.Q *= float32(finer)
	if !s.counter() {
		return
	}
	more := min(finer, stepNoise)
	s.Quantum *= float32(finer)
	s.LongScale = float32(math.Sqrt(float64(s.LongScale)*float64(s.LongScale) + (more-1)*float64(s.MixErr)*float64(s.MixErr)))
	root := float32(math.Sqrt(more))
	s.MixErr *= root
	for i := range s.Err {
		s.Err[i] *= root
	}
}

// unsettled is what Fresh starts from when noise is to be learned anew but not
// from nothing; unsettledTail and unsettledShape are the values and excesses
// that tails remember then.
const (
	unsettled      = 8
	unsettledTail  = 100
	unsettledShape = 10
)

// unsettle lets errors and tails be learned quickly again. Charts start from
// their prior unless they have learned to be wider than that.
func (s *series) unsettle() {
	s.Fresh = min(s.Fresh, unsettled)
	for _, a := range []*tail{&s.Up, &s.Down, &s.Calm} {
		a.recall(unsettledTail, unsettledShape)
	}
	s.unsettleCharts(1)
}

// settle lets tails be learned anew once the season is known: what the first
// days were odd by is not what the series is odd by from here on. Charts start
// from half of what they have learned.
func (s *series) settle() {
	s.Up.recall(unsettledTail, unsettledShape)
	s.Down.recall(unsettledTail, unsettledShape)
	s.unsettleCharts(0.5)
	for i := range s.Burst {
		s.Burst[i] = newTail(stormPrior)
	}
}

func (s *series) unsettleCharts(keep float32) {
	for i := range s.Persist {
		q := s.Persist[i].Q * keep
		s.Persist[i] = newTail(chartPrior[i])
		s.Persist[i].Q = max(s.Persist[i].Q, q)
	}
}
