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
	outcomes
)

var outcomeNames = [outcomes]string{"taken", "first", "not_a_number", "late", "stale", "counter_reset"}

// observe runs one sample through the pipeline. It returns the verdict, whether
// the verdict tells of a transition, and what the guards said; only for taken
// samples is the verdict more than a value and a time.
func (s *series) observe(p *params, slab *days, t int64, v float64) (Verdict, bool, outcome) {
	if !s.has(flagUsed) {
		return Verdict{}, false, late
	}
	k := look{t: t, fine: 1}
	why := s.admit(&k, t, v)
	switch why {
	case taken:
	case ended:
		out, tell := s.lose(t)
		s.set(flagStale)
		return out, tell, why
	default:
		return s.verdict(t, PhaseQuiet), false, why
	}
	d := s.page(&k, slab)
	s.measure(k.x)
	if s.N == 0 {
		s.FirstTime = t
		s.start(k.x)
		if d != nil {
			d.Outlook = outlook{}
		}
	}
	s.predict(&k, d)
	s.judge(&k, p, d)
	if s.N >= 3 {
		s.reflect(&k)
	}
	s.learn(&k, p, d)
	if d != nil {
		d.Outlook.learn(&present{t: k.t, x: k.x, season: k.season, long: s.Long,
			unit: float64(s.LongScale) + 0.5*k.scale, dt: k.dt}, calendar{d, float64(s.Step)})
	}
	phase := s.episode(&k, p)
	s.report(&k)
	return s.verdict(t, phase), phase != PhaseQuiet && phase != PhaseOngoing, taken
}

// start places all levels on the first value.
func (s *series) start(x float64) {
	s.X1, s.Fast, s.Mid, s.Slow, s.Level, s.Long = x, x, x, x, x, x
	s.Hi, s.Lo = x, x
}

// largest is the largest size of a value that is watched; beyond it differences
// and squares would overflow the state.
const largest = 1e30

// admit guards: it turns the sample into the watched value, or says why not.
func (s *series) admit(k *look, t int64, v float64) outcome {
	if value.IsStaleNaN(v) {
		if s.LastTime == 0 || t < s.LastTime {
			return late
		}
		return ended
	}
	if !(math.Abs(v) <= largest) {
		return notANumber
	}
	if s.LastTime != 0 && t <= s.LastTime {
		return late
	}
	if s.LastTime == 0 {
		s.LastTime, s.Raw, s.FirstTime = t, v, t
		if s.counter() {
			return first
		}
		k.x = v
		return taken
	}
	k.dt = float64(t-s.LastTime) / 1000
	s.learnStep(k)
	before := s.Raw
	s.LastTime, s.Raw = t, v
	s.clear(flagStale | flagMissing)
	if !s.counter() {
		k.x = v
		return taken
	}
	if v < before {
		return s.fall(before, v)
	}
	k.x = (v - before) / k.dt
	if !(k.x <= largest) {
		return notANumber
	}
	return taken
}

// fall handles a counter that went down: a reset starts again near zero. One
// that keeps falling by less than half of its value is a gauge with a counter's
// name, and is learned anew as such.
func (s *series) fall(before, v float64) outcome {
	if v > before/2 {
		s.NotCounter++
		if s.NotCounter >= 3 {
			last, at, step := s.Raw, s.LastTime, s.Step
			s.restart()
			s.set(flagGaugeAfterAll)
			s.Raw, s.LastTime, s.FirstTime, s.Step = last, at, at, step
		}
	}
	return reset
}

// pageAge is how long a series must have lived, in milliseconds, before it is
// given a page for its day.
const pageAge = 6 * 3600 * 1000

// page returns the series' daily profile, giving it one when it is old enough
// and has something to learn; nil without.
func (s *series) page(k *look, slab *days) *daily {
	if s.has(flagPage) {
		return slab.daily(s.Page)
	}
	if k.t-s.FirstTime < pageAge || s.ChangeRate < 0.02 || s.Step > 2*3600 {
		return nil
	}
	s.Page = slab.take()
	s.set(flagPage)
	return slab.daily(s.Page)
}

// report keeps what is to be told of the sample.
func (s *series) report(k *look) {
	s.Score, s.Kind = k.score, k.kind
	s.Expected, s.Lower, s.Upper = math.NaN(), math.NaN(), math.NaN()
	if !math.IsNaN(k.lower) && k.kind != KindFlatline {
		s.Lower, s.Upper = k.lower, k.upper
		s.Expected = min(max(k.expected, k.lower), k.upper)
	}
}

// verdict describes the series' last sample.
func (s *series) verdict(t int64, phase Phase) Verdict {
	v := Verdict{Time: t, Value: s.X1, Expected: s.Expected, Lower: s.Lower, Upper: s.Upper,
		Score: s.Score, Kind: s.Kind, Phase: phase, Rate: s.counter()}
	if phase != PhaseQuiet {
		v.Since, v.Peak, v.Kind = s.EpisodeSince, s.Peak, s.EpisodeKind
	}
	return v
}
