package detector

import "math"

// An episode opens with the first odd sample, stays open while odd samples
// come, and closes after a number of quiet ones, of which those closer together
// than looksApart count for less. Each opening makes the series
// less willing to alarm again for a while, so that one restless series cannot
// spend what all have.

// episode moves the series' episode on by one judged sample and returns what
// there is to tell.
func (s *series) episode(k *look, p *params) Phase {
	odd := k.score >= p.threshold
	if !s.has(flagOpen) {
		if !odd {
			return PhaseQuiet
		}
		s.open(k, p)
		return PhaseOpened
	}
	if s.EpisodeKind == KindMissing || s.relearn(k, p) {
		return s.close()
	}
	if !odd {
		if s.Quiet < math.MaxUint8 {
			s.Quiet++
		}
		if s.Quiet >= p.closeAfter && k.t-s.EpisodeEnd >= int64(p.closeAfter)*looksApart*1000 {
			return s.close()
		}
		return PhaseOngoing
	}
	s.Quiet, s.EpisodeEnd = 0, k.t
	if k.score > s.Peak {
		s.Peak, s.EpisodeKind = k.score, k.kind
	}
	if k.decades >= float64(s.Told)+1 {
		s.Told = float32(k.decades)
		return PhaseChanged
	}
	return PhaseOngoing
}

func (s *series) open(k *look, p *params) {
	s.set(flagOpen)
	s.EpisodeSince, s.EpisodeEnd = k.t, k.t
	s.Peak, s.Told, s.Quiet = k.score, float32(k.decades), 0
	s.EpisodeKind, s.ShiftRun = k.kind, 0
	s.Habit = float32(min(s.habit(k.t)+p.habituation, habitMost))
	s.HabitTime = k.t
}

func (s *series) close() Phase {
	s.clear(flagOpen)
	s.Quiet, s.ShiftRun = 0, 0
	return PhaseClosed
}

// relearnSamples is the least number of samples on a new level before it is
// taken as normal.
const relearnSamples = 24

// relearn takes a level that has lasted for long enough as the new normal: the
// long level jumps there and the charts start again. It reports whether it did.
func (s *series) relearn(k *look, p *params) bool {
	dev, _ := s.deviation(k)
	if g := float64(s.Chart[1]); g*dev <= 0 || math.Abs(dev) < chartLeast {
		s.ShiftRun = 0
		return false
	}
	s.ShiftRun++
	if s.ShiftRun == 1 {
		s.ShiftSince = k.t
	}
	if s.ShiftRun < relearnSamples || k.t-s.ShiftSince < p.relearnAfter {
		return false
	}
	s.Long = s.Fast - k.past
	s.Slow, s.Mid, s.Level = s.Fast, s.Fast, s.Fast-k.past
	clear(s.Chart[:])
	return true
}

// lose ends an open episode because the data have ended, which is no recovery.
func (s *series) lose(t int64) (Verdict, bool) {
	if !s.has(flagOpen) {
		return s.verdict(t, PhaseQuiet), false
	}
	s.close()
	return s.verdict(t, PhaseLost), true
}
