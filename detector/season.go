package detector

import "math"

const (
	dayBuckets    = 96
	spreadBuckets = 48
	weekBuckets   = 28
	hourBuckets   = 12
	secondsDay    = 86400
	dayWidth      = secondsDay / dayBuckets      // seconds
	weekWidth     = 7 * secondsDay / weekBuckets // seconds
	quartersOfDay = weekBuckets / 7
	hourWidth     = secondsHour / hourBuckets  // seconds
	spreadWidth   = secondsDay / spreadBuckets // seconds
)

// page is what a series has learned about the calendar: by how much it lies
// above its long level in each quarter of an hour of the day, in each quarter of
// a day of the week and in each five minutes of the hour, and how large forecast
// errors are at a time of day. Week and hour are used only where they have
// forecast better than the day alone. It lives in a slab of its own, for those
// series only that have lived long enough to have a day.
type page struct {
	Unit     brief     // of Day and Week
	HourUnit brief     // of Hour
	DayErr   float32   // mean error of level and day
	WeekErr  float32   // the same with the week
	HourErr  float32   // the better of the two with the hour
	CalmErr  float32   // that better of the two
	Trend    float32   // mean deviation over a day, which is no matter of the time of day
	Lately   float32   // mean deviation over some hours, which is no matter of the hour
	LeapX    float32   // how leaps of the season and of the value went together,
	LeapS    float32   // and how large those of the season were
	Since    uint32    // when the page was begun, seconds since 1970
	Known    [3]uint32 // quarters; see visitWhole
	Bucket   uint8     // of the last sample
	Visit    visit
	Ordinary uint8 // ordinary samples in it so far, saturating
	Ages     uint8 // days since Since, saturating
	Recurs   [recurring]recurrence
	Novelty  novelty
	Outlook  outlook
	Day      [dayBuckets]int16
	Spread   [spreadBuckets]int16 // size of errors relative to the average, less 1, in 1/spreadUnit
	Week     [weekBuckets]int16
	Hour     [hourBuckets]int8
	Ebb      ebb // the last field, see pageSize
}

// Fixed-point scales of the page.
const (
	spreadUnit = 4096
	unitSteps  = 1e4 // steps of Unit that the range of a new page takes
	hourUnits  = 64  // and HourUnit in them
	leastUnit  = 1e-34
)

// place is a point of the calendar: a quarter of an hour, the two whose centres
// lie around it and the weight of the second; the half hour around a full or half
// one; the same for the week; five minutes of the hour; the minute and the day of the week; and how many rows of the
// series fall into a bucket of each. It is filled in place: a copy would be read
// before its small fields have been written.
type place struct {
	own, a, b, half uint8
	wa, wb, hour    uint8
	minute          int16 // of the day
	weekday         uint8 // from Monday, 0, on
	weight, wweight float32
	rows, hrows     float32
	rate, wrate     float32 // 1 by rows of the quarter of an hour, of the day
}

// set fills the place of a local time in seconds for a series with the given
// step in seconds. Where several samples fall into a quarter of an hour the
// profile is read between centres; where one sample spans it, it is not.
func (at *place) set(p *params, local int64, step float64) {
	inWeek := int32((local + 3*secondsDay) % (7 * secondsDay)) // from Monday; 1970 began on a Thursday
	if inWeek < 0 {
		inWeek += 7 * secondsDay
	}
	second := inWeek % secondsDay
	at.own, at.hour = uint8(second/dayWidth), uint8(second%secondsHour/hourWidth)
	at.minute, at.weekday = int16(second/60), uint8(inWeek/secondsDay)
	at.half = uint8((second + spreadWidth/2) / spreadWidth % spreadBuckets)
	width := atLeast(float32(step), 1e-3)
	inverse := 1 / width
	at.rows, at.hrows = atLeast(dayWidth*inverse, 1), atLeast(hourWidth*inverse, 1)
	at.rate, at.wrate = atMost(width*(1.0/dayWidth), 1), atMost(width*(1.0/weekWidth), 1)
	if at.rows < p.Calendar.ReadRows {
		at.a, at.b, at.weight = at.own, at.own, 0
	} else {
		at.a, at.b, at.weight = between(second, dayWidth, dayBuckets)
	}
	at.wa, at.wb, at.wweight = between(inWeek, weekWidth, weekBuckets)
}

// between returns the two buckets of a circle whose centres lie around at, and
// the weight of the second.
func between(at, width, buckets int32) (a, b uint8, weight float32) {
	at -= width / 2
	if at < 0 {
		at += width * buckets
	}
	i := at / width
	weight = float32(at-i*width) * (1 / float32(width))
	if i+1 == buckets {
		return uint8(i), 0, weight
	}
	return uint8(i), uint8(i + 1), weight
}

// start begins a page at time t for a series that ranges over so much.
func (d *page) start(t int64, size float64) {
	unit := briefOf(max(size/unitSteps, leastUnit))
	*d = page{Since: seconds(t), Unit: unit, HourUnit: briefOf(unit.value() * hourUnits), Bucket: math.MaxUint8}
}

// allKnown is Known when all of the day is.
var allKnown = [3]uint32{^uint32(0), ^uint32(0), ^uint32(0)}

// known reports whether a quarter has been visited.
func (d *page) known(bucket uint8) bool { return d.whole() || d.marked(bucket) }

// season fills the look's place and what the calendar says of it. sharp is the
// size of an ordinary error: quarters that differ by much more meet at an edge,
// and an edge is not read as a slope. before is the offset when it was last read.
func (d *page) season(p *params, k *look, step, sharp float64, before float32) {
	at := &k.place
	at.set(p, k.t/1000+k.zone, atLeast(step, p.leastStep))
	k.day, k.week = d.dayAt(p, at, sharp), d.weekAt(p, at, sharp)
	k.hour = d.HourUnit.value() * float64(d.Hour[at.hour])
	k.season = k.day
	if d.weekly(p) {
		k.season += k.week
	}
	if d.hourly(p, at) {
		k.season += k.hour
	}
	k.spread = 1 + float64(d.Spread[at.half])/spreadUnit
	k.leap = float64(atMost(float32(positive(float64(d.LeapX/(d.LeapS+1)))), 1)) * (k.season - float64(before))
}

// at returns the offset of the season at a time, for forecasts: that of a look, without all
// else that a look is.
func (d *page) at(p *params, local int64, step, sharp float64) float64 {
	var at place
	at.set(p, local, atLeast(step, p.leastStep))
	season := d.hourless(p, &at, sharp)
	if d.hourly(p, &at) {
		season += d.HourUnit.value() * float64(d.Hour[at.hour])
	}
	return season
}

// hourless returns the offset of the season without the hour.
func (d *page) hourless(p *params, at *place, sharp float64) float64 {
	season := d.dayAt(p, at, sharp)
	if d.weekly(p) {
		season += d.weekAt(p, at, sharp)
	}
	return season
}

// weekAt returns what the week's offset is or would be. It is read between centres, but
// not across an edge between days, as that before a weekend.
func (d *page) weekAt(p *params, at *place, sharp float64) float64 {
	a, b := d.Week[at.wa], d.Week[at.wb]
	switch {
	case at.wb%quartersOfDay != 0 || math.Abs(float64(a)-float64(b))*d.Unit.value() <= p.Calendar.SharpEdge*sharp:
		return d.Unit.value() * float64(float32(a)*(1-at.wweight)+float32(b)*at.wweight)
	case at.wweight < 0.5:
		return d.Unit.value() * float64(a)
	}
	return d.Unit.value() * float64(b)
}

// pageStep returns how far apart the samples are that teach the page of a series
// with this step, in seconds.
func pageStep(p *params, step float32) float64 { return atLeast(p.leastStep, float64(step)) }

// weekly and hourly report whether week and hour are of use.
func (d *page) weekly(p *params) bool {
	return d.Ages >= p.Calendar.WeekAfter && d.WeekErr < p.Calendar.WeekBetter*d.DayErr
}

func (d *page) hourly(p *params, at *place) bool {
	return at.hrows <= p.Calendar.HourRows && d.Ages >= p.Calendar.HourAfter && d.HourErr < p.Calendar.HourBetter*d.CalmErr
}

// dayAt returns the day's offset.
func (d *page) dayAt(p *params, at *place, sharp float64) float64 {
	a, b := d.Day[at.a], d.Day[at.b]
	switch {
	case at.a == at.b:
		return d.Unit.value() * float64(a)
	case math.Abs(float64(a)-float64(b))*d.Unit.value() > p.Calendar.SharpEdge*sharp && d.known(at.own):
		return d.Unit.value() * float64(d.Day[at.own])
	case at.weight == 0 || !d.known(at.b):
		return d.Unit.value() * float64(a)
	case !d.known(at.a):
		return d.Unit.value() * float64(b)
	}
	return d.Unit.value() * float64(float32(a)*(1-at.weight)+float32(b)*at.weight)
}

// reaches reports whether an offset that is far from the one now is that of
// another time of day, give or take near.
func (d *page) reaches(p *params, offset, now, near float64) bool {
	if math.Abs(offset-now) < p.Calendar.BreakFar*near {
		return false
	}
	unit := d.Unit.value()
	for i, o := range d.Day {
		if math.Abs(float64(o)*unit-offset) < near && d.known(uint8(i)) {
			return true
		}
	}
	return false
}

// dayMean returns the mean of what is known of the day, in units.
func (d *page) dayMean() float64 {
	if d.whole() { // as most are from the second day on: four sums, none of which waits for another
		var sum [4]int
		for i := 0; i < dayBuckets; i += len(sum) {
			four := (*[len(sum)]int16)(d.Day[i:])
			sum[0], sum[1] = sum[0]+int(four[0]), sum[1]+int(four[1])
			sum[2], sum[3] = sum[2]+int(four[2]), sum[3]+int(four[3])
		}
		return float64(sum[0]+sum[1]+sum[2]+sum[3]) / dayBuckets
	}
	sum, n := 0, 0
	for i, o := range d.Day {
		if d.known(uint8(i)) {
			sum, n = sum+int(o), n+1
		}
	}
	return float64(sum) / float64(max(n, 1))
}

// centre returns the mean offset of the day over what is known of it, with that of
// the week where it is of use.
func (d *page) centre(p *params) float64 {
	mean := d.dayMean()
	if d.weekly(p) {
		mean += d.weekMean()
	}
	return mean * d.Unit.value()
}

// weekMean returns the mean of the week, in units.
func (d *page) weekMean() float64 {
	sum := 0
	for _, o := range d.Week {
		sum += int(o)
	}
	return float64(sum) / weekBuckets
}
