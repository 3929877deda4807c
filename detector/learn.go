package detector

import "math"

// Memories. Errors of forecasts are remembered over 500 samples, the long level
// over two days; an odd sample moves the long level by a tenth only.
const (
	errorMemory = 0.002
	longMemory  = 2 * 86400 // seconds
	oddTeaches  = 0.1
	teachYouth  = 500 // samples
)

func clip(e, most float64) float64 { return min(max(e, -most), most) }

// learn takes the sample into forecasts, errors and profile. Rates are 1/n
// while the series is young. What a single sample may teach is clipped.
func (s *series) learn(k *look, p *params, d *daily) {
	young := 1 / (float64(s.N) + 1)
	teach := s.teaching(k, p)
	s.learnErrors(k, d, max(1/(float64(s.Fresh)+1), errorMemory)*teach)
	s.remember(k, teach)
	most := math.Inf(1)
	if s.N >= youth {
		most = 5*k.scale + 3*float64(s.LongScale)
	}
	mid := most
	if teach == 1 {
		mid = math.Inf(1)
	}
	s.Fast += max(young, 0.3) * (k.x - s.Fast)
	s.Mid += max(young, 0.06) * clip(k.x-s.Mid, mid)
	s.Slow += max(young, 0.01) * clip(k.x-s.Slow, most)
	s.Level += max(young, 0.05) * clip(k.x-k.season-s.Level, most)

	dev := k.x - k.anchor
	if s.N >= youth {
		dev = clip(dev, 3*float64(s.LongScale)+k.scale)
	}
	if d != nil {
		d.learn(k.day, dev, teach == 1)
	}
	slow := max(young, min(0.01, float64(s.Step)/longMemory))
	if k.odd {
		slow *= oddTeaches
	}
	if s.Drift[0] > 0 && s.N < runYouth {
		slow *= 0.5
	}
	s.Long += slow * dev
	s.LongScale += float32(slow * (math.Abs(dev) - float64(s.LongScale)))
	s.X1, s.Season = k.x, k.season
	if s.N < math.MaxUint32 {
		s.N++
	}
	if s.Fresh < math.MaxUint16 {
		s.Fresh++
	}
}

// teaching returns the share of its weight with which the sample teaches errors
// and range: little when it is odd or belongs to an open episode, so that what
// was normal before is still known after the recovery. An episode that has
// lasted for as long as a new level takes to be learned teaches in full, for its
// noise has come to stay, and to a young series nearly all is new.
func (s *series) teaching(k *look, p *params) float64 {
	if !k.odd && !s.has(flagOpen) {
		return 1
	}
	if s.has(flagOpen) && k.t-s.EpisodeSince >= p.relearnAfter {
		return 1
	}
	return max(oddTeaches, 1-float64(s.N)/teachYouth)
}

// learnErrors moves the experts' mean errors, each freed of what the time of
// day does to it.
func (s *series) learnErrors(k *look, d *daily, rate float64) {
	if k.gap {
		return
	}
	even := 1 / (k.spread * k.fine)
	move := func(err *float32, forecast float64) {
		e := math.Abs(k.x-forecast) * even
		if s.Fresh > youth {
			e = min(e, 5*float64(*err)+0.1*k.scale)
		}
		*err += float32(rate * (e - float64(*err)))
	}
	if d != nil && s.MixErr > 0 {
		d.learnSpread(k.day, math.Abs(k.x-k.expected)/(k.fine*float64(s.MixErr)))
	}
	for i := range s.Err {
		move(&s.Err[i], k.forecast[i])
	}
	move(&s.MixErr, k.expected)
}

// remember keeps the range and how often the value changes.
func (s *series) remember(k *look, teach float64) {
	if k.x < 0 {
		s.set(flagNegative)
	}
	if teach == 1 {
		shrink := 0.001 * (s.Hi - s.Lo)
		s.Hi = max(k.x, s.Hi-shrink)
		s.Lo = min(k.x, s.Lo+shrink)
	} else if !s.has(flagOpen) {
		s.Hi, s.Lo = max(s.Hi, min(k.x, k.upper)), min(s.Lo, max(k.x, k.lower))
	}
	changed := float32(0)
	if k.x != s.X1 {
		s.Calm.learn(float64(s.Still)+1, calmFloor, tailWeight)
		s.Still, changed = 0, 1
		if s.Changes < math.MaxUint32 {
			s.Changes++
		}
	} else if s.Still < math.MaxUint32 {
		s.Still++
	}
	s.ChangeRate += float32(max(1/(float64(s.N)+1), 2*errorMemory)) * (changed - s.ChangeRate)
}

// measure learns the quantum before the sample is judged by it.
func (s *series) measure(x float64) {
	d := math.Abs(x - s.X1)
	if s.N == 0 || d <= 1e-9*math.Abs(x) {
		return
	}
	if s.Quantum == 0 || d < s.Quantum {
		s.Quantum = d
	}
}

// reflect lets charts and tails learn from the judged sample. Within an episode,
// and in a run that counts, the tails of residuals do not: excesses that follow
// one another are one.
func (s *series) reflect(k *look) {
	up, down := max(k.x-k.high, 0)/k.scale, max(k.low-k.x, 0)/k.scale
	going := s.runs(k)
	s.learnRun(up, down)
	if !k.gap && !s.has(flagOpen) && (!going || s.Run == 0) {
		// Both sides learn from both, the other side's at half its size:
		// series with few samples have too few excesses for two tails.
		s.Up.learn(max(up, 0.5*down), 1, tailWeight)
		s.Down.learn(max(down, 0.5*up), 1, tailWeight)
	}
	dev, _ := s.deviation(k)
	for i := range s.Chart {
		w := min(chartWindow[i], float64(s.N)+1)
		s.Chart[i] += float32((dev - float64(s.Chart[i])) / w)
		size := float32(math.Abs(float64(s.Chart[i])))
		if size <= s.Persist[i].Q {
			s.Drift[i] = 0
		} else if s.Drift[i] < math.MaxUint8 {
			s.Drift[i]++
		}
		s.Most[i] = max(s.Most[i], size)
		if s.N%uint32(chartWindow[i]) == 0 {
			s.Persist[i].learn(float64(s.Most[i]), 0.5*chartPrior[i], chartWeight)
			s.Most[i] = 0
		}
	}
}
