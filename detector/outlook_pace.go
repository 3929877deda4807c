package detector

import (
	"math"
	"slices"
)

const (
	paceDays   = 5 // levels that are kept over days: four by drifts, and the oldest of a week
	paceRecent = 3
)

// pace is how fast a level moves an hour, and by how much of that it may be off beyond
// what intervals have learned.
type pace struct{ hourly, doubt float64 }

// pace returns how a series that fills up goes on if nobody does anything about it: by
// the climb of the last hours if that is known for one and steeper, else as in the last
// days. Forecasts follow it less: most climbs end, and what is uneven is mostly no trend.
// Who asks when a disk is full wants to know of those that do not. The level may be as
// far as lead from the newest sample: where it is still on its way, nothing is a climb.
func (o *outlook) pace(p *params, now int64, lead float64) (pace, bool) {
	out, ok := o.daily(p, now)
	if c := o.climb(); o.beyond(p, c) && math.Abs(lead) <= math.Abs(c.hourly)+o.widest(p, 0) && math.Abs(c.hourly) > math.Abs(out.hourly) {
		return pace{c.hourly, math.Abs(c.hourly) * p.Outlook.ClimbDoubt / math.Sqrt(c.hours)}, true
	}
	return out, ok
}

// daily returns the typical pace of the last three moves of the level over a day, the
// first of them the part of one that has passed, but for one that stands out: they must
// have the same sign, and be alike or be part of an equal pace over a week. Two moves are
// too few: Clip makes a ramp of hours of a large step, of which two may have a part each.
func (o *outlook) daily(p *params, now int64) (pace, bool) {
	var all [paceDays]float64
	n := o.paces(p, now, &all)
	if n < paceRecent {
		return pace{}, false
	}
	var recent [paceRecent]float64
	copy(recent[:], all[:])
	like := p.withoutOutlier(recent[:])
	sum, least, most := 0.0, math.Inf(1), 0.0
	for _, x := range like {
		if x*like[0] <= 0 {
			least = 0
		}
		sum, least, most = sum+x, min(least, math.Abs(x)), max(most, math.Abs(x))
	}
	if least > 0 && most <= p.Outlook.PaceAlike*least {
		return pace{sum / float64(len(like)), (most - least) / 2}, true
	}
	if n < paceDays {
		return pace{}, false
	}
	return o.weekly(p, all)
}

// paces fills in what the level did an hour over each day that is known and in all of
// those before, newest first, and returns how many those are.
func (o *outlook) paces(p *params, now int64, out *[paceDays]float64) int {
	day, week := aheads[drifts], aheads[horizons-1]
	n, later, from := 0, float64(o.Base), float64(now+p.Outlook.Phase)/outlookTick
	grid := floorDiv(o.Tick, int32(day.every))
	for j := range int32(day.pending + 2) {
		at, tick := fourth, (grid-j)*int32(day.every)
		switch {
		case j < int32(day.pending):
			at = day.slot(grid - j)
		case j > int32(day.pending):
			oldest := floorDiv(o.Tick, int32(week.every)) - int32(week.pending-1)
			at, tick = week.slot(oldest), oldest*int32(week.every)
		}
		before, hours := float64(o.Now[at]), from-float64(tick)
		if math.IsNaN(before) {
			break // not known: there was a gap, or the series is younger
		}
		if hours >= p.Outlook.PaceLeast {
			out[n] = (later - before) / hours
			n++
		}
		later, from = before, float64(tick)
	}
	return n
}

// weekly returns the mean pace of all days if they have the same sign and the steepest
// three are alike: less than half of a week is its end, and a step is a day or two.
func (o *outlook) weekly(p *params, days [paceDays]float64) (pace, bool) {
	sum, newest := 0.0, days[0]
	for i, x := range days {
		if x*newest <= 0 {
			return pace{}, false
		}
		sum += x
		days[i] = math.Abs(x)
	}
	slices.Sort(days[:])
	mean, median := sum/paceDays, days[paceDays/2]
	if days[paceDays-1] > p.Outlook.PaceAlike*median {
		return pace{}, false
	}
	return pace{mean, math.Abs(math.Abs(mean)-median) / 2}, true
}

// onward returns the forecast for hours ahead at a pace, and half the width of its
// interval: level, season and pace, without what is to be taken back.
func (o *outlook) onward(p *params, x pace, hours, step, season, coverage, half float64) (value, wide float64) {
	late := max(p.Outlook.Mean-step, 0) / secondsHour // of the level
	value = float64(o.Base) + x.hourly*(hours+late) + o.Share.value()*(season-o.Centre.value())
	return value, half + x.doubt*hours*o.multiple(p, coverage)
}

// withoutOutlier takes out the pace that is so many times as fast as any other and the
// other way, as when a disk is cleaned or resized: what fills up goes on filling up. The
// same way it stays, for the moves beside it may be the ends of its ramp. It changes the
// order.
func (p *params) withoutOutlier(paces []float64) []float64 {
	out, second := 0, 0.0
	for j, x := range paces {
		if math.Abs(x) > math.Abs(paces[out]) {
			out = j
		}
	}
	for j, x := range paces {
		if j != out {
			second = max(second, math.Abs(x))
		}
	}
	last := len(paces) - 1
	if math.Abs(paces[out]) < p.Outlook.Outlier*second || paces[out]*paces[(out+1)%len(paces)] > 0 {
		return paces
	}
	paces[out] = paces[last]
	return paces[:last]
}
