package detector

import "math"

// A value that has not changed for long is judged by the runs without change that were
// seen before, by a tail like any other. What changes once an hour, as the time of the
// last backup does, is found by such a tail only after days: its quantile starts at a few
// samples, takes hundreds of runs to climb to an hour of them, and what lies beyond it in
// between makes its shape heavier than that of any noise.
//
// Of a series that seldom changes the quantile follows runs that are all longer than it,
// and it is counted how many runs in a row were about as long. Some make a habit: two of
// them without a change are then odd whatever other series do. A run that is longer than
// that by itself, as the night of a job of working hours, ends the habit; after one, runs
// must be alike for longer than a day to be a habit again.

// longSeen is set in Tally once a run was longer than others that are alike; the bits
// below it then count the runs since then.
const longSeen = 1 << 7

// judgeCalm weighs how long the value has not changed at all, against the runs
// without change seen before. It reports whether that is what the sample is odd
// by.
func (s *series) judgeCalm(p *params, k *look) bool {
	if k.x != s.X1 || k.rests(p) || s.Changes < p.Evidence.StillChanges || k.gap || float32(s.Still) < s.Calm.Q ||
		s.Changes < s.stillChanges(p) || s.toldStill(p, k) {
		return false
	}
	d := s.stillDecades(p) + k.restBonus(p)
	if d <= k.decades {
		return false
	}
	k.decades, k.kind = d, KindFlatline
	return d >= k.need
}

// rests reports whether the value is zero where that is near what is normal: of what
// comes now and then, zeros in a row are its nature, and say nothing.
func (k *look) rests(p *params) bool {
	return k.x == 0 && math.Abs(k.dev) < p.Charts.Least
}

// restBonus returns what is added to the evidence of a run without change: a run of zeros,
// such as traffic that has stopped, is weighed by runs of any value, which are shorter
// than those of a rate that falls now and then.
func (k *look) restBonus(p *params) float64 {
	if k.x == 0 {
		return p.Evidence.ZeroBonus
	}
	return 0
}

// toldStill reports whether an episode that is over told of this very run without change.
// The run only becomes rarer, while what it takes to alarm rises by what it was told of
// before: it would be told again and again, for as long as the value stays.
// Of zeros an episode of any kind did.
func (s *series) toldStill(p *params, k *look) bool {
	switch {
	case s.has(flagOpen):
		return false
	case k.x == 0:
		return s.still(p, k.t)
	}
	return s.EpisodeKind == KindFlatline && float64(k.t-s.EpisodeSince) < 1000*float64(s.Step)*float64(s.Still)
}

// stillDecades is the evidence of the run without change so far.
func (s *series) stillDecades(p *params) float64 {
	n := float64(s.Still) + 1
	if !s.habitual(p) {
		return s.Calm.decades(p, p.Evidence.StillShape, n/s.toldOften(p))
	}
	if n < p.Evidence.AlikeTimes*float64(s.Calm.Q) {
		return 0
	}
	return p.tailDecades + math.Log(n/float64(s.Calm.Q))/(math.Ln10*p.Evidence.AlikeShape)
}

// toldOften returns how many times as long a run must be as if no flat line had been told
// of late. Of zeros, which are traffic that has stopped, and of what changes by the clock
// each is told.
func (s *series) toldOften(p *params) float64 {
	if s.Longer.rests() == 0 || s.X1 == 0 || s.habitual(p) {
		return 1
	}
	return math.Pow(p.Evidence.StillLonger, float64(s.Longer.rests()))
}

// habitual reports whether runs without change have been alike for so long that the
// series is expected to change by the clock.
func (s *series) habitual(p *params) bool {
	return s.Tally >= p.Evidence.AlikeRuns && s.Tally < longSeen && s.seldom(p)
}

// seldom reports whether the series changes so seldom that runs without change are of
// its nature. Counters are left out: of those Tally counts something else.
func (s *series) seldom(p *params) bool {
	return s.ChangeRate < p.Evidence.RarelyChanges && !s.counter()
}

// stillChanges returns the number of changes before which no flat line is odd.
func (s *series) stillChanges(p *params) uint32 {
	if s.habitual(p) {
		return p.Evidence.StillChanges
	}
	return p.Evidence.StillMany
}

// learnStill takes in a run without change of so many samples, which has ended.
func (s *series) learnStill(p *params, n float32) {
	switch {
	case s.seldom(p) && s.learnAlike(p, n):
	case n <= s.Calm.Q:
		s.Calm.below(p, p.calmFloor)
	default:
		s.Calm.learn(p, n, p.calmFloor, p.Tail.Weight)
	}
}

// learnAlike counts runs that are alike, and lets the quantile follow while it is far
// from them. It reports whether it has, so that the tail is not to learn from the run.
func (s *series) learnAlike(p *params, n float32) bool {
	a, e := &s.Calm, &p.Evidence
	switch {
	case s.Changes == 0: // the first, of which only the end was seen
		a.Q = max(a.Q, n)
		return true
	case a.N == 0 && n*e.AlikeNear < a.Q:
		return s.startedLong(p, n)
	case n*e.AlikeNear < a.Q:
		if s.Tally /= 2; s.Tally >= longSeen/2 {
			s.Tally = longSeen
		}
	case n <= a.Q*e.AlikeNear:
		s.countAlike(p)
		if n > a.Q && s.Tally < e.AlikeRuns {
			a.Q = n
			return true
		}
	case s.Tally >= e.AlikeRuns:
		known := s.Tally >= longSeen
		if s.Tally = longSeen; !known {
			s.onlyExcess(p, n/a.Q)
			return true
		}
	case s.Tally < e.AlikeBegin:
		s.Tally++
	default:
		// What lay beyond a quantile that was far too small says nothing of this one.
		a.Q, a.H, a.K = min(n, e.AlikeClimb*a.Q), float32(e.AlikeLoose), 0
		return true
	}
	return false
}

// countAlike counts one more run as long as those before. After a longer one it takes
// those of a day more to be a habit: what pauses every night never has so many in a row.
func (s *series) countAlike(p *params) {
	if s.Tally < longSeen {
		s.Tally = min(s.Tally, p.Evidence.AlikeKept-1) + 1
		return
	}
	need := uint32(p.Evidence.AlikeRuns) + uint32(secondsDay/max(s.Calm.Q*s.Step, 1))
	each := 1 + need/(longSeen-1) // runs that count as one
	if s.Changes%each == 0 {
		s.Tally++
	}
	if uint32(s.Tally-longSeen)*each >= need || s.Tally == math.MaxUint8 {
		s.Tally = p.Evidence.AlikeRuns
	}
}

// startedLong goes on from a first run that was much longer than the second: it is the
// one excess known. It reports whether the quantile has followed.
func (s *series) startedLong(p *params, n float32) bool {
	a, first := &s.Calm, s.Calm.Q
	s.Tally = longSeen
	if n < p.Evidence.AlikeLeast { // it does not change seldom, but has been idle before
		a.Q = p.calmFloor
		a.learn(p, first, p.calmFloor, p.Tail.Weight)
		return false
	}
	a.Q, a.N = n, 1
	s.onlyExcess(p, first/n)
	return true
}

// onlyExcess lets a run that is so many times the quantile be the one excess known, as
// Hill's estimate of one has it: what it is of is nothing that those before it were of.
func (s *series) onlyExcess(p *params, times float32) {
	s.Calm.H, s.Calm.K = float32(min(math.Log(float64(times)), p.Tail.ShapeMost)), 1
}
