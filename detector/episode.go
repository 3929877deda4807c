package detector

import "math"

// An episode opens with the first odd sample, stays open while odd samples
// come, and closes after a number of quiet ones. A series that opens several a
// day becomes less willing to, so that one restless series cannot spend what
// all have.

// episode moves the series' episode on by one judged sample and returns what
// there is to tell.
func (s *series) episode(k *look, p *params) Phase {
	odd := k.score >= p.threshold
	if !s.has(flagOpen) {
		if !odd {
			return PhaseQuiet
		}
		s.open(k)
		return PhaseOpened
	}
	if s.EpisodeKind == KindMissing || s.relearn(k, p) {
		return s.close()
	}
	if !odd && s.holds(k, p) {
		return PhaseOngoing
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

// holds reports whether the value is still beyond the band that it left when the
// episode opened. The forecast follows a new level within minutes, but what was
// odd a moment ago is not over because it lasts: the episode stays open until the
// value comes back or the level has lasted for relearnAfter.
func (s *series) holds(k *look, p *params) bool {
	if k.t-s.EpisodeSince >= p.relearnAfter {
		return false
	}
	// Comparisons with NaN are false.
	return k.x > float64(s.HoldHigh) || k.x < float64(s.HoldLow)
}

func (s *series) open(k *look) {
	nan := float32(math.NaN())
	s.HoldLow, s.HoldHigh = nan, nan
	switch {
	case k.x > k.upper:
		s.HoldHigh = float32(k.upper)
	case k.x < k.lower:
		s.HoldLow = float32(k.lower)
	}
	s.set(flagOpen)
	s.EpisodeSince, s.EpisodeEnd = k.t, k.t
	s.Peak, s.Told, s.Quiet = k.score, float32(k.decades), 0
	s.EpisodeKind, s.ShiftRun = k.kind, 0
	s.Alarms, s.AlarmsTime = float32(s.alarms(k.t)+1), k.t
}

// Habituation.
const (
	alarmMemory = secondsDay * 1000 // ms
	alarmsFree  = 3                 // alarms a day that cost nothing
	habitMost   = 3                 // powers of ten
)

// alarms returns the fading count of recent alarms.
func (s *series) alarms(t int64) float64 {
	if s.Alarms == 0 {
		return 0
	}
	return float64(s.Alarms) * math.Exp(-float64(t-s.AlarmsTime)/alarmMemory)
}

// habit returns the powers of ten by which recent alarms have raised what it
// takes for this series to alarm at time t.
func (s *series) habit(t int64, p *params) float64 {
	if s.Alarms <= alarmsFree {
		return 0
	}
	return min(p.habituation*max(0, s.alarms(t)-alarmsFree), habitMost)
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
	s.Long = s.Fast - k.season
	s.Slow, s.Mid, s.Level = s.Fast, s.Fast, s.Fast-k.season
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
