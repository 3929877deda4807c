package detector

import "math"

// An episode opens with the first odd sample, stays open while odd samples
// come, and closes after a number of quiet ones. A series that opens several a
// day becomes less willing to, so that one restless series cannot spend what
// all have.

// episode moves the series' episode on by one judged sample and returns what
// there is to tell.
func (s *series) episode(p *params, k *look) Phase {
	if !s.has(flagOpen) {
		if !k.odd {
			if s.has(flagLoud) {
				s.hush(p, k)
			}
			return PhaseQuiet
		}
		s.open(p, k)
		return PhaseOpened
	}
	if s.EpisodeKind == KindMissing {
		return s.close(p)
	}
	if s.relearn(p, k) {
		s.EpisodeKind = KindLevelShift
		return s.close(p)
	}
	if s.relearnNoise(p, k) {
		s.EpisodeKind = KindVariance
		return s.close(p)
	}
	if !k.odd && s.unsteady(p, k) {
		s.Quiet = 0
		return PhaseOngoing
	}
	if !k.odd && (s.away(p, k) || s.stuck(p, k)) {
		s.Quiet = 0
		if s.farther(p, k) {
			return PhaseChanged
		}
		return PhaseOngoing
	}
	if !k.odd {
		if s.Quiet < math.MaxUint8 {
			s.Quiet++
		}
		if s.Quiet >= p.closeAfter && k.t-s.EpisodeEnd >= p.closeSpan {
			s.comeBack(p, k)
			s.EpisodeEnd = k.t // the way back is not odd from here on
			return s.close(p)
		}
		return PhaseOngoing
	}
	s.Quiet, s.EpisodeEnd = 0, k.t
	if k.rarity > s.Peak {
		s.Peak, s.EpisodeKind = k.rarity, k.kind
	}
	if s.Gust[0] > 0 && s.unsteady(p, k) {
		s.EpisodeKind = KindVariance
	}
	told := s.farther(p, k)
	if k.decades >= s.Told.value()+p.Episode.ToldMore {
		s.Told, told = briefOf(k.decades), true
	}
	if told {
		return PhaseChanged
	}
	return PhaseOngoing
}

// farther reports whether the value is so much farther from the band that the
// episode left than what was told of it, and notes it as told.
func (s *series) farther(p *params, k *look) bool {
	far := s.far(k)
	if told := float32(s.FarTold.value()); !(told > 0) || far < p.Episode.FartherBy*told {
		return false
	}
	s.FarTold = briefOf(float64(far))
	return true
}

// far returns how far the value lies from the middle of the band that the episode
// left, in half widths of it; 0 when there was no band.
func (s *series) far(k *look) float32 {
	if !(s.OpenHalf > 0) {
		return 0
	}
	return float32(math.Abs(k.x-float64(s.OpenMid))) / s.OpenHalf
}

// away reports whether the series has stayed far off its long level. Forecasts
// follow such a level within a few samples, so that single samples are no longer
// odd, but nothing has recovered: the episode stays open until the series comes
// back or relearn takes the level as normal.
func (s *series) away(p *params, k *look) bool {
	return math.Abs(k.dev) >= p.Episode.AwayLeast && float64(s.Chart[0])*k.dev > 0
}

// comeBack puts the forecasts back with a series that is on its long level again: those
// over many samples have followed an incident that lasted, and would take the old level
// for odd long after.
func (s *series) comeBack(p *params, k *look) {
	far := p.Episode.AwayLeast * k.unit
	if math.Abs(k.x-k.anchor) >= far {
		return // on another level
	}
	for _, level := range []*float64{&s.Fast, &s.Mid, &s.Slow} {
		if math.Abs(*level-k.anchor) >= far {
			*level = k.anchor
		}
	}
	if math.Abs(s.Level-s.Long) >= far {
		s.Level = s.Long
	}
}

// farMost is how many half widths of the band an episode opens at, at most. That of a
// series that has been zero all along is as narrow as can be, and a distance in so small a
// unit would be infinite: neither larger nor smaller than the next.
const farMost = 1e6

func (s *series) open(p *params, k *look) {
	s.set(flagOpen)
	s.EpisodeSince, s.EpisodeEnd = k.t, k.t
	s.Peak, s.Told, s.Quiet = k.rarity, briefOf(k.decades), 0
	s.EpisodeKind, s.ShiftRun = k.kind, 0
	s.leave(k)
	if s.note(flagUntold, k.excused); k.excused {
		k.withheld = true
	} else {
		s.countAlarm(p, k.t)
	}
}

// leave notes the band that the sample lies outside of as that which the episode left.
func (s *series) leave(k *look) {
	mid, half := k.upper/2+k.lower/2, k.upper/2-k.lower/2
	if least := math.Abs(k.x-mid) / farMost; half < least && half >= 0 {
		half = least
	}
	s.OpenMid, s.OpenHalf = float32(mid), float32(half)
	s.FarTold = briefOf(float64(s.far(k)))
}

// countAlarm adds one to the fading count of alarms.
func (s *series) countAlarm(p *params, t int64) {
	s.Alarms, s.AlarmsTime = briefOf(s.alarms(p, t)+1), seconds(t)
}

// alarms returns the fading count of recent alarms.
func (s *series) alarms(p *params, t int64) float64 {
	if s.Alarms == 0 {
		return 0
	}
	return s.Alarms.value() * math.Exp(-float64(since(s.AlarmsTime, t))/p.Episode.AlarmMemory)
}

// habit returns the powers of ten by which recent alarms have raised what it
// takes for this series to alarm at time t.
func (s *series) habit(p *params, t int64) float64 {
	if s.Alarms.value() <= p.Episode.AlarmsFree {
		return 0
	}
	return min(p.habituation*max(0, s.alarms(p, t)-p.Episode.AlarmsFree), p.Episode.HabitMost)
}

func (s *series) close(p *params) Phase {
	if s.EpisodeKind == KindFlatline && !s.has(flagUntold) {
		s.Longer = s.Longer.rest(p.Silence.LongerMost) // only now, or its own run would count half
	}
	s.clear(flagOpen | flagUntold)
	s.set(flagAfter)
	s.Quiet, s.ShiftRun = 0, 0
	return PhaseClosed
}

// relearn takes a level that has lasted for long enough as the new normal: the
// long level jumps there and the charts start again. It reports whether it did.
func (s *series) relearn(p *params, k *look) bool {
	if g := float64(s.Chart[1]); g*k.dev <= 0 || math.Abs(k.dev) < p.Charts.Least {
		if !s.stuck(p, k) {
			s.ShiftRun = 0
		}
		return false
	}
	s.ShiftRun = min(s.ShiftRun, math.MaxUint16-1) + 1
	if s.ShiftRun == 1 {
		s.ShiftSince = seconds(k.t)
		s.clear(flagUnclear)
	}
	if !s.clearlyOff(p, k) {
		s.set(flagUnclear)
	}
	least := p.Episode.RelearnSamples
	if !s.has(flagUnclear) && s.sparse(p) {
		least = p.Episode.ClearSamples
	}
	if uint32(s.ShiftRun) < least || since(s.ShiftSince, k.t) < p.relearnAfter || s.has(flagUntold) && !k.recurs.level() {
		return false // what was not told is told before it is taken as normal
	}
	s.Before, s.BeforeTime = s.Long, max(seconds(k.t), 1)
	season := k.season
	if s.clear(flagShrunk); s.fractional(p, k) {
		k.shrinks = fraction(p, s.Fast, k.anchor)
		season *= k.shrinks
		s.note(flagShrunk, k.shrinks != 1)
	}
	s.Long = s.Fast - season
	s.Slow, s.Mid, s.Level = s.Fast, s.Fast, s.Fast-season
	s.Hi, s.Lo = max(s.Hi, float32(k.x)), min(s.Lo, float32(k.x))
	s.Fresh = p.Guard.Unsettled
	s.restartCharts(p)
	clear(s.Storm[:]) // what the leap was off by is no storm on the new level
	return true
}

// relearning returns for how many seconds a level has lasted, as a rule, before it is taken
// as normal.
func (s *series) relearning(p *params) int64 {
	return max(p.relearnAfter/1000, int64(float64(p.Episode.RelearnSamples)*float64(s.Step)))
}

// sparse reports whether the samples that a new level takes are those of half a day or
// more: fewer do then, if they are clear.
func (s *series) sparse(p *params) bool {
	return float64(s.Step)*float64(p.Episode.RelearnSamples) >= p.Episode.SparseSpan
}

// clearlyOff reports whether a sample of a level that lasts is far off the level before
// and, once the new one has been seen for half as long as it needs, close to it.
func (s *series) clearlyOff(p *params, k *look) bool {
	return math.Abs(k.dev) >= p.Episode.AwayLeast &&
		(uint32(s.ShiftRun) <= p.Episode.ClearSamples/2 || math.Abs(k.dev-float64(s.Chart[0])) <= p.Episode.ClearNear)
}

// stuck reports whether a series that does change has shown the same value ever since
// it was odd last. Where that value is ordinary now, as that of traffic that has
// stopped is at night, it is the time of day that has changed, and nothing has
// recovered.
func (s *series) stuck(p *params, k *look) bool {
	return s.Still > 0 && s.ChangeRate >= p.Evidence.RarelyChanges && float64(s.Chart[1])*k.dev > 0 && s.still(p, k.t)
}

// still reports whether the value has not changed since it was odd last.
func (s *series) still(p *params, t int64) bool {
	return float64(t-s.EpisodeEnd) < 1000*float64(s.Step)*(float64(s.Still)+p.Episode.StillSlack)
}

// goBack puts the long level back to what it was before the last relearning if
// within backWithin the series returns there: what had been taken as normal was an
// incident after all, or a time of the day or the week that was not known yet. Its
// end is not odd, and a young page takes the times in between as its own.
func (s *series) goBack(p *params, k *look, d *page) {
	if since(s.BeforeTime, k.t) > p.Episode.BackWithin*1000 {
		s.BeforeTime = 0
		return
	}
	if k.x == s.X1 && float64(since(s.BeforeTime, k.t)) < 1000*float64(s.Step)*(float64(s.Still)+1+p.Episode.StillSlack) {
		return // it has not moved: the time of day has
	}
	by := s.grown()
	near, far := math.Abs(k.x-by*k.season-s.Before), math.Abs(k.x-k.anchor)
	least := p.Episode.AwayLeast * (float64(s.LongScale) + p.Scale.UnitScale*k.scale)
	if near > by*least || far < p.Episode.BackFar*least && !(s.sparse(p) && far >= max(least, p.Episode.BackNear*near)) {
		return
	}
	if d != nil {
		// A job of the hour is over some minutes before what the hour knows.
		at := s.locate(p, k)
		if d.hourly(p, at) && math.Abs(k.x-s.Long-d.hourless(p, at, float64(s.MixErr))) < p.Episode.BackFar*least {
			return
		}
	}
	if by != 1 {
		s.shrink(d, by, s.Before)
		k.season *= by
	}
	if d != nil {
		s.locate(p, k)
		s.clear(flagEven)
		d.credit(p, k, since(s.BeforeTime, k.t)/1000, s.relearning(p), s.Long-s.Before)
		d.over(p, k, k.t-since(s.BeforeTime, k.t)-1000*s.relearning(p), k.t)
	}
	s.Long, s.Level, s.Slow = s.Before, s.Before, s.Before+k.season
	s.restartCharts(p)
	s.BeforeTime, s.EpisodeEnd = 0, k.t
	s.set(flagAfter)
	if by != 1 {
		s.predict(p, k, d) // by what is known again
	}
	k.anchor = s.Long + k.season
	k.low, k.high = min(k.expected, k.anchor), max(k.expected, k.anchor)
}

// lose ends an open episode because the data have ended, which is no recovery.
func (s *series) lose(p *params) Phase {
	told := s.told()
	if s.has(flagOpen) {
		s.close(p)
	}
	if !told {
		return PhaseQuiet
	}
	return PhaseLost
}

// told reports whether an episode is open that has been told.
func (s *series) told() bool { return s.Flags&(flagOpen|flagUntold) == flagOpen }
