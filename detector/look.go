package detector

import "math"

// look is one sample on its way through the pipeline: what was seen, what had
// been expected, and how odd it is. It lives on the stack.
type look struct {
	t   int64
	x   float64 // watched value
	dt  float64 // seconds since the sample before
	gap bool    // more than gapSteps steps without a sample
	// fine is by how much noise is larger than at the series' step: a rate taken
	// over a fraction of the step counts so much less.
	fine float64
	day  place // where in the day

	season   float64 // the day's offset at this time
	spread   float64 // size of errors at this time of day, relative to the day's
	forecast [experts]float64
	expected float64 // mixture of the forecasts
	anchor   float64 // long level with season: what was normal before any incident
	scale    float64 // size of an ordinary forecast error
	low      float64 // ordinary values lie around [low, high]
	high     float64

	decades float64 // -log10 p of the most telling evidence
	kind    Kind
	lower   float64 // outside of [lower, upper] the sample is odd
	upper   float64
	score   float64
	odd     bool

	share  float64 // powers of ten that the series owes to its service
	rarity float32 // log10 of hours between samples as odd; notRare if not ready
}

// Guards. A gap of more than gapSteps steps makes the last value a poor
// forecast. Samples closer together than looksApart seconds count as one look
// when probabilities are turned into alarms per hour, and count accordingly
// when quiet samples are to close an episode.
const (
	gapSteps    = 3
	looksApart  = 15
	flock       = 2 // odd samples that come together, on average
	secondsHour = 3600
)

// looksPerHour returns how many chances for an alarm an hour of this series
// holds: its samples, divided by how many odd ones make one episode (the
// inverse of the extremal index of M. R. Leadbetter, 1983).
func (s *series) looksPerHour() float64 {
	return secondsHour / (flock * max(float64(s.Step), looksApart))
}

// logLooks returns log10 of looksPerHour, kept until the step has moved by half
// a percent.
func (s *series) logLooks() float64 {
	if math.Abs(float64(s.Step-s.LooksStep)) > 0.005*float64(s.Step) {
		s.LooksStep, s.LogLooks = s.Step, float32(math.Log10(s.looksPerHour()))
	}
	return float64(s.LogLooks)
}

// predict fills the forecasts, their mixture, the scale and the range of
// ordinary values. The experts are: the last value; exponential means over
// about 3, 17 and 100 samples; the level with the day's profile; the last value
// with the profile's change.
func (s *series) predict(k *look, d *daily) {
	k.season, k.spread = 0, 1
	if d != nil {
		k.day = placeOf(k.t, float64(s.Step))
		k.season, k.spread = d.at(k.day), d.spread(k.day)
	}
	k.forecast = [experts]float64{s.X1, s.Fast, s.Mid, s.Slow, s.Level + k.season, s.X1 + k.season - s.Season}
	k.expected = s.mix(k, d != nil)
	k.anchor = s.Long + k.season
	k.scale = s.scale(k)
	k.low, k.high = k.expected, k.expected
	s.goBack(k)
	if s.recovering(k.t) {
		k.low, k.high = min(k.expected, k.anchor), max(k.expected, k.anchor)
	}
	if !s.has(flagNegative) {
		k.expected, k.low, k.high = max(k.expected, 0), max(k.low, 0), max(k.high, 0)
	}
}

// mix weighs each expert by the inverse fourth power of its recent error, so
// that the best leads and those near to it steady it.
func (s *series) mix(k *look, seasonal bool) float64 {
	n := experts
	if !seasonal {
		n -= 2
	}
	if s.N <= youth {
		return k.forecast[0]
	}
	at, best := 0, s.Err[0]
	for i, e := range s.Err[1:n] {
		if e < best {
			at, best = i+1, e
		}
	}
	if best == 0 {
		return k.forecast[0]
	}
	if s.runs(k) {
		return k.forecast[s.steadiest(at)]
	}
	var sum, weight float64
	for i := range n {
		w := float64(best / s.Err[i])
		w *= w
		w *= w
		sum, weight = sum+w*k.forecast[i], weight+w
	}
	return sum / weight
}

// youth is the number of samples before which nothing is clipped.
const youth = 10

// scale returns the mean absolute error of the forecast, not smaller than what
// rounding, rare changes and counting allow, and wider after a gap.
func (s *series) scale(k *look) float64 {
	size := max(math.Abs(s.Slow), math.Abs(s.X1))
	floor := 1e-4*size + 0.12*float64(s.LongScale) + 0.02*(s.Hi-s.Lo)
	// A series that hardly ever changes has shown no noise to measure by:
	// until it does, five percent of its value are taken for no change.
	if still := 1 - 20*float64(s.ChangeRate); still > 0 {
		floor += 0.05 * size * still
	}
	// Counting noise: a value made of few units of size Quantum varies by the
	// square root of their number (Poisson). Two-valued series are not counts.
	if q := s.Quantum * k.fine * k.fine; q > 0 && (s.Changes >= 3 || s.X1 == 0) && max(s.Hi, k.x)-min(s.Lo, k.x) > 1.5*q {
		units := min(max(math.Abs(k.anchor), math.Abs(s.X1))/q, 25)
		floor = max(floor, 0.8*q*math.Sqrt(max(units, 1)))
	}
	// The error of a young series is itself uncertain.
	err := float64(s.MixErr) * k.spread * k.fine * (1 + 6/float64(max(s.Fresh, 1)))
	if k.gap {
		err *= math.Sqrt(min(k.dt/float64(s.Step), 100))
	}
	return max(err+floor, math.SmallestNonzeroFloat32)
}

// recoverySteps is how long after an episode the way back is still not odd.
const recoverySteps = 60

// recovering reports whether an episode is open or ended a short while ago, in
// which case returning to the level before it is not odd.
func (s *series) recovering(t int64) bool {
	if s.has(flagOpen) {
		return true
	}
	return s.EpisodeEnd != 0 && float64(t-s.EpisodeEnd) < recoverySteps*1000*float64(s.Step)
}
