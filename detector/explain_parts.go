package detector

import (
	"fmt"
	"math"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// What an explanation takes apart is here worked out anew: on the way of a sample
// only sums are kept. Tests hold the parts against the sums.

var expertNames = [experts]string{"last value", "mean of 3", "mean of 17", "mean of 100", "level and season", "last value and change of season"}

// forecasts fills the forecasts with the weights that mix gives them.
func (e *Explanation) forecasts(p *params, s *series, k *look, seasonal bool) {
	weights := s.weights(p, k, seasonal)
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
func (s *series) weights(p *params, k *look, seasonal bool) (w [experts]float64) {
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
	case s.N <= p.Forecast.Youth || best == 0:
		w[0] = 1
	case s.runs(p, k.gap):
		w[s.steadiest(p, at)] = 1
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
func (s *series) scaleParts(p *params, k *look) ScaleParts {
	size, fresh, gap := max(math.Abs(s.Slow), math.Abs(s.X1)), float64(max(s.Fresh, 1)), 1.0
	if k.gap {
		gap = math.Sqrt(min(k.dt/float64(s.Step), p.Scale.GapMost))
	}
	out := ScaleParts{
		Total: k.scale, Mean: k.err, Spread: k.spread, Power: s.power(p), Level: k.power, Fresh: 1 + p.Scale.Young/fresh, Fine: k.fine, Gap: gap,
		Rounding: p.Scale.FloorValue * size, Long: k.floorLong * p.Scale.FloorLong * float64(s.LongScale),
		Range: k.floorRange * p.Scale.FloorRange * (1 + p.Scale.FreshTimes*p.Scale.FloorFresh/(fresh+p.Scale.FloorFresh)) * float64(s.Hi-s.Lo),
		Still: p.Scale.StillFloor * size * max(0, 1-p.stillTimes*float64(s.ChangeRate)),
	}
	out.Error = out.Mean * out.Spread * out.Level * out.Fresh * out.Fine * out.Gap
	out.Floor = out.Total - out.Error
	out.Counts = out.Floor - out.Rounding - out.Long - out.Range - out.Still
	if math.Abs(out.Counts) < 1e-9*out.Total {
		out.Counts = 0
	}
	return out
}

// part says what is known of a recurrence.
func (r recurrence) part(p *params) RecurrencePart {
	if r == 0 {
		return RecurrencePart{}
	}
	x := &p.Recurrence
	out := RecurrencePart{Minute: r.minute(), Near: r.near(p), Lasts: r.lasts(p), Off: r.size(), Times: x.Times,
		Count: int(r.count()), Gains: int(x.Gains), Believed: int(x.Believed)}
	switch r.rhythm() {
	case daily:
	case frequent:
		out.Every = r.period()
	case sporadic:
		out.Near, out.Gains, out.Believed = 0, x.SporadicGains, x.SporadicBelieved
		out.Sporadic = SporadicPart{Today: r.number(), Most: r.limit(p), Daily: x.SporadicDaily, Fades: x.SporadicFades}
	default:
		out.Weekly, out.Level, out.Weekday = true, r.level(), time.Weekday((r.day()+1)%7)
	}
	return out
}

// young says why the series is not ready.
func (s *series) young(p *params, k *look) string {
	switch span := since(s.FirstTime, k.t); {
	case s.N < p.warmupSamples:
		return fmt.Sprintf("%s seen, alarms need %d", telemetry.Counted(s.N, "sample", "samples"), p.warmupSamples)
	case span < p.warmupSpan:
		return fmt.Sprintf("seen for %s, alarms need %s", time.Duration(span)*time.Millisecond, time.Duration(p.warmupSpan)*time.Millisecond)
	}
	bold := p.Evidence.Boldness
	if s.rarelyLeavesZero(p) {
		bold = p.Evidence.FirstBold / (float64(s.Changes)/2 + 1)
	}
	return fmt.Sprintf("%s seen, which can bear no alarm as rare as the budget asks for; that takes %.0f",
		telemetry.Counted(s.N, "sample", "samples"), math.Ceil(s.looksPerHour(p)/(bold*p.budgetPerHour)))
}
