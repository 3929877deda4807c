package detector

import "math"

// A chart or a storm beyond its quantile keeps a sample from gliding and striding only if
// it could say enough for the sample to be odd. The charts of a series whose level wanders
// for hours are beyond theirs for much of the time, and its samples are as ordinary.

// faint reports whether what charts and storms say of a sample is too little for it to be
// odd, whatever is held against it, and if so leaves in w how rare that makes the sample.
// What it teaches is then what slides learns: charts count the samples for which they have
// been odd, and none is.
func (s *series) faint(p *params, k *glance, share float64, w *slide) bool {
	closer, decades, u := s.closer(p), float64(0), w.off
	if math.Abs(w.dev) >= p.Charts.Least {
		for i := range s.Chart {
			if float32(s.N) < p.chartYoung[i] {
				break
			}
			var kept keptShape
			d, _ := s.chartDecades(p, i, float32(w.dev), closer, &kept)
			decades = max(decades, d)
		}
	}
	if u >= p.Storms.Least {
		for i := range s.Storm {
			if float32(s.N) < p.stormYoung[i] {
				break
			}
			var kept keptShape
			decades = max(decades, s.stormDecades(p, i, u, closer, &kept))
		}
	}
	looks := float64(s.Looks)
	need := looks - p.logBudget + share - rounding
	if s.has(flagPage) {
		need = min(need, looks) // more counts for the day's maximum unless something excuses it
	}
	if decades >= need {
		return false
	}
	if decades <= w.point {
		return true
	}
	if w.charts = decades; decades >= p.tailDecades && !s.ready(p, k.t) {
		w.rarity = notRare
		return true
	}
	w.rarity = float32(decades - looks - s.habit(p, k.t) - p.Calibration.Charged*max(float64(s.Bias), 0))
	if s.N > p.Calibration.Youth {
		s.DayMax = max(s.DayMax, briefOf(max(decades-looks, 0)))
	}
	return true
}
