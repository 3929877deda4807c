package detector

import "math"

// clip returns e within most on either side. Most samples need no clipping, and a branch
// that is always taken costs nothing, where the builtins keep what follows waiting.
func clip(e, most float64) float64 {
	if math.Abs(e) <= most {
		return e
	}
	return min(max(e, -most), most)
}

// atLeast and atMost are the builtins max and min for a number that is mostly within the
// bound. Those take a dozen instructions each, half of them in a row, for what is neither;
// a branch that is guessed right takes none. The sign of a zero may be another.
func atLeast[T float32 | float64](v, least T) T {
	if v < least {
		return least
	}
	return v
}

func atMost[T float32 | float64](v, most T) T {
	if v > most {
		return most
	}
	return v
}

// abs32 is math.Abs of a float32.
func abs32(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

// larger returns the larger of two numbers of which neither is below zero. Their bits are in
// the same order, and integers are compared without a branch, which would be guessed wrong
// each time that a window has just begun.
func larger(a, b float32) float32 {
	return math.Float32frombits(max(math.Float32bits(a), math.Float32bits(b)))
}

// larger64 is larger of two float64.
func larger64(a, b float64) float64 {
	return math.Float64frombits(max(math.Float64bits(a), math.Float64bits(b)))
}

// positive returns a number, 0 if it is below, also without a branch: half of what a series
// is off by lies on either side.
func positive(v float64) float64 {
	bits := math.Float64bits(v)
	return math.Float64frombits(bits &^ uint64(int64(bits)>>63))
}

// smaller returns the smaller of two such numbers.
func smaller(a, b float32) float32 {
	return math.Float32frombits(min(math.Float32bits(a), math.Float32bits(b)))
}

// learn takes the sample into forecasts, errors and profile. Rates are 1/n
// while the series is young. What a single sample may teach is clipped.
func (s *series) learn(p *params, k *look, d *page) {
	young := 1 / (float64(s.N) + 1)
	teach := s.teaching(p, k)
	if !k.gap && k.lesson {
		s.learnErrors(p, k, d, atLeast(p.Forecast.ErrorRate, 1/(float64(s.Fresh)+1))*teach, teach == 1)
	}
	s.remember(p, k, teach)
	most := math.Inf(1)
	if s.N >= p.Forecast.Youth {
		most = p.Forecast.LevelScales*k.scale + p.Forecast.LevelLong*float64(s.LongScale)
	}
	mid := most
	switch {
	case teach == 1:
		mid = math.Inf(1)
	case k.odd:
		mid = min(mid, k.scale) // so that it is soon back after a short incident
	}
	s.Fast += atLeast(p.Forecast.FastRate, young) * (k.x - s.Fast)
	s.Mid += atLeast(p.Forecast.MidRate, young) * clip(k.x-s.Mid, mid)
	s.Slow += atLeast(p.Forecast.SlowRate, young) * clip(k.x-s.Slow, most)
	s.Level += atLeast(p.Forecast.LevelRate, young) * clip(k.x-k.season-s.Level, most)
	s.learnLong(p, k, d, young, teach == 1)
	s.count(k)
}

// count takes the sample as the last one.
func (s *series) count(k *look) {
	s.X1 = k.x
	if s.N < math.MaxUint32 {
		s.N++
	}
	if s.Fresh < math.MaxUint16 {
		s.Fresh++
	}
}

// learnLong moves the long level, its scale and the page.
func (s *series) learnLong(p *params, k *look, d *page, young float64, ordinary bool) {
	dev := k.x - k.anchor
	// The range lets a trend teach that is slow against the noise.
	most := p.Forecast.LongClip*float64(s.LongScale) + k.scale + p.Forecast.RangeTeaches*float64(s.Hi-s.Lo)
	if s.N >= p.Forecast.Youth {
		dev = clip(dev, most)
	}
	slow := atLeast(s.longRate(p), young)
	if k.turn {
		if s.BeforeTime != 0 {
			k.moved = s.Long - s.Before
		}
		if s.fractional(p, k) && !d.first() {
			d.learn(p, k, 0, 0, false)
		} else {
			k.taught = s.lately(p, k)
			taught := k.taught
			if s.N >= p.Forecast.Youth {
				taught = clip(taught, most)
			}
			d.learn(p, k, taught, most, ordinary)
			d.learnEbb(p, s, k, ordinary)
		}
		s.note(flagFirst, d.first())
	}
	if d != nil && s.has(flagFirst) {
		slow = 0 // this time of day was not known: all of it is the profile's
	}
	if k.odd {
		slow *= p.Forecast.OddTeaches
	}
	if s.Drift[0] > 0 && s.N < p.Runs.Youth {
		slow *= p.Forecast.DriftTeaches
	}
	s.Long += slow * dev
	s.LongScale += float32(slow * (math.Abs(dev) - float64(s.LongScale)))
}

// longRate returns how much of the long level a sample replaces once a series has
// had as many samples as that takes.
func (s *series) longRate(p *params) float64 {
	return atMost(float64(s.Step)*p.longShare, p.Forecast.LongRate)
}

// teaching returns the share of its weight with which the sample teaches errors
// and range: little when it is odd or belongs to an open episode, so that what
// was normal before is still known after the recovery. An episode that has
// lasted for as long as a new level takes to be learned teaches in full, for its
// noise has come to stay, and to a young series nearly all is new.
func (s *series) teaching(p *params, k *look) float64 {
	if !k.odd && !s.has(flagOpen) {
		return 1
	}
	if s.has(flagOpen) && k.t-s.EpisodeSince >= p.relearnAfter {
		return 1
	}
	return max(p.Forecast.OddTeaches, 1-float64(s.N)/p.Forecast.TeachYouth)
}

// learnErrors moves the experts' mean errors, each freed of what the time of
// day and the level do to it.
func (s *series) learnErrors(p *params, k *look, d *page, rate float64, ordinary bool) {
	if !k.turn {
		s.clear(flagEven) // which holds by errors as they were
	} else {
		d.learnLeap(p, k, s.X1, pageStep(p, s.Step))
		if s.MixErr > 0 {
			d.learnSpread(p, k, math.Abs(k.x-k.expected)/(k.fine*k.power*float64(s.MixErr)), ordinary)
		}
	}
	if ordinary && s.MixErr > 0 {
		s.learnPower(p, &k.sight, d, k.x-k.high > k.scale*float64(s.Up.Q) || k.low-k.x > k.scale*float64(s.Down.Q), rate)
	}
	s.moveErrors(p, &k.sight, rate)
}

// moveErrors moves the experts' mean errors and that of their mixture.
func (s *series) moveErrors(p *params, k *sight, rate float64) {
	even, slack := float32(1/(k.spread*k.power*k.fine)), float32(p.Forecast.ErrorSlack*k.scale)
	r, clipped := float32(rate), uint32(s.Fresh) > p.Forecast.Youth
	for i := range s.Err {
		e := float32(math.Abs(k.x-k.forecast[i])) * even
		if clipped {
			e = smaller(e, p.Forecast.ErrorClip*s.Err[i]+slack)
		}
		s.Err[i] += r * (e - s.Err[i])
	}
	e := float32(math.Abs(k.x-k.expected)) * even
	if clipped {
		e = smaller(e, p.Forecast.ErrorClip*s.MixErr+slack)
	}
	s.MixErr += r * (e - s.MixErr)
}

// remember keeps the range and how often the value changes.
func (s *series) remember(p *params, k *look, teach float64) {
	x := float32(k.x)
	if x < 0 {
		s.set(flagNegative)
	}
	if teach == 1 {
		s.rememberRange(p, k.x)
	} else if !s.has(flagOpen) && k.lower <= k.upper {
		s.Hi, s.Lo = max(s.Hi, float32(min(k.x, k.upper))), min(s.Lo, float32(max(k.x, k.lower)))
	}
	s.rememberChange(p, k.x)
}

// rememberRange lets the range follow a value that teaches in full. It comes back only
// when the value changes: while it does not, nothing says that the range is another.
func (s *series) rememberRange(p *params, v float64) {
	x, shrink := float32(v), float32(0)
	if v != s.X1 {
		shrink = p.Forecast.RangeShrink * (s.Hi - s.Lo)
	}
	if s.Hi -= shrink; x > s.Hi {
		s.Hi = x
	}
	if s.Lo += shrink; x < s.Lo {
		s.Lo = x
	}
}

// rememberChange keeps how often the value changes, and for how long it does not.
func (s *series) rememberChange(p *params, x float64) {
	changed := float32(0)
	if x != s.X1 {
		if n := float32(s.Still) + 1; n <= s.Calm.Q && !s.seldom(p) {
			s.Calm.below(p, p.calmFloor)
		} else {
			s.learnStill(p, n)
		}
		s.Still, changed = 0, 1
		if s.Changes < math.MaxUint32 {
			s.Changes++
		}
	} else if s.Still < math.MaxUint32 {
		s.Still++
	}
	rate := p.Evidence.ChangeRate
	if s.N < p.changeYouth {
		rate = 1 / (float32(s.N) + 1)
	}
	s.ChangeRate += rate * (changed - s.ChangeRate)
}

// measure learns the quantum before the sample is judged by it.
func (s *series) measure(x float64) {
	d := math.Abs(x - s.X1)
	if q := float32(d); (q < s.Quantum || s.Quantum == 0) && s.N != 0 && d > 1e-9*math.Abs(x) {
		s.Quantum = q
	}
}

// spread moves the residual of a small count by up to half of the distance between two counts, each
// sample by another part of it: counts of one that all lie at the quantile, or just
// beyond it, would show a tail that ends there, and two be as rare as ten.
func (s *series) spread(p *params, k *look, off float32) float32 {
	const turn = 2654435769 // of 2^32: the golden section, by which parts lie evenly
	if off == 0 {
		return 0
	}
	part := float64((s.N+1)*turn)/(1<<32) - 0.5
	return larger(off+float32(part*p.Scale.CountSpread*k.part/(p.Scale.CountPart*k.scale)), 0)
}

// reflect lets charts and tails learn from the judged sample. Within an episode,
// and in a run that counts, the tails of residuals do not: excesses that follow
// one another are one.
func (s *series) reflect(p *params, k *look) {
	up, down := float32(k.above), float32(k.below)
	going := s.runs(p, k.gap)
	s.learnRun(p, up, down)
	if k.part > 0 {
		up, down = s.spread(p, k, up), s.spread(p, k, down)
	}
	if !k.gap && !s.has(flagOpen) && (!going || s.Run == 0) {
		// Both sides learn from both, the other side's at half its size:
		// series with few samples have too few excesses for two tails.
		s.Up.learn(p, larger(up, p.Tail.OtherSide*down), p.Tail.Floor, p.Tail.Weight)
		s.Down.learn(p, larger(down, p.Tail.OtherSide*up), p.Tail.Floor, p.Tail.Weight)
	}
	s.learnCharts(p, k)
}

// lately returns what the series has been off its normal value by in the last minutes,
// where samples come so often that one of them is chance and the mean over some of them
// lies within the time between two lessons; else what the sample is off by. A sample that
// is far from the mean of those before it, as after a leap, stands for itself, and so does
// one of a series that seldom changes, of which nearly all samples are what is normal.
// It is the mean of values and not of what they were off by, which what is learned moves.
func (s *series) lately(p *params, k *look) float64 {
	f, off := &p.Forecast, k.x-k.anchor
	if s.ChangeRate < p.Evidence.RarelyChanges {
		return off
	}
	most := float64(p.Glide.Every) / float64(s.Step) // samples
	mean := k.x
	switch {
	case f.SlowRate*most >= 1:
		mean = s.Slow
	case f.MidRate*most >= 1:
		mean = s.Mid
	case f.FastRate*most >= 1:
		mean = s.Fast
	}
	if math.Abs(mean-k.x) >= p.Glide.LatelyNear*k.unit {
		return off
	}
	return mean - k.anchor
}
