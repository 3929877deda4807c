package detector

import "math"

// recurrence is one of what comes again and again, in 4 bytes; 0 for a free place. From the
// lowest bit on: the minute of the day at which it begins, by steps of two; its count; what
// there has been of it today; a day of the week; whether it is of that day alone; the deviation from
// normal, the largest of late.
type recurrence uint32

const (
	recurring   = 4
	minutesDay  = secondsDay / 60
	minutesWeek = 7 * minutesDay
	minuteSteps = 2
	minuteBits  = 10
	countBits   = 4
	todayBits   = 2
	weekdayBits = 3
	spans       = 1 << weekdayBits
	countAt     = minuteBits
	todayAt     = countAt + countBits
	weekdayAt   = todayAt + todayBits
	weeklyAt    = weekdayAt + weekdayBits
	sizeAt      = weeklyAt + 1

	// What is weekly counts to weeklyMost. The counts beyond stand for those from weeklyLong on
	// with the second of Recurrence.LastsWeekly, and for what is a level.
	levelWeekly  = 2
	weeklyLong   = 6
	weeklyMost   = 8
	weeklyCounts = weeklyMost - weeklyLong + 1

	sizeBits = 32 - sizeAt - 1 // the last is its sign
)

// today is what there has been of it since it was half a day away.
type today uint8

const (
	unseen today = iota
	seen
	grown      // larger than it had been
	grownAgain // and that again; that is as much as one day may add to it
)

// noDay is the day of what is of no day of the week.
const noDay = 1<<weekdayBits - 1

// bits returns some bits from one on.
func (r recurrence) bits(at, n int) int { return int(r >> at & (1<<n - 1)) }

// put sets some bits from one on.
func (r *recurrence) put(at, n, v int) { *r = *r&^((1<<n-1)<<at) | recurrence(v)<<at }

// minute is the minute of the day at which it begins, of local time; of what is frequent the first.
func (r recurrence) minute() int {
	if r.frequent() {
		_, minute := r.interval()
		return minute
	}
	if r.sporadic() {
		return 0
	}
	return r.bits(0, minuteBits) * minuteSteps
}

// count is how well it is known: each day with it adds to that, each without takes from it.
// Of what is weekly only its day counts.
func (r recurrence) count() uint8 {
	if r.sporadic() {
		return uint8(r.traits().count)
	}
	count := r.bits(countAt, countBits)
	if r.weekly() && count > weeklyMost {
		count = weeklyLong + (count-weeklyLong)%weeklyCounts
	}
	return uint8(count)
}

func (r recurrence) today() today { return today(r.bits(todayAt, todayBits)) }

// day is its day of the week from Monday, 0, on. What is weekly comes on that day; of what
// is not it is the day on which it came first, noDay where that does not matter.
func (r recurrence) day() int { return r.bits(weekdayAt, weekdayBits) }

// rhythm is how often something recurs.
type rhythm uint8

const (
	daily rhythm = iota
	weekly
	frequent // several times a day, see recurring_often.go
	sporadic // at any time, see recurring_sporadic.go
	rhythms
)

func (r recurrence) rhythm() rhythm {
	switch {
	case r.bits(weeklyAt, 1) == 0:
		return daily
	case r.day() == noDay && r.bits(0, minuteBits) >= sporadicAt:
		return sporadic
	case r.day() == noDay:
		return frequent
	}
	return weekly
}

func (r recurrence) weekly() bool   { return r.rhythm() == weekly }
func (r recurrence) frequent() bool { return r.rhythm() == frequent }
func (r recurrence) sporadic() bool { return r.rhythm() == sporadic }

// inWeek is the minute of the week at which what is weekly begins.
func (r recurrence) inWeek() int { return r.day()*minutesDay + r.minute() }

func (r *recurrence) setMinute(minute int) { r.put(0, minuteBits, minute/minuteSteps) }
func (r *recurrence) setCount(count uint8) {
	code := int(count)
	if r.weekly() && code >= weeklyLong {
		code += weeklyCounts * r.spanWeekly()
	}
	r.put(countAt, countBits, code)
}
func (r *recurrence) setToday(now today)    { r.put(todayAt, todayBits, int(now)) }
func (r *recurrence) setDay(day int)        { r.put(weekdayAt, weekdayBits, day) }
func (r *recurrence) setWeekly(weekly bool) { r.put(weeklyAt, 1, b2i(weekly)) }
func (r *recurrence) setInWeek(minute int) {
	r.setDay(minute / minutesDay)
	r.setMinute(minute % minutesDay)
}
func (r *recurrence) setSize(size float64) { r.put(sizeAt, sizeBits+1, sizeBitsOf(size)) }

// Sizes are logarithms in steps of a sixteenth of an octave, 4.4 %, from 2^-64 to 2^64: what is
// excused by twice of one, followed by a tenth and fades by a twentieth needs no more.
const (
	sizeSteps = 16
	sizeZero  = 1 << (sizeBits - 1)
	sizeMost  = 1<<sizeBits - 1
)

// size is the deviation from normal, the largest of late; below 0 on the lower side.
func (r recurrence) size() float64 {
	code := r.bits(sizeAt, sizeBits)
	if code == 0 {
		return 0
	}
	size := math.Exp2(float64(code-sizeZero) / sizeSteps)
	if r.below() {
		return -size
	}
	return size
}

// below reports whether it lies below normal.
func (r recurrence) below() bool { return r>>31 != 0 }

// sizeBitsOf returns the bits of a size, of the nearest that there is.
func sizeBitsOf(size float64) int {
	code := min(max(math.Round(math.Log2(math.Abs(size))*sizeSteps)+sizeZero, 1), sizeMost)
	return int(code) | b2i(size < 0)<<sizeBits
}

// holds reports whether a size is one that a recurrence can hold.
func holds(size float64) bool {
	const most = 1 << 63
	size = math.Abs(size)
	return size > 1.0/most && size < most
}
