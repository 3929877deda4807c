package detector

import "math"

// judge turns the sample's distance from what was expected into evidence in
// powers of ten, band and score. Alarms are decided by the band, and the score
// is made to agree, so that a value lies outside of the band if and only if
// its score reaches the threshold.
func (s *series) judge(k *look, p *params) {
	looks := s.looksPerHour()
	need := math.Log10(looks/p.budgetPerHour) + s.habit(k.t)
	k.kind = KindNone
	s.judgePoint(k, need)
	s.judgeCharts(k, need)
	calm := s.judgeCalm(k, need)

	share := math.Pow(10, s.habit(k.t)-k.decades)
	k.score = math.Exp(-looks * share)
	if !s.ready(k, p) {
		k.lower, k.upper = math.NaN(), math.NaN()
		k.score = min(k.score, math.Nextafter(p.threshold, 0))
		k.kind = KindNone
		return
	}
	k.odd = k.x > k.upper || k.x < k.lower || calm
	if !k.odd {
		k.kind = KindNone
		k.score = min(k.score, math.Nextafter(p.threshold, 0))
		return
	}
	k.score = max(k.score, p.threshold)
}

// ready reports whether the series is old enough to alarm: enough samples and
// span, and a sample count that bears the rarity which the threshold asks for.
func (s *series) ready(k *look, p *params) bool {
	if s.N < p.warmupSamples || k.t-s.FirstTime < p.warmupSpan {
		return false
	}
	return math.Log10(float64(s.N))+boldness >= math.Log10(s.looksPerHour()/p.budgetPerHour)
}

// boldness is by how many powers of ten the prior shape of the tail may speak
// beyond what the number of samples seen could show.
const boldness = 3.5

// judgePoint weighs the residual of this one sample.
func (s *series) judgePoint(k *look, need float64) {
	k.upper = k.high + s.Up.reach(need)*k.scale
	k.lower = k.low - s.Down.reach(need)*k.scale
	switch {
	case k.x > k.high:
		k.decades = s.Up.decades((k.x - k.high) / k.scale)
		k.kind = KindSpike
	case k.x < k.low:
		k.decades = s.Down.decades((k.low - k.x) / k.scale)
		k.kind = KindDip
	}
}

// deviation returns how far the sample lies from the long level, in units of
// the long scale, clipped.
func (s *series) deviation(k *look) (dev, unit float64) {
	unit = float64(s.LongScale) + 0.5*k.scale
	dev = (k.x - k.anchor) / unit
	return min(max(dev, -chartClip), chartClip), unit
}

const (
	chartClip  = 6 // no single sample weighs more in a chart
	chartLeast = 1 // and the sample itself must stand off by this much
)

// judgeCharts weighs the mean of recent deviations from the long level. A chart
// narrows the band on the side to which the series has drifted; where that side
// then lies beyond the forecast, which has followed the drift, the band reaches
// back to the long level, so that returning there is never odd.
func (s *series) judgeCharts(k *look, need float64) {
	dev, unit := s.deviation(k)
	for i := range s.Chart {
		g, w := float64(s.Chart[i]), min(chartWindow[i], float64(s.N)+1)
		most := s.Persist[i].reach(need - chartDecades[i])
		if at := max(g+w*(most-g), chartLeast); at <= chartClip {
			k.upper = min(k.upper, k.anchor+at*unit)
		}
		if at := max(-g+w*(most+g), chartLeast); at <= chartClip {
			k.lower = max(k.lower, k.anchor-at*unit)
		}
		g += (dev - g) / w
		if g*dev <= 0 || math.Abs(dev) < chartLeast {
			continue
		}
		if d := s.Persist[i].decades(math.Abs(g)) + chartDecades[i]; d > k.decades {
			k.decades, k.kind = d, KindLevelShift
			if i == charts-1 {
				k.kind = KindTrend
			}
		}
	}
	expected := k.forecast[k.best]
	if k.upper < expected {
		k.lower = min(k.lower, k.anchor)
	}
	if k.lower > expected {
		k.upper = max(k.upper, k.anchor)
	}
}

const calmFloor = 3

// judgeCalm weighs how long the value has not changed at all, against the runs
// without change seen before. It reports whether that is odd. A value of zero
// is a matter for the charts.
func (s *series) judgeCalm(k *look, need float64) bool {
	if k.x != s.X1 || k.x == 0 || s.Changes < 30 || k.gap {
		return false
	}
	d := s.Calm.decades(float64(s.Still) + 1)
	if d > k.decades {
		k.decades = d
		if d >= need {
			k.kind = KindFlatline
		}
	}
	return d >= need
}

// reflect lets charts and tails learn from the judged sample.
func (s *series) reflect(k *look) {
	if !k.gap {
		up, down := max(k.x-k.high, 0)/k.scale, max(k.low-k.x, 0)/k.scale
		s.Up.learn(up, 1, tailWeight)
		s.Down.learn(down, 1, tailWeight)
	}
	dev, _ := s.deviation(k)
	for i := range s.Chart {
		w := min(chartWindow[i], float64(s.N)+1)
		s.Chart[i] += float32((dev - float64(s.Chart[i])) / w)
		s.Most[i] = max(s.Most[i], float32(math.Abs(float64(s.Chart[i]))))
		if s.N%uint32(chartWindow[i]) == 0 {
			s.Persist[i].learn(float64(s.Most[i]), 0.5*chartPrior[i], chartWeight)
			s.Most[i] = 0
		}
	}
}

// habit returns the powers of ten by which recent alarms have raised the
// threshold of this series at time t.
func (s *series) habit(t int64) float64 {
	if s.Habit == 0 {
		return 0
	}
	return float64(s.Habit) * math.Exp(-float64(t-s.HabitTime)/habitMemory)
}

const (
	habitMemory = 7 * secondsDay * 1000 // ms
	habitMost   = 3
)
