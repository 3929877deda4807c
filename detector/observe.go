package detector

import (
	"math"

	"github.com/prometheus/prometheus/model/value"
)

// outcome says what became of a sample at the guards.
type outcome uint8

const (
	taken      outcome = iota
	first              // nothing to compare with yet
	notANumber         // NaN that is no staleness marker, infinite, or too large to reckon with
	late               // not after the sample before
	ended              // staleness marker
	reset              // a counter started again
	unwatched          // of a slot that was never given out; not counted
	outcomes
)

var outcomeNames = [outcomes]string{"taken", "first", "not_a_number", "late", "stale", "counter_reset", "not_watched"}

// observe runs one sample, whose time the look holds, through the pipeline. It
// returns what became of the series' episode and what the guards said; only taken
// samples leave more in the look. A staleness marker that ends an open episode
// gives PhaseLost.
func (s *series) observe(p *params, slab *days, k *look, v float64) (Phase, outcome) {
	why := s.admit(p, &k.glance, v)
	return s.follow(p, slab, k, why), why
}

// follow goes on with what the guards said of a sample.
func (s *series) follow(p *params, slab *days, k *look, why outcome) Phase {
	switch why {
	case taken:
		return s.take(p, slab, k)
	case ended:
		k.rarity = notRare
		if s.LastTime == 0 {
			return PhaseQuiet // of nothing: what comes is the first all the same
		}
		s.set(flagStale)
		return s.lose(p)
	}
	k.rarity = notRare
	return PhaseQuiet
}

// tells reports whether a phase is news.
func (p Phase) tells() bool { return p != PhaseQuiet && p != PhaseOngoing }

// take judges and learns an admitted sample and moves the episode on.
func (s *series) take(p *params, slab *days, k *look) Phase {
	if s.has(flagPage) && p.turnOf(k.t) != s.Turn { // a lesson of the page, as most are that come here
		return s.weigh(p, slab, k)
	}
	if k.full {
		return s.takeAside(p, slab, k)
	}
	var w slide
	if !s.glides(p, &k.glance, k.share, &w) && !s.lesson(p, &k.glance, k.share, &w) {
		return s.weigh(p, slab, k)
	}
	k.rarity = w.rarity
	return PhaseQuiet
}

// weigh is take for a sample that does not glide.
func (s *series) weigh(p *params, slab *days, k *look) Phase {
	d := s.prepare(p, slab, k)
	s.predict(p, k, d)
	s.judge(p, k, d)
	if s.N >= p.Tail.After {
		s.reflect(p, k)
	}
	if k.excused && !k.recurs.frequent() && !k.recurs.sporadic() { // of what is frequent tails and the hour must learn
		s.pass(p, k, d)
	} else {
		s.learn(p, k, d)
	}
	if k.turn {
		d.Outlook.learn(p, &present{t: k.t, x: k.x, fast: s.Fast, season: k.season, long: s.Long, unit: k.unit, dt: k.span, first: s.has(flagFirst)}, calendar{d, s, p})
	}
	phase := PhaseQuiet
	if d == nil {
		phase = s.episode(p, k)
	} else {
		phase = s.knownEpisode(p, k, d)
	}
	if k.shrinks != 0 {
		s.shrink(d, k.shrinks, s.Long)
	}
	s.report(k)
	return phase
}

// lasted returns for how many minutes the open episode has gone on, below 0 if it was told, 0 if there
// is none.
func (s *series) lasted(k *look) int {
	switch {
	case !k.open:
		return 0
	case !s.has(flagUntold):
		return -1
	}
	return int((k.t - s.EpisodeSince) / 60_000)
}

// prepare brings calendar and counts up to the time of an admitted sample and
// returns the series' page, nil without.
func (s *series) prepare(p *params, slab *days, k *look) *page {
	k.zone, k.open = p.zone.offset(k.t), s.has(flagOpen)
	k.lasted = s.lasted(k)
	s.newDay(p, k.t)
	d := s.page(p, k, slab)
	s.measure(k.x)
	if s.N == 0 {
		s.FirstTime = seconds(k.t)
		s.start(k.x)
	}
	if s.turns(p, k, d) && d.grow(k.t) {
		s.newAge(p, d)
	}
	return d
}

// turns notes whether the page is to be read and taught by this sample, and how
// much time it then stands for: once in each three minutes by the clock. What it
// knows is by quarters of an hour and slower, so that of samples that are closer
// one does for all, and the others leave its memory alone.
func (s *series) turns(p *params, k *look, d *page) bool {
	turn := p.turnOf(k.t)
	passed := turn - s.Turn
	s.Turn = turn
	k.lesson = passed != 0 || s.learnsFromEach(p) || s.lessonDue(p)
	k.turn, k.span = d != nil && passed != 0, atLeast(k.dt, p.leastStep*float64(passed))
	return k.turn
}

// start places all levels on the first value.
func (s *series) start(x float64) {
	s.X1, s.Fast, s.Mid, s.Slow, s.Level, s.Long = x, x, x, x, x, x
	s.Hi, s.Lo = float32(x), float32(x)
}

// largest is the largest size of a value that is watched; beyond it differences
// and squares would overflow the state.
const largest = 1e30

// smallest is the size below which a value is taken for zero: what is learned of it, and of
// noise that is a small part of it, would have fewer digits than a float32 has, or none.
const smallest = 1e-33

// sized returns a value, zero if it is too small to tell from it.
func sized(v float64) float64 {
	if math.Abs(v) < smallest {
		return 0
	}
	return v
}

// admit guards: it turns the sample into the watched value, or says why not.
func (s *series) admit(p *params, k *glance, v float64) outcome {
	t, last := k.t, s.LastTime
	if !(math.Abs(v) <= largest) {
		switch {
		case !value.IsStaleNaN(v):
			return notANumber
		case t < last:
			return late
		}
		return ended
	}
	if last == 0 {
		s.LastTime, s.Raw, s.FirstTime = t, v, seconds(t)
		if s.counter() {
			return first
		}
		k.x = sized(v)
		return taken
	}
	if t <= last {
		return late
	}
	k.dt = float64(t-last) / 1000
	if k.dt == float64(s.Step) && s.N%looksEach != 0 {
		s.onTime(p)
	} else {
		s.learnStep(p, k)
	}
	before := s.Raw
	s.LastTime, s.Raw = t, v
	if s.has(flagStale | flagMissing) {
		s.isBack(t)
	}
	if !s.counter() {
		k.x = sized(v)
		return taken
	}
	if v < before {
		return s.fall(p, k, before, v)
	}
	k.x = (v - before) / k.dt
	if !(k.x <= largest) {
		return notANumber
	}
	k.x = sized(k.x)
	return taken
}

// isBack takes note of a sample after the end of the series or a silence.
func (s *series) isBack(t int64) {
	if s.has(flagMissing) {
		s.cameLate(t)
	}
	s.clear(flagStale | flagMissing)
}

// fall handles a counter that went down: a reset starts again near zero, or with no more
// than has been counted since. One that keeps falling by less, or below zero, is a gauge
// with a counter's name, and is learned anew as such.
func (s *series) fall(p *params, k *glance, before, v float64) outcome {
	if v < 0 || v > p.Guard.ResetBelow*before && v > p.Guard.ResetCounts*max(s.Mid, s.Slow)*k.dt {
		s.Tally++
		if s.Tally >= p.Guard.GaugeFalls {
			last, at, step := s.Raw, s.LastTime, s.Step
			s.restart(p)
			s.set(flagGaugeAfterAll)
			s.Raw, s.LastTime, s.FirstTime, s.Step = last, at, seconds(at), step
			s.Looks = s.looks(p)
		}
	}
	return reset
}

// page returns the series' page, giving it one when it is old enough and has
// something to learn; nil without.
func (s *series) page(p *params, k *look, slab *days) *page {
	if s.has(flagPage) {
		d := slab.at(s.Page)
		if s.N == 0 { // the series was learned anew
			d.start(k.t, math.Abs(k.x))
			s.Turn = p.turnOf(k.t) - 1
		}
		return d
	}
	if !s.ripe(p, k.t) {
		return nil
	}
	s.Page = slab.take()
	s.set(flagPage)
	d := slab.at(s.Page)
	d.start(k.t, float64(s.Hi-s.Lo))
	s.Turn = p.turnOf(k.t) - 1
	return d
}

// ripe reports whether a series without a page is to have one.
func (s *series) ripe(p *params, t int64) bool {
	return s.N >= p.Forecast.Youth && s.ChangeRate >= p.Calendar.PageChanges && s.Step <= p.Calendar.PageStep && since(s.FirstTime, t) >= p.Calendar.PageAge
}

// report keeps what is to be told of the sample.
func (s *series) report(k *look) {
	s.Rarity, s.Kind = k.rarity, k.kind
	s.note(flagExcused, k.odd && k.excused)
	if !k.full && !k.odd && !s.has(flagOpen) {
		return
	}
	if math.IsNaN(k.lower) || k.kind == KindFlatline || k.kind == KindShape || k.upper < k.lower {
		s.noBand()
		return
	}
	s.Lower, s.Upper = float32(k.lower), float32(k.upper)
	s.Expected = float32(min(max(k.expected, k.lower), k.upper))
}

// noBand notes that the last sample has no band.
func (s *series) noBand() {
	none := float32(math.NaN())
	s.Expected, s.Lower, s.Upper = none, none, none
}

// verdict describes the series' last sample.
func (s *series) verdict(t int64, phase Phase) Verdict {
	v := Verdict{Time: t, Value: s.X1, Expected: float64(s.Expected), Lower: float64(s.Lower), Upper: float64(s.Upper),
		Score: scoreOf(s.Rarity), Kind: s.Kind, Phase: phase, Rate: s.counter()}
	if v.Excused = phase == PhaseQuiet && s.has(flagExcused); phase != PhaseQuiet {
		v.Since, v.Peak, v.Kind = s.EpisodeSince, scoreOf(s.Peak), s.EpisodeKind
		v.Side = s.side()
	}
	return v
}

// side returns on which side of the band that the episode left the value lies.
func (s *series) side() int8 {
	switch mid := float64(s.OpenMid); {
	case !(s.OpenHalf > 0):
		return 0
	case s.X1 > mid:
		return 1
	case s.X1 < mid:
		return -1
	}
	return 0
}

// verdictOn is verdict for the sample that k has just judged, with the band as it
// was, before rounding to what the state keeps.
func (s *series) verdictOn(k *look, phase Phase) Verdict {
	v := s.verdict(k.t, phase)
	if !math.IsNaN(v.Expected) {
		v.Expected, v.Lower, v.Upper = min(max(k.expected, k.lower), k.upper), k.lower, k.upper
	}
	return v
}
