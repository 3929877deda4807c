package detector

import (
	"fmt"
	"math"
	"time"
)

// What an explanation takes apart is here worked out anew: on the way of a sample
// only sums are kept. Tests hold the parts against the sums.

var expertNames = [experts]string{"last value", "mean of 3", "mean of 17", "mean of 100", "level and season", "last value and change of season"}

// forecasts fills the forecasts with the weights that mix gives them.
func (e *Explanation) forecasts(s *series, k *look, seasonal bool) {
	weights := s.weights(k, seasonal)
	n := experts
	if !seasonal {
		n -= 2
	}
	e.Forecasts = make([]ExpertForecast, n)
	for i := range n {
		e.Forecasts[i] = ExpertForecast{expertNames[i], k.forecast[i], weights[i], float64(s.Err[i])}
	}
}

// weights returns by how much mix regards each expert.
func (s *series) weights(k *look, seasonal bool) (w [experts]float64) {
	n := experts
	if !seasonal {
		n -= 2
	}
	at := 0
	for i, e := range s.Err[:n] {
		if e < s.Err[at] {
			at = i
		}
	}
	switch best := s.Err[at]; {
	case s.N <= youth || best == 0:
		w[0] = 1
	case s.runs(k):
		w[s.steadiest(at)] = 1
	default:
		sum := 0.0
		for i := range n {
			w[i] = math.Pow(float64(best/s.Err[i]), 4)
			sum += w[i]
		}
		for i := range w {
			w[i] /= sum
		}
	}
	return w
}

// scaleParts returns what scale adds up.
func (s *series) scaleParts(k *look) ScaleParts {
	size, fresh, gap := max(math.Abs(s.Slow), math.Abs(s.X1)), float64(max(s.Fresh, 1)), 1.0
	if k.gap {
		gap = math.Sqrt(min(k.dt/float64(s.Step), 100))
	}
	p := ScaleParts{
		Total: k.scale, Mean: float64(s.MixErr), Spread: k.spread, Fresh: 1 + 6/fresh, Fine: k.fine, Gap: gap,
		Rounding: floorValue * size, Long: floorLong * float64(s.LongScale),
		Range: floorRange * (1 + 4*floorFresh/(fresh+floorFresh)) * float64(s.Hi-s.Lo),
		Still: 0.05 * size * max(0, 1-20*float64(s.ChangeRate)),
	}
	p.Error = p.Mean * p.Spread * p.Fresh * p.Fine * p.Gap
	p.Floor = p.Total - p.Error
	p.Counts = p.Floor - p.Rounding - p.Long - p.Range - p.Still
	if math.Abs(p.Counts) < 1e-9*p.Total {
		p.Counts = 0
	}
	return p
}

// young says why the series is not ready.
func (s *series) young(k *look, p *params) string {
	switch span := since(s.FirstTime, k.t); {
	case s.N < p.warmupSamples:
		return fmt.Sprintf("%d samples seen, alarms need %d", s.N, p.warmupSamples)
	case span < p.warmupSpan:
		return fmt.Sprintf("seen for %s, alarms need %s", time.Duration(span)*time.Millisecond, time.Duration(p.warmupSpan)*time.Millisecond)
	}
	bold := float64(boldness)
	if s.rarelyLeavesZero() {
		bold = firstBold / (float64(s.Changes)/2 + 1)
	}
	return fmt.Sprintf("%d samples seen, which can bear no alarm as rare as the budget asks for; that takes %.0f",
		s.N, math.Ceil(s.looksPerHour()/(bold*p.budgetPerHour)))
}
