package detector

import "math"

// outlook is what a series has learned about its own future: forecasts that
// wait to be compared with what came, and how large their errors were at each
// of a few horizons. 128 bytes without a pointer; it lives in the page of a
// series. A sample costs one exponential mean and one comparison; once an hour
// at most five forecasts are judged and made anew.
//
// The forecast for a horizon is level, trend and profile of the day:
//
//	Base - (1-keep) lag + slope trend + share season
//
// Base is the mean of about the last twenty minutes without the season, lag how
// far that lies from the long level (keep says how much of it will last), trend
// what the level did over the horizon before, if it did the same in each part of
// it (a step, a spike or a random walk do not), and season the offset of the time
// forecast. keep, slope and share follow the sign of the errors they made
// (stochastic subgradient of the absolute error), so that what does not help
// loses its weight and no outlier weighs more than another error.
//
// Intervals are the mean error at the horizon times a multiple for each
// coverage, which grows with every miss and shrinks with every hit until misses
// are as frequent as they should be, whatever the shape of the errors:
// "Adaptive Conformal Inference Under Distribution Shift" (I. Gibbs, E. Candes,
// NeurIPS 2021, arXiv:2106.00170), on the logarithm of the multiple and not on
// the level, which keeps the state at two bytes.
type outlook struct {
	Tick   int32 // hours since 1970, at outlookPhase past the hour; 0 before the first sample
	Base   float32
	Now    [pendings]float32        // Base when a forecast was made; NaN where none waits; see fourth
	Lag    [pendings - 1]brief      // without one of fourth, see lagOf
	Trend  [pendings - drifts]brief // of the horizons from drifts on, by slot
	Season [pendings]brief          // offset of the time forecast, as it was known then
	Scale  [horizons]octaves
	Reach  [horizons]octaves // half width of the 90 % interval in scales
	Shape  [2]octaves        // half widths of the 80 % and 95 % intervals in that of 90 %
	Keep   [horizons]share
	Tried  [horizons]uint8 // forecasts judged, saturating
	Slope  share
	Share  share // of the season

	Centre      brief   // mean of the profile, which belongs to the level
	SpurtPast   octaves // how far the largest spurt led that is over, fading
	ClimbHourly brief   // see climb
	SpurtHourly brief   // see spurt
	SpurtLevel  brief   // beyond Now of the shortest horizon
	ClimbHours  uint8
	SpurtParts  uint8
}

const (
	horizons    = 5
	pendings    = 8
	outlookTick = 3600 * 1000 // ms
)

// ahead is one horizon: pending forecasts, one made every so many hours.
type ahead struct {
	every, pending, first int
}

// hours returns how far ahead the horizon's forecasts are.
func (a ahead) hours() float64 { return float64(a.every * a.pending) }

// The horizons of 1 h, 7 h, 25 h, 3 d and 6 d. None of their steps has a divisor
// with a day in common, so that all times of day are judged in turn; the steps of
// the longer ones are nearly whole days, so that their levels are compared at
// nearly the same time of day.
var aheads = [horizons]ahead{
	{1, 1, 0}, {7, 1, 1}, {25, 1, 2}, {25, 3, 3}, {73, 2, 6},
}

// drifts is the first horizon that measures a trend, which the shorter take over. The
// one before has its step, hence its levels, lags and trends; its place in Now keeps the
// last level that those of drifts have given up, so that four are known.
const (
	drifts = 3
	fourth = drifts - 1
)

// turns is the order in which horizons are seen to: a trend is taken from one
// that has been.
var turns = [horizons]int{3, 4, 0, 1, 2}

// calendar is the page of a series, read in a time zone.
type calendar struct {
	page   *page
	series *series
	params *params
}

// offset returns the offset of the season at a time in ms.
func (c calendar) offset(t int64) float64 {
	return c.page.at(c.params, t/1000+c.params.zone.offset(t), float64(c.series.Step), float64(c.series.MixErr))
}

// centre returns the mean offset over a day, and over a week where that is of use.
func (c calendar) centre() float64 { return c.page.centre(c.params) }

// present is a sample as the outlook sees it.
type present struct {
	t            int64
	x            float64
	fast         float64 // the quickest mean
	season, long float64 // offset of the season now; long level
	unit         float64 // size of an ordinary deviation from the long level
	dt           float64 // seconds since the sample before
	first        bool    // the page sees this time of day for the first time
	held         bool    // Base could not go all the way to it, see Clip
}

// learn takes one sample, later than the one before.
func (o *outlook) learn(p *params, now *present, c calendar) {
	e, most := now.x-now.season+o.Centre.value()-float64(o.Base), p.Outlook.Clip*now.unit
	if now.held = math.Abs(e) > most; now.held {
		e = math.Copysign(most, e)
	}
	if now.dt < p.Outlook.Mean {
		e *= now.dt * p.outlookShare
	}
	o.Base += float32(e)
	if now.t >= int64(o.Tick+1)*outlookTick-p.Outlook.Phase {
		level, centre := o.Now[0], o.Centre
		o.hour(p, now, c)
		// What is kept beyond that level stays where it is.
		o.SpurtLevel = briefOf(o.SpurtLevel.value() + float64(level-o.Now[0]) + o.Centre.value() - centre.value())
	}
	o.spurts(p, now)
}

// hour judges what is due at the first sample of an hour, and foretells anew.
func (o *outlook) hour(p *params, now *present, c calendar) {
	before := o.Tick
	tick := int32((now.t + p.Outlook.Phase) / outlookTick)
	if before == 0 {
		o.start(p, now.x-now.season, tick)
		before = tick
	}
	o.Tick = tick
	o.SpurtPast = o.SpurtPast.step(false, 0, octaves(min(int(tick-before), math.MaxUint8))*p.Outlook.SpurtFades)
	o.recentre(c.centre(), 0)
	for _, i := range turns {
		// Hour after hour, as ticks mostly come, a horizon is due at multiples of its step.
		if tick != before+1 || tick <= 0 || p.outlookDue[i].divides(uint32(tick)) {
			o.turn(p, i, before, now, c)
		}
	}
}

// recentre takes the mean of the profile, from all of which so much has been taken for the
// long level.
func (o *outlook) recentre(centre, moved float64) {
	was := o.Centre.value()
	o.Centre = briefOf(centre)
	o.Base += float32(o.Centre.value() + moved - was)
}

func (o *outlook) start(p *params, level float64, tick int32) {
	*o = outlook{Tick: tick, Base: float32(level), Slope: shareOf(p.Outlook.SlopeMost), Share: shareOf(1), SpurtLevel: briefOf(math.NaN())}
	for i := range o.Now {
		o.Now[i] = float32(math.NaN())
	}
	for i := range aheads {
		o.Keep[i], o.Reach[i] = shareOf(p.Outlook.Keep[i]), octavesOf(p.Outlook.Reach)
	}
	// Of errors with exponential tails.
	o.Shape = [2]octaves{octavesOf(p.Outlook.Shape[0]), octavesOf(p.Outlook.Shape[1])}
}

// turn judges the forecast of horizon i that is due and makes the next.
func (o *outlook) turn(p *params, i int, before int32, now *present, c calendar) {
	a := aheads[i]
	every, n := int32(a.every), int32(a.pending)
	grid, was := floorDiv(o.Tick, every), floorDiv(before, every)
	if grid == was {
		return
	}
	for j := was + 1; j < grid && j <= was+n && i != drifts-1; j++ {
		o.Now[a.slot(j)] = float32(math.NaN()) // its time passed without a sample
	}
	at := a.slot(grid)
	from := at
	if i == drifts-1 {
		from = aheads[drifts].slot(grid - 1)
	}
	waited := !isNaN32(o.Now[from]) && o.Tick-before <= 2
	trend, ok := 0.0, i == drifts-1 // which has that of drifts
	if i < drifts-1 {
		trend, ok = o.trend(p, i), true // which judging leaves as it is
	}
	if waited {
		o.judge(p, i, at, from, now.x, trend)
	}
	if i >= drifts {
		trend, ok = o.drift(p, i, grid-1)
	}
	if !ok {
		trend = o.trend(p, i)
	}
	if i == 0 {
		o.climbs(p, float64(o.Base-o.Now[at]), waited, now.held)
	}
	o.Season[at] = briefOf(c.offset(now.t+int64(a.hours()*outlookTick)) - o.Centre.value())
	if i == drifts-1 {
		return
	}
	if i == drifts {
		o.Now[fourth] = o.Now[at]
	}
	if i >= drifts {
		o.Trend[at-drifts] = briefOf(trend)
	}
	o.Now[at] = o.Base
	*o.lagOf(at) = briefOf(o.lag(p, now.long, trend/a.hours()))
}

// lagOf returns where the lag of a slot is kept.
func (o *outlook) lagOf(slot int) *brief {
	if slot > fourth {
		slot--
	}
	return &o.Lag[slot]
}

// slot returns where the forecast made at step grid is kept.
func (a ahead) slot(grid int32) int {
	n := int32(a.pending)
	if n == 1 {
		return a.first
	}
	return a.first + int((grid%n+n)%n)
}

// lag returns how far the level lies from the long level beyond what a trend, in
// units an hour, has put between them: the long level is late by its memory.
func (o *outlook) lag(p *params, long, hourly float64) float64 {
	lag := float64(o.Base) - long - o.Centre.value()
	late := hourly * o.Slope.value() * p.Forecast.LongMemory / secondsHour
	if late*lag <= 0 {
		return lag
	}
	return lag - math.Copysign(min(math.Abs(late), math.Abs(lag)), lag)
}

// trend returns what the level is to do over horizon i if it goes on as it did
// when that was last measured: over the horizon itself if it has been lived
// through, else over a shorter one, and never over one shorter than drifts.
func (o *outlook) trend(p *params, i int) float64 {
	k := max(i, drifts)
	for k > drifts && o.Tried[k] == 0 {
		k--
	}
	at := aheads[k].slot(floorDiv(o.Tick, int32(aheads[k].every)))
	if isNaN32(o.Now[at]) {
		return 0
	}
	return o.Trend[at-drifts].value() * aheads[i].hours() / aheads[k].hours()
}

// drift measures the trend over horizon i from the levels that its pending
// forecasts began at, the newest of them made at step grid: what the level did in
// all, if all its moves agree in sign, less the less they agree in size, and up to
// twice that, which Slope halves to begin with, if they agree. A level step, a
// spike and most of what a random walk does are no trend. It is false with less
// than two moves to compare.
func (o *outlook) drift(p *params, i int, grid int32) (float64, bool) {
	a := aheads[i]
	least, most, newest, moves := math.Inf(1), 0.0, 0.0, 0
	later, alike := float64(o.Base), true
	for j := range a.pending {
		before := float64(o.Now[a.slot(grid-int32(j))])
		if math.IsNaN(before) {
			break // not known: there was a gap, or the series is younger
		}
		move := later - before
		if moves == 0 {
			newest = move
		}
		alike = alike && move*newest > 0
		least, most, moves = min(least, math.Abs(move)), max(most, math.Abs(move)), moves+1
		later = before
	}
	if moves < 2 {
		return 0, false
	}
	if !alike {
		return 0, true
	}
	even := math.Pow(min(1, p.Outlook.EvenEnough*least/most), p.Outlook.EvenPower)
	return (float64(o.Base) - later) * float64(a.pending) / float64(moves) * even * (1 + even), true
}

// judge compares the forecast of which the level is kept at slot from, and the season at
// slot at, with what came; trend is that of the horizons before drifts. A multiple grows by
// about a sixth with a miss and shrinks with a hit by so much that it stands still
// when 20 %, 10 % and 5 % of errors miss the three intervals.
func (o *outlook) judge(p *params, i, at, from int, x, trend float64) {
	level, lag, season := float64(o.Now[from]), o.lagOf(from).value(), o.Season[at].value()
	if i >= drifts-1 {
		trend = o.Trend[from-drifts].value() * aheads[i].hours() / aheads[max(i, drifts)].hours()
	}
	off := x - (level - (1-o.Keep[i].value())*lag + o.Slope.value()*trend + o.Share.value()*season)
	size := math.Abs(off)
	scale := p.octave(o.Scale[i])
	if o.Tried[i] < math.MaxUint8 {
		o.Tried[i]++
	}
	if o.Tried[i] > 1 {
		half := o.half(p, i)
		low, high := half*p.octave(o.Shape[0]), half*p.octave(o.Shape[1])
		o.Shape[0] = o.Shape[0].step(size > low, p.Outlook.Grow[0], p.Outlook.Shrink[0])
		o.Reach[i] = o.Reach[i].step(size > half, p.Outlook.Grow[1], p.Outlook.Shrink[1])
		o.Shape[1] = o.Shape[1].step(size > high, p.Outlook.Grow[2], p.Outlook.Shrink[2])
		if high > 0 {
			size = min(size, p.Outlook.SizeMost*high)
		}
	}
	scale += max(1/float64(o.Tried[i]), p.Outlook.Rate) * (size - scale)
	o.Scale[i] = octavesOf(scale)
	if scale == 0 || off == 0 {
		return
	}
	o.Keep[i] = o.Keep[i].move(p.Outlook.KeepRate, off/scale, lag/scale, 1)
	if i >= drifts-1 {
		o.Slope = o.Slope.move(p.Outlook.SlopeRate, off/scale, trend/scale, p.Outlook.SlopeMost)
	}
	o.Share = o.Share.move(p.Outlook.ShareRate, off/scale, season/scale, p.Outlook.ShareMost)
}

// half returns half the width of the 90 % interval of horizon i.
func (o *outlook) half(p *params, i int) float64 {
	return p.octave(o.Scale[i]) * p.octave(o.Reach[i]) * (1 + p.Outlook.Young/float64(max(o.Tried[i], 1)))
}
