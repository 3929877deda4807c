package detector

// Self-calibration. If rarities meant what they say, the largest of a day would
// have its mean at log10(24) + 0.25 (the mean of a Gumbel variable with that
// location, whatever the step). A series whose days exceed that on average alarms
// more often than its tails believe: part of the excess is charged to it. A
// series that stays below is given nothing, for quiet weeks prove little.

const (
	dayMaxMean  = 1.63
	dayMaxPrior = 3  // days that the prior, no bias, weighs
	dayMaxKept  = 30 // days remembered
	dayMaxClip  = 1  // powers of ten by which one day may differ
	dayYouth    = 20 // samples before which evidence says nothing of the series
	dayLeast    = 50 // samples before which a day is not counted
	// biasCharged is between treating all series alike (0), when one restless
	// series spends what all have, and treating each on its own (1), when one
	// that has had an incident is not believed for a month.
	biasCharged = 0.4
)

// newDay ends the day before t's.
func (s *series) newDay(t int64) {
	day := uint16(t / (secondsDay * 1000))
	if day == s.Day {
		return
	}
	if s.Day != 0 && s.N > dayLeast {
		s.Days = min(s.Days, dayMaxKept-1) + 1
		e := clip(float64(s.DayMax-s.Bias)-dayMaxMean, dayMaxClip)
		s.Bias += float32(e / (float64(s.Days) + dayMaxPrior))
	}
	s.Day, s.DayMax = day, 0
}
