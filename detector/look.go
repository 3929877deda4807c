package detector

import "math"

// look is one sample on its way through the pipeline: what was seen, what had
// been expected, and how odd it is. It lives on the stack.
type look struct {
	t    int64
	x    float64 // watched value
	dt   float64 // seconds since the sample before
	gap  bool    // more than three steps without a sample
	day  place   // where in the day
	past float64 // season forecast for this sample
	held float64 // the most that a forecast error may teach

	forecast [experts]float64
	best     uint8
	anchor   float64 // long level with season: what normal was before any incident
	scale    float64 // size of an ordinary forecast error
	low      float64 // ordinary values lie around [low, high]
	high     float64

	decades float64 // -log10 p of the most telling evidence
	kind    Kind
	lower   float64 // outside of [lower, upper] the sample is odd
	upper   float64
	score   float64
	odd     bool
}

// Guards and floors. A gap of more than gapSteps steps makes the last value a
// poor forecast. Samples closer together than looksApart seconds count as one
// look when probabilities are turned into alarms per hour: an episode outlives
// several of them.
const (
	gapSteps    = 3
	looksApart  = 15
	secondsHour = 3600
)

// looksPerHour returns how many samples of this series make an hour.
func (s *series) looksPerHour() float64 {
	return secondsHour / max(float64(s.Step), looksApart)
}

// predict fills the forecasts, the scale and the range of ordinary values.
func (s *series) predict(k *look, d *daily) {
	k.past = 0
	if d != nil {
		k.day = placeOf(k.t, float64(s.Step))
		k.past = d.at(k.day)
	}
	k.forecast = [experts]float64{
		s.X1, s.Fast, s.Mid, s.Slow,
		s.Level + k.past,
		s.X1 + k.past - s.Season,
	}
	k.best = 0
	for i := uint8(1); i < experts; i++ {
		if s.Err[i] < s.Err[k.best] {
			k.best = i
		}
	}
	if d == nil && k.best > 3 {
		k.best = 0
	}
	k.anchor = s.Long + k.past
	expected := k.forecast[k.best]
	k.scale = s.scale(k)
	k.low, k.high = expected, expected
	if s.recovering(k.t) {
		k.low, k.high = min(expected, k.anchor), max(expected, k.anchor)
	}
}

// scale returns the mean absolute error of the chosen forecast, not smaller
// than what rounding, rare changes and counting allow, and wider after a gap.
func (s *series) scale(k *look) float64 {
	size := max(math.Abs(s.Slow), math.Abs(s.X1))
	floor := 1e-4*size + 0.01*float64(s.LongScale) + 0.02*(s.Hi-s.Lo)
	// A series that hardly ever changes has shown no noise to measure by:
	// until it does, five percent of its value are taken for no change.
	if still := 1 - 20*float64(s.ChangeRate); still > 0 {
		floor += 0.05 * size * still
	}
	// Counting noise: a value made of few units of size Quantum varies by the
	// square root of their number (Poisson). Two-valued series are not counts.
	if q := s.Quantum; q > 0 && (s.Changes >= 3 || s.X1 == 0) && max(s.Hi, k.x)-min(s.Lo, k.x) > 1.5*q {
		units := min(max(math.Abs(k.anchor), math.Abs(s.X1))/q, 25)
		floor = max(floor, 0.8*q*math.Sqrt(max(units, 1)))
	}
	err := float64(s.Err[k.best])
	// The error of a young series is itself uncertain.
	err *= 1 + 6/float64(max(s.N, 1))
	if k.gap {
		err *= math.Sqrt(min(k.dt/float64(s.Step), 100))
	}
	return max(err+floor, math.SmallestNonzeroFloat32)
}

// recovering reports whether an episode is open or ended a short while ago, in
// which case the way back to the level before it is not odd.
func (s *series) recovering(t int64) bool {
	if s.has(flagOpen) {
		return true
	}
	return s.EpisodeEnd != 0 && float64(t-s.EpisodeEnd) < 60*1000*float64(s.Step)
}

// learn takes the sample into the forecasts and memories.
func (s *series) learn(k *look, d *daily) {
	n := float64(s.N)
	rate := func(a float64) float64 { return max(1/(n+1), a) }
	// Errors of the experts, clipped so that one incident does not widen them.
	a := rate(errorMemory)
	for i := range s.Err {
		e := math.Abs(k.x - k.forecast[i])
		if old := float64(s.Err[i]); n > 10 {
			e = min(e, 5*old+0.1*k.scale)
		}
		if k.gap {
			continue
		}
		s.Err[i] += float32(a * (e - float64(s.Err[i])))
	}
	s.remember(k)
	clip := func(e, most float64) float64 { return min(max(e, -most), most) }
	most := 5 * k.scale
	if n < 10 {
		most = math.Inf(1)
	}
	s.Fast += rate(0.3) * (k.x - s.Fast)
	s.Mid += rate(0.06) * (k.x - s.Mid)
	s.Slow += rate(0.01) * clip(k.x-s.Slow, most+3*float64(s.LongScale))
	s.Level += rate(0.05) * clip(k.x-k.past-s.Level, most+3*float64(s.LongScale))

	dev := k.x - k.anchor
	if n >= 10 {
		wide := 3*float64(s.LongScale) + k.scale
		dev = clip(dev, wide)
	}
	if d != nil {
		d.learn(k.day, dev)
	}
	slow := rate(min(0.01, float64(s.Step)/longMemory))
	if k.odd {
		slow *= oddTeaches
	}
	s.Long += slow * dev
	s.LongScale += float32(slow * (math.Abs(dev) - float64(s.LongScale)))
	s.X1, s.Season = k.x, k.past
	if s.N < math.MaxUint32 {
		s.N++
	}
}

// Memories: errors of forecasts over 250 samples, the long level over two days.
const (
	errorMemory = 0.004
	longMemory  = 2 * 86400
	oddTeaches  = 0.1 // weight of an odd sample in the long level
)

// remember keeps range, quantum and how often the value changes.
func (s *series) remember(k *look) {
	if s.N == 0 {
		s.Hi, s.Lo = k.x, k.x
		return
	}
	shrink := 0.001 * (s.Hi - s.Lo)
	s.Hi = max(k.x, s.Hi-shrink)
	s.Lo = min(k.x, s.Lo+shrink)
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
	s.ChangeRate += float32(max(1/(float64(s.N)+1), errorMemory)) * (changed - s.ChangeRate)
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
