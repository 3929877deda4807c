package detector

import "math"

// tells reports whether anything can be said of the future yet.
func (o *outlook) tells(p *params) bool {
	return o.Tick != 0 && o.Tried[0] > p.Outlook.Calm && o.Tried[1] > p.Outlook.Calm
}

// at returns the forecast for a number of hours ahead, half the width of its
// interval for a coverage between 0 and 1, and how many forecasts of about that
// horizon have been judged. Between horizons value and width are interpolated
// over the logarithm; within the first they are those of the first; beyond the
// last the trend goes on and the width grows as that of a random walk.
func (o *outlook) at(p *params, hours, season, long, coverage float64) (value, half float64, tried int) {
	i := 0
	for i < horizons-2 && hours > aheads[i+1].hours() {
		i++
	}
	from, to := aheads[i].hours(), aheads[i+1].hours()
	w := min(max(math.Log(hours/from)/math.Log(to/from), 0), 1)
	value = (1-w)*o.value(p, i, hours, season, long) + w*o.value(p, i+1, hours, season, long)
	half = (1-w)*o.widest(p, i) + w*o.widest(p, i+1)
	if hours > to {
		half *= math.Pow(hours/to, p.Outlook.BeyondPower)
	}
	if tried = int(o.Tried[i]); w > 0.5 {
		tried = int(o.Tried[i+1])
	}
	return value, half * o.multiple(p, coverage), tried
}

// value returns the forecast by the weights of horizon i.
func (o *outlook) value(p *params, i int, hours, season, long float64) float64 {
	hourly := o.trend(p, i) / aheads[i].hours()
	return float64(o.Base) - (1-o.Keep[i].value())*o.lag(p, long, hourly) + o.Slope.value()*hourly*hours + o.Share.value()*(season-o.Centre.value())
}

// widest returns half the width of the 90 % interval of horizon i, grown from
// the one before where none of its forecasts has been judged, and not much below
// that of a shorter one.
func (o *outlook) widest(p *params, i int) float64 {
	half := 0.0
	for k := 0; k <= i; k++ {
		if o.Tried[k] < 2 {
			half *= math.Pow(aheads[k].hours()/aheads[max(k-1, 0)].hours(), p.Outlook.GrowPower)
			continue
		}
		half = max(p.Outlook.ShorterHolds*half, o.half(p, k))
	}
	return half
}

// multiple returns the half width for a coverage in that for 90 %: a line through
// those learned, over the logarithm of the share missed, as if tails were
// exponential.
func (o *outlook) multiple(p *params, coverage float64) float64 {
	low, high := o.Shape[0].value(), o.Shape[1].value()
	at := -math.Log(1 - min(coverage, p.Outlook.CoverageMost))
	a80, a90, a95 := -math.Log(0.2), -math.Log(0.1), -math.Log(0.05)
	switch {
	case at <= a80:
		return low * at / a80
	case at <= a90:
		return low + (1-low)*(at-a80)/(a90-a80)
	default:
		return 1 + (high-1)*(at-a90)/(a95-a90)
	}
}
