package detector

import (
	"math"
	"slices"
)

// glance is what the guards know of a sample, and all that one which glides needs
// beside its series: most end with it.
type glance struct {
	t  int64   // ms
	x  float64 // watched value
	dt float64 // seconds since the sample before
	// fine is by how much noise is larger than at the series' step: a rate taken
	// over a fraction of the step counts so much less.
	fine float64
	gap  bool // more than Guard.GapSteps steps without a sample
	seen bool // and found to be no plainly ordinary lesson; see series.strides
}

// from takes over a glance field by field: fields that have just been written one by one
// can be read so at once, but a copy, which reads two at a time, waits until they have
// reached the cache.
func (k *glance) from(g *glance) {
	k.t, k.x, k.dt, k.fine, k.gap, k.seen = g.t, g.x, g.dt, g.fine, g.gap, g.seen
}

// sight is a sample with what is expected of it: all that one which strides needs.
type sight struct {
	glance
	turn   bool // the page is read and taught by this sample; see series.turns
	lesson bool // errors of forecasts learn from it; see glide.go

	season   float64 // offset of day, week and hour at this time
	spread   float64 // size of errors at this time of day, relative to the day's
	power    float64 // the same of errors at this level, relative to the typical one
	forecast [experts]float64
	expected float64 // mixture of the forecasts
	err      float64 // mean error of what made it
	anchor   float64 // long level with season: what was normal before any incident
	scale    float64 // size of an ordinary forecast error
	// floorLong and floorRange are what is left at this level of floors of the scale.
	floorLong, floorRange float64
}

// look is one sample on its way through the pipeline: what was seen, what had
// been expected, and how odd it is. It lives on the stack.
type look struct {
	sight
	full   bool    // the band is asked for
	open   bool    // an episode was open before it
	lasted int     // minutes for which it has been, below 0 if it was told; see series.lasted
	span   float64 // seconds since the sample of the turn before
	share  float64 // powers of ten that the series owes to its service
	zone   int64   // seconds by which local time is ahead of UTC

	place    place      // where in day, week and hour
	day      float64    // the day's part of the season
	week     float64    // what the week's part is or would be
	hour     float64    // what the hour's part is or would be
	before   float64    // season when the page was last read
	moved    float64    // by how much another level was taken as normal, which may be gone back from
	shrinks  float64    // which part of the level before one is that was taken as normal, 0 for none
	leap     float64    // by how much the season has moved since the sample before
	part     float64    // of a count, by which a residual counts for less
	closer   float64    // log10 of chances within a look
	taught   float64    // deviation from the normal value that the calendar learns, not clipped
	unit     float64    // size of an ordinary deviation from the long level
	edge     edge       // how far the anchor may be ahead of an edge of the day, or behind
	recurs   recurrence // what happens every day, or each week, at this time, 0 for none
	excused  bool       // unusual by nothing else: not to be told
	withheld bool       // and it has opened an episode, which was not told
	dev      float64    // deviation from the long level, beyond an edge near by, in units, clipped
	low      float64    // ordinary values lie around [low, high]
	high     float64
	above    float64 // how far the sample lies beyond high, in scales, 0 if it does not
	below    float64 // the same of low

	decades float64      // -log10 p of the most telling evidence, with what is new in shape
	point   float64      // evidence of this sample alone, before what is held against it
	novel   float64      // what a new shape adds
	ebb     float64      // powers of two by which the mean is less than normal, 0 where it is hardly
	drifts  [charts]bool // charts that are odd, however long they have been
	gusts   [storms]bool // the same of storms
	need    float64      // evidence from which the sample is odd
	habit   float64      // part of need that the series' own past has raised
	kind    Kind

	upShape, downShape keptShape // of the tails that evidence and band ask for
	chartShape         [charts]keptShape
	stormShape         [storms]keptShape
	lower              float64 // outside of [lower, upper] the sample is odd; NaN if not asked for
	upper              float64
	rarity             float32 // log10 of hours between samples as odd; notRare if not ready
	odd                bool
}

// Guards. A gap of more than gapSteps steps makes the last value a poor
// forecast. Samples closer together than looksApart seconds count as one look
// when probabilities are turned into alarms per hour, and count accordingly
// when quiet samples are to close an episode.
const (
	secondsHour = 3600
)

// looksPerHour returns how many chances for an alarm an hour of this series
// holds: its samples, divided by how many odd ones make one episode (the
// inverse of the extremal index of M. R. Leadbetter, 1983): two while the step is
// short against a disturbance, one when it is long. Tails that have seen little
// take what is rare for rarer than it is: so many more chances are reckoned with.
func (s *series) looksPerHour(p *params) float64 {
	return looksPerHour(p, float64(s.Step)) * s.chances(p)
}

// looks returns log10 of looksPerHour.
func (s *series) looks(p *params) float32 {
	// Series are mostly sampled each so many whole seconds, and their samples one look each.
	if whole := int(s.Step); whole < len(p.wholeLooks) && float32(whole) == s.Step && float64(s.Step) >= p.Evidence.LooksApart {
		return p.wholeLooks[whole]
	}
	return float32(math.Log10(s.looksPerHour(p)))
}

// looksPerHour is the same for a step in seconds.
func looksPerHour(p *params, step float64) float64 {
	step = min(max(step, p.Evidence.LooksApart), p.Guard.FarApart)
	return p.Evidence.LooksMore * secondsHour / (step * (1 + (p.Evidence.FlockMost-1)*math.Exp(-step/p.Evidence.FlockLasts)))
}

// chances returns how many chances to alarm lie within one look. Samples that are
// farther apart than looks are one each. Of those that are closer the share that
// goes on with what the one before was odd by (Again, the runs estimator of the
// extremal index) is no further chance, and of the others a power is: nor are those
// independent, only not alike enough to be seen.
func (s *series) chances(p *params) float64 { return math.Pow(s.apart(p), p.Evidence.LooksCloser) }

// apart returns how many samples within one look do not go on with the one before.
func (s *series) apart(p *params) float64 {
	if step := float64(s.Step); step > 0 && step < p.Evidence.LooksApart {
		return 1 + (p.Evidence.LooksApart/step-1)*(1-float64(s.Again))
	}
	return 1
}

// closer returns log10 of chances.
func (s *series) closer(p *params) float64 {
	if n := s.apart(p); n > 1 {
		return p.Evidence.LooksCloser * math.Log10(n)
	}
	return 0
}

// predict fills the forecasts, their mixture, the scale and the range of
// ordinary values. The experts are: the last value; exponential means over
// about 3, 17 and 100 samples; the level with the season; the last value with
// the season's change, as far as such changes have come true.
func (s *series) predict(p *params, k *look, d *page) {
	k.season, k.spread, k.leap = 0, 1, 0
	if k.turn {
		k.before = float64(s.Season)
		d.season(p, k, float64(s.Step), float64(s.MixErr), s.Season)
		s.Season, s.Spread = float32(k.season), d.Spread[k.place.half]
	} else if d != nil {
		k.season, k.spread = float64(s.Season), 1+float64(s.Spread)/spreadUnit
	}
	s.foresee(&k.sight, k.leap)
	if d != nil && math.Abs(k.leap) > p.Calendar.SharpEdge*float64(s.MixErr) && !k.gap {
		s.Fast, s.Mid, s.Slow = s.Fast+k.leap, s.Mid+k.leap, s.Slow+k.leap
		s.foresee(&k.sight, k.leap)
		k.forecast[0] = s.X1 + k.leap
	}
	k.expected = s.mix(p, &k.sight, d != nil)
	k.anchor = s.Long + k.season
	s.readPower(p, &k.sight)
	k.scale = s.scale(p, &k.sight)
	if k.lesson && !s.runs(p, k.gap) { // that of a run is not that of the weights
		s.Scale = scaleOf(k.scale)
	}
	k.low, k.high = k.expected, k.expected
	if d != nil && s.ChangeRate < p.Evidence.RarelyChanges {
		// What a series nearly always shows is ordinary, whatever it shows now.
		k.low, k.high = min(k.low, s.Slow), max(k.high, s.Slow)
		if s.Lo == 0 {
			k.low = min(k.low, 0)
		}
	} else if s.mostlyZero(p, &k.sight) {
		k.low = min(k.low, 0) // after a count of two, too: that zero is back says nothing
	}
	if s.BeforeTime != 0 {
		s.goBack(p, k, d)
	}
	if k.edge = (edge{}); d != nil {
		s.meet(p, k, d)
	}
	if s.Flags&(flagOpen|flagAfter) != 0 && s.recovering(p, k.t) {
		k.low, k.high = min(k.low, k.anchor), max(k.high, k.anchor)
	}
	if !s.has(flagNegative) {
		k.expected, k.low, k.high = atLeast(k.expected, 0), atLeast(k.low, 0), atLeast(k.high, 0)
	}
	k.part = s.part(p, k)
	k.closer = s.closer(p)
	k.unit = float64(s.LongScale) + p.Scale.UnitScale*k.scale
	k.dev = clip(k.edge.beyond(k.x-k.anchor)/k.unit, p.Charts.Clip)
	if d != nil {
		s.excuse(p, k, d)
	}
}

// foresee fills the forecasts, one by one: an array that is put together elsewhere and
// copied is read before it has been written.
func (s *series) foresee(k *sight, leap float64) {
	f := &k.forecast
	f[0], f[1], f[2], f[3], f[4], f[5] = s.X1, s.Fast, s.Mid, s.Slow, s.Level+k.season, s.X1+leap
}

// mix weighs each expert by the inverse fourth power of its recent error, so
// that the best leads and those near to it steady it. During a run the steadiest
// alone is the forecast.
func (s *series) mix(p *params, k *sight, seasonal bool) float64 {
	k.err = float64(s.MixErr)
	if s.N <= p.Forecast.Youth {
		return k.forecast[0]
	}
	e, f := &s.Err, &k.forecast
	best := smaller(smaller(e[0], e[1]), smaller(e[2], e[3]))
	if seasonal {
		best = smaller(best, smaller(e[4], e[5]))
	}
	if best == 0 {
		s.Weights = [experts]uint8{1}
		return k.forecast[0]
	}
	if s.runs(p, k.gap) {
		at := s.steadiest(p, slices.Index(e[:], best))
		k.err = max(k.err, float64(s.Err[at])) // it errs more where a series wanders
		return k.forecast[at]
	}
	// Written out, this takes half of the time of a loop.
	a, b, c, d := fourthPower(best/e[0]), fourthPower(best/e[1]), fourthPower(best/e[2]), fourthPower(best/e[3])
	sum := float64(a)*f[0] + float64(b)*f[1] + float64(c)*f[2] + float64(d)*f[3]
	weight := float64(a) + float64(b) + float64(c) + float64(d)
	var g, h float32
	if seasonal {
		g, h = fourthPower(best/e[4]), fourthPower(best/e[5])
		sum, weight = sum+float64(g)*f[4]+float64(h)*f[5], weight+float64(g)+float64(h)
	}
	if k.lesson {
		s.Weights = [experts]uint8{byteOf(a), byteOf(b), byteOf(c), byteOf(d), byteOf(g), byteOf(h)}
	}
	return sum / weight
}

// fourthPower returns the fourth power.
func fourthPower(v float32) float32 {
	v *= v
	return v * v
}

// byteOf returns a weight from 0 to 1 in parts of the largest byte, rounded.
func byteOf(weight float32) uint8 { return uint8(weight*math.MaxUint8 + 0.5) }

// scale returns the mean absolute error of the forecast, not smaller than what
// rounding, rare changes and counting allow, and wider after a gap.
func (s *series) scale(p *params, k *sight) float64 {
	size := larger64(math.Abs(s.Slow), math.Abs(s.X1))
	fresh := float64(max(s.Fresh, 1))
	floor := p.Scale.FloorValue*size + k.floorLong*p.Scale.FloorLong*float64(s.LongScale) + k.floorRange*p.Scale.FloorRange*(1+p.Scale.FreshTimes*p.Scale.FloorFresh/(fresh+p.Scale.FloorFresh))*float64(s.Hi-s.Lo)
	// A series that hardly ever changes has shown no noise to measure by:
	// until it does, five percent of its value are taken for no change.
	if still := 1 - p.stillTimes*float64(s.ChangeRate); still > 0 {
		floor += p.Scale.StillFloor * size * still
	}
	// Counting noise: a value made of few units of size Quantum varies by the
	// square root of their number (Poisson), by what it has been on average and not by
	// its last value: a burst would be excused by its own beginning. Two-valued series
	// are not counts.
	if q := float64(s.Quantum) * k.fine * k.fine; q > 0 && (s.Changes >= p.Scale.CountChanges || s.X1 == 0) && atLeast(float64(s.Hi), k.x)-atMost(float64(s.Lo), k.x) > p.Scale.CountRange*q {
		if size := larger64(math.Abs(k.anchor), math.Abs(s.Slow)); floor < p.Scale.CountNoise*q*p.countsReach {
			floor = max(floor, p.Scale.CountNoise*q*math.Sqrt(max(min(size/q, p.Scale.CountMost), 1)))
		}
	}
	// The error of a young series is itself uncertain.
	err := k.err * k.spread * k.power * k.fine * (1 + p.Scale.Young/fresh)
	if k.gap {
		err *= math.Sqrt(min(k.dt/float64(s.Step), p.Scale.GapMost))
	}
	return atLeast(err+floor, math.SmallestNonzeroFloat32)
}

// part returns by how much less a residual counts because the values are small
// counts: the tail is learned as if values lay between them, so that beyond a
// count it is smaller than the chance of that count or more. What is taken off is
// a part of the distance between two counts (the correction for continuity).
func (s *series) part(p *params, k *look) float64 {
	q := float64(s.Quantum) * k.fine * k.fine
	if s.Changes < p.Scale.CountChanges || !(float64(s.Hi)-float64(s.Lo) > p.Scale.CountRange*q) ||
		larger64(math.Abs(k.anchor), math.Abs(s.X1)) >= p.Scale.CountMost*q {
		return 0
	}
	return p.Scale.CountPart * q
}

// mostlyZero reports whether values are counts of which most are zero.
func (s *series) mostlyZero(p *params, k *sight) bool {
	q := float64(s.Quantum) * k.fine * k.fine
	return s.Lo >= 0 && s.Changes >= p.Scale.CountChanges && float64(s.Hi)-float64(s.Lo) > p.Scale.CountRange*q && larger64(k.anchor, s.Slow) < p.Scale.CountRare*q
}

// recovering reports whether an episode is open or ended a short while ago, in
// which case returning to the level before it is not odd.
func (s *series) recovering(p *params, t int64) bool {
	if s.has(flagOpen) || float64(t-s.EpisodeEnd) < p.Episode.RecoverySteps*1000*float64(s.Step) {
		return true
	}
	s.clear(flagAfter)
	return false
}
