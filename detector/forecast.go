package detector

import (
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Forecast is what a series is expected to be at a time to come.
type Forecast struct {
	From, At int64 // ms: last sample seen, and the time forecast
	// Value is the expected value: per second for a series that is watched as a
	// rate (Rate), else in the series' own unit. Lower and Upper enclose the value
	// with the chance asked for, as far as errors made before can tell; neither is
	// below zero if the series never was.
	Value, Lower, Upper float64
	Rate                bool
	// Tried is how many forecasts for about as far ahead have been compared with
	// what came, at most 255. Where it is 0 the interval is extended from shorter
	// horizons or, if there are none, from how far the series strays from its
	// long level.
	Tried int
}

// Crossing says when a series is expected to reach a threshold, in ms since the
// Unix epoch; 0 stands for not within the horizon.
type Crossing struct {
	Likely           int64 // the expected value reaches it
	Earliest, Latest int64 // the near and the far side of the interval reach it
}

// Future is a copy of what was known of one series when it was taken; no later
// sample changes it. Its methods are pure.
type Future struct {
	s     series
	d     page
	p     *params
	plain bool // no forecast has been judged: the last value is all there is, but for what stirs
}

// Future returns what is known of the future of a series. It is false for series
// that are not watched and for those that have lived for less than six hours. In
// its first day, and while it hardly ever changes, a series is expected to stay as
// it is.
func (b *Bank) Future(slot Slot) (Future, bool) {
	c := b.series.at(int(slot.place()) / chunkSize)
	if !slot.Watched() || c == nil {
		return Future{}, false
	}
	c.Lock()
	defer c.Unlock()
	s := &c.series[slot.place()%chunkSize]
	if uint32(s.Generation) != slot.generation() {
		return Future{}, false
	}
	return futureOf(&b.params, s, &b.days)
}

func futureOf(p *params, s *series, pages *days) (Future, bool) {
	f := Future{s: *s, p: p, plain: true}
	if s.has(flagPage) {
		f.d = *pages.at(s.Page)
		f.plain = !f.d.Outlook.tells(p)
	}
	return f, s.N > p.Forecast.Youth && since(s.FirstTime, s.LastTime) >= p.Calendar.PageAge
}

// Forecast returns what the series is expected to be at a time (ms) after its
// last sample, with an interval that encloses the value with the chance coverage,
// between 0 and 1. It is false where Future is and for times not after the last
// sample.
func (b *Bank) Forecast(slot Slot, at int64, coverage float64) (Forecast, bool) {
	f, ok := b.Future(slot)
	if !ok {
		return Forecast{}, false
	}
	return f.At(at, coverage)
}

// Until returns when the series is expected to rise to the threshold or above,
// or with above false to fall to it or below, within the horizon from its last
// sample; the interval's coverage is 80 %. It is false where Future is.
func (b *Bank) Until(slot Slot, threshold float64, above bool, horizon time.Duration) (Crossing, bool) {
	f, ok := b.Future(slot)
	if !ok {
		return Crossing{}, false
	}
	return f.Until(threshold, above, horizon), true
}

// ReplayFuture returns what a new detector knows of the future of a series after
// these samples, oldest first. It is false where Bank.Future would be and for a
// configuration that is out of range.
func ReplayFuture(c Config, l labels.Labels, samples []telemetry.Sample) (Future, bool) {
	if !c.valid() {
		return Future{}, false
	}
	r := newReplay(c, l)
	for _, x := range samples {
		r.show(x)
	}
	return futureOf(&r.params, &r.series, &r.own)
}

// Last returns time (ms) and watched value of the last sample.
func (f *Future) Last() (at int64, value float64) { return f.s.LastTime, f.s.X1 }

// Step returns the usual distance between samples.
func (f *Future) Step() time.Duration {
	return time.Duration(float64(f.s.Step) * float64(time.Second))
}

// At returns the forecast for a time (ms) and the coverage of its interval; false
// for times not after the last sample.
func (f *Future) At(at int64, coverage float64) (Forecast, bool) {
	if at <= f.s.LastTime {
		return Forecast{}, false
	}
	hours := float64(at-f.s.LastTime) / outlookTick
	v, half, tried := f.s.X1, -math.Log(1-min(coverage, f.p.Outlook.CoverageMost))*float64(f.s.LongScale)*math.Pow(max(hours, 1), f.p.Outlook.GrowPower), 0
	if !f.plain {
		season := calendar{&f.d, &f.s, f.p}.offset(at)
		v, half, tried = f.d.Outlook.at(f.p, hours, season, f.s.Long, coverage)
	}
	out := Forecast{From: f.s.LastTime, At: at, Value: v, Lower: v - half, Upper: v + half, Rate: f.s.counter(), Tried: tried}
	if f.plain && f.mayMove(hours, coverage) {
		out.Lower, out.Upper = min(out.Lower, float64(f.s.Lo)), max(out.Upper, float64(f.s.Hi))
	}
	if !f.s.has(flagNegative) {
		out.Value, out.Lower, out.Upper = max(out.Value, 0), max(out.Lower, 0), max(out.Upper, 0)
	}
	return out, true
}

// mayMove reports whether a series that hardly ever changes is likelier to change within
// some hours than the interval of a coverage may miss, by the rule of succession: to where,
// is anything that it has shown of late. Once it has changed often, how far it strays tells
// more, for that knows how long changes last.
func (f *Future) mayMove(hours, coverage float64) bool {
	s := &f.s
	lived := float64(since(s.FirstTime, s.LastTime)) / outlookTick
	return s.Changes > 0 && s.Changes < f.p.Outlook.SeldomMost && s.ChangeRate < f.p.Calendar.PageChanges &&
		-math.Expm1(-(float64(s.Changes)+1)*hours/lived) > 1-coverage
}

// untilSteps is how many forecasts one question after a crossing takes at most by the
// hour, and as many for what is farther away.
const untilSteps = 240

// Until returns when the threshold is reached, as Bank.Until does.
func (f *Future) Until(threshold float64, above bool, horizon time.Duration) Crossing {
	c := course{threshold, 1}
	if !above {
		c.sign = -1
	}
	if now := f.s.LastTime; c.gap(f.s.X1) >= 0 {
		return Crossing{now, now, now}
	}
	out := f.cross(c, f.along(), horizon)
	if x, ok := f.onset(); ok && x.hourly*c.sign > 0 {
		far := time.Duration(x.hours * f.p.Outlook.SpurtFar * float64(time.Hour))
		out = out.sooner(f.cross(c, f.sudden(x), min(horizon, far)))
	}
	return out
}

// course is a threshold and the side from which it is reached.
type course struct{ threshold, sign float64 }

// gap is below zero where the threshold is not reached.
func (c course) gap(v float64) float64 { return c.sign * (v - c.threshold) }

// cross follows a path in steps of an hour for ten days, whatever the horizon, since days
// have a swing, and of a 240th of what is left of the horizon after that, and places the
// crossing between two steps along a line.
func (f *Future) cross(c course, at func(at int64) Forecast, horizon time.Duration) Crossing {
	now := f.s.LastTime
	var out Crossing
	before := [3]float64{c.gap(f.s.X1), c.gap(f.s.X1), c.gap(f.s.X1)}
	end, soon := now+horizon.Milliseconds(), now+untilSteps*outlookTick
	for last := now; last < end && out.Latest == 0; {
		stride := int64(outlookTick)
		if last >= soon {
			stride = max(stride, (end-soon)/untilSteps)
		}
		next := min(last+stride, end)
		x := at(next)
		near, far := x.Upper, x.Lower
		if c.sign < 0 {
			near, far = far, near
		}
		for i, to := range [3]*int64{&out.Likely, &out.Earliest, &out.Latest} {
			g := c.gap([3]float64{x.Value, near, far}[i])
			if *to == 0 && g >= 0 {
				*to = last + int64(math.Round(float64(next-last)*before[i]/(before[i]-g)))
			}
			before[i] = g
		}
		last = next
	}
	return out
}

// sooner returns the crossing that comes first; of another, what the first cannot tell.
func (c Crossing) sooner(x Crossing) Crossing {
	if x.Likely == 0 || c.Likely != 0 && c.Likely <= x.Likely {
		c, x = x, c
	}
	if x.Latest == 0 {
		x.Latest = c.Latest
	}
	if x.Earliest == 0 || c.Earliest != 0 && c.Earliest < x.Earliest {
		x.Earliest = c.Earliest
	}
	return x
}

// onset returns what has begun suddenly of late, if anything has: not where it is the
// season that moves, for which the level makes up.
func (f *Future) onset() (onset, bool) {
	beyond := f.p.Outlook.SpurtBeyond
	if f.plain {
		if beyond = 0; !f.stirs() {
			return onset{}, false
		}
	}
	o, c, now := &f.d.Outlook, calendar{&f.d, &f.s, f.p}, f.s.LastTime
	part := int64(f.p.Outlook.SpurtPart * 1000)
	since := float64(now-floorDiv(now, part)*part) / outlookTick
	late := float64(f.s.Step) * (1/f.p.Forecast.FastRate - 1) / secondsHour // of the mean
	season, first := float64(f.s.Season), f.s.has(flagFirst)                // before it learned from what has begun
	x, ok := o.onset(f.p, o.free(f.s.Fast, season, first), since, max(late, f.p.leastStep/secondsHour), float64(f.s.MixErr), beyond)
	if !ok {
		return onset{}, false
	}
	if x.level += x.hourly * late; first {
		return x, true
	}
	moved := season - c.offset(now-int64(x.hours*outlookTick))
	if led := x.hourly * x.hours; (led+moved)/led < 1/f.p.Outlook.ClimbAlike {
		return onset{}, false
	}
	x.level += (1 - o.Share.value()) * (season - o.Centre.value()) // forecasts have the season as far as it is of use
	return x, true
}

// stirs reports whether a series of which no forecast has been judged has stood still for
// long: that it moves at all is beyond what is ordinary for it.
func (f *Future) stirs() bool {
	return f.s.has(flagPage) && f.d.Outlook.Tick != 0 && float64(f.d.Since)-float64(f.s.FirstTime) >= f.p.Outlook.SpurtStill*secondsHour
}

// sudden returns the forecast by time that goes on at the pace of an onset.
func (f *Future) sudden(x onset) func(at int64) Forecast {
	coverage := f.p.Outlook.UntilCoverage
	return func(at int64) Forecast {
		out, _ := f.At(at, coverage)
		o, hours := &f.d.Outlook, float64(at-f.s.LastTime)/outlookTick
		half := (out.Upper-out.Lower)/2 + x.doubt*math.Abs(x.hourly)*hours*o.multiple(f.p, coverage)
		out.Value = x.level + x.hourly*hours
		if !f.s.has(flagFirst) {
			out.Value += o.Share.value() * (calendar{&f.d, &f.s, f.p}.offset(at) - o.Centre.value())
		}
		out.Lower, out.Upper = out.Value-half, out.Value+half
		return out
	}
}

// along returns the forecast by time that a crossing is looked for in: that of At, or
// where the series moves at a pace that can be told, one that goes on at it.
func (f *Future) along() func(at int64) Forecast {
	coverage := f.p.Outlook.UntilCoverage
	x, ok := pace{}, false
	if !f.plain {
		o := &f.d.Outlook
		lead := f.s.X1 - calendar{&f.d, &f.s, f.p}.offset(f.s.LastTime) + o.Centre.value() - float64(o.Base)
		x, ok = o.pace(f.p, f.s.LastTime, lead)
	}
	return func(at int64) Forecast {
		out, _ := f.At(at, coverage)
		if !ok {
			return out
		}
		half := (out.Upper - out.Lower) / 2
		hours := float64(at-f.s.LastTime) / outlookTick
		season := calendar{&f.d, &f.s, f.p}.offset(at)
		out.Value, half = f.d.Outlook.onward(f.p, x, hours, float64(f.s.Step), season, coverage, half)
		out.Lower, out.Upper = out.Value-half, out.Value+half
		return out
	}
}
