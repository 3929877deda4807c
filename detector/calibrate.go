package detector

// Self-calibration. If rarities meant what they say, the largest of a day would
// have its mean at log10(24) + 0.25 (the mean of a Gumbel variable with that
// location, whatever the step). A series whose days exceed that on average alarms
// more often than its tails believe: part of the excess is charged to it. A
// series that stays below is given nothing, for quiet weeks prove little.

// dayOf returns in which day since 1970 a time in ms lies, modulo 65536.
func dayOf(t int64) uint16 { return uint16(t / (secondsDay * 1000)) }

// newDay ends the day before t's.
func (s *series) newDay(p *params, t int64) {
	day := dayOf(t)
	if day == s.Day {
		return
	}
	if s.Day != 0 && s.N > p.Calibration.Least {
		s.Days = min(s.Days, p.Calibration.Kept-1) + 1
		e := clip(s.DayMax.value()-float64(s.Bias)-p.Calibration.Mean, p.Calibration.Clip)
		s.Bias += float32(e / (float64(s.Days) + p.Calibration.Prior))
	}
	s.forgetLonger(p, day)
	s.Day, s.DayMax = day, 0
}
