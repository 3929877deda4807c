package detector

import "math"

// Spikes may come several times a week at no time that anybody could name: a compaction each five
// hours, a crawler, a batch that runs when there is enough to do. Each is clear, so that no service is
// charged for it, and a few a day are too few for tails to learn. They have the same places as what comes
// by the clock; what is known of them is how large they are, for how long one goes on and how many of them
// a day has. They are known from the third day on at the earliest. What is more than twice as large, goes on
// for longer or comes more often than that is told.
//
// The codes of the minute that intervals leave (see recurring_often.go) hold the count, how many are usual
// in a day and for how long one goes on; the bits of the count hold how many there were today.

const (
	sporadicCounts = 28                // counts that there are, from 0 on
	sporadicRates  = 4                 // of Recurrence.SporadicMost
	sporadicSpans  = spans / spanSteps // of Recurrence.Lasts each second
	spanSteps      = 2
	sporadicToday  = 1<<countBits - 1 // the largest number of a day
)

// sporadicAt is the first code that no interval takes.
var sporadicAt = func() (codes int) {
	for _, every := range everyMinutes {
		codes += every / minuteSteps
	}
	return codes
}()

// traits are what the code of a sporadic one says: how well it is known, and which of
// Recurrence.SporadicMost and Lasts are its own.
type traits struct{ count, rate, span int }

func (r recurrence) traits() traits {
	code := r.bits(0, minuteBits) - sporadicAt
	return traits{code % sporadicCounts, code / sporadicCounts % sporadicRates, code / sporadicCounts / sporadicRates}
}

// setTraits makes it sporadic.
func (r *recurrence) setTraits(is traits) {
	r.setWeekly(true)
	r.setDay(noDay)
	r.put(0, minuteBits, sporadicAt+(is.span*sporadicRates+is.rate)*sporadicCounts+is.count)
}

// number is how many of it there were today.
func (r recurrence) number() int { return r.bits(countAt, countBits) }

// limit is how many of it in a day are nothing new.
func (r recurrence) limit(p *params) int { return p.Recurrence.SporadicMost[r.traits().rate] }

// goesOn reports whether the look may be of it: the next one of a day that has not had too many, or a
// part of an episode that was not told and has not outlasted it.
func (r recurrence) goesOn(p *params, k *look) bool {
	if k.open {
		return k.lasted >= 0 && k.lasted <= r.lasts(p)
	}
	return r.number() < r.limit(p)
}

// comes counts that it has come again, and while it is not known takes over how large it is.
func (r *recurrence) comes(p *params, k *look, size float64) {
	if !k.open {
		is, n := r.traits(), r.number()
		if n < p.Recurrence.SporadicDaily {
			is.count = min(is.count+p.Recurrence.SporadicGains, sporadicCounts-1)
			r.setTraits(is)
		}
		r.put(countAt, countBits, min(n+1, sporadicToday))
		r.setToday(max(r.today(), seen))
	}
	if !r.known(p) && math.Abs(size) > math.Abs(r.size()) {
		r.setSize(size)
	}
}

// proposeSporadic counts what is odd in full for what comes at any time: for one that is there, else, where
// an episode begins, as the second of what was about as large at another time of day.
func (d *page) proposeSporadic(p *params, k *look, size float64) {
	var like recurrence
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if *r == 0 || r.below() != (size < 0) {
			continue
		}
		part := size / r.size()
		known := r.known(p)
		if r.sporadic() {
			if !known && part >= p.Recurrence.SporadicLeast || known && part >= p.Recurrence.Least && part <= p.Recurrence.Times {
				r.comes(p, k, size) // of what is known one more than there may be in a day
				return
			}
			if !known {
				return
			}
		} else if !known && part >= p.Recurrence.Least && part <= p.Recurrence.Times && !r.clocks(p, &k.place) {
			like = *r
		}
	}
	if like == 0 || k.open {
		return
	}
	if r := d.room(p, k, size); r != nil {
		*r = 0
		r.setTraits(traits{count: p.Recurrence.SporadicGains})
		r.setSize(like.size())
		r.comes(p, k, size)
	}
}

// clocks reports whether a place in the calendar is about its own time of day, where it may count by days
// or by the intervals of a day.
func (r recurrence) clocks(p *params, at *place) bool {
	period, near := min(r.period(), minutesDay), r.near(p)
	off := around((int(at.minute)-r.minute())%period, period)
	return off >= -near && off <= near
}

// endSporadic ends a day of it, which teaches how many of it are usual.
func (r *recurrence) endSporadic(p *params) {
	is, n, limit := r.traits(), r.number(), r.limit(p)
	if is.count -= p.Recurrence.SporadicFades; is.count < 0 {
		*r = 0
		return
	}
	// A usual day has half of the limit, or an eighth of it if less is not to do.
	switch {
	case 2*n > limit && is.rate < sporadicRates-1:
		is.rate++
	case n > 0 && 8*n <= limit && is.rate > 0:
		is.rate--
	}
	r.setTraits(is)
	r.put(countAt, countBits, 0)
	r.setToday(unseen)
	if n > 0 {
		r.setSize(p.Recurrence.Keeps * r.size())
	}
}

// took learns for how many minutes it went on: at once while it is not known, then halfway up, so that one
// that hung is no habit, and down by one. What takes longer than any choice is a matter of the calendar.
func (r *recurrence) took(p *params, minutes int) {
	is, span := r.traits(), 0
	for span < sporadicSpans && p.Recurrence.Lasts[spanSteps*span] < minutes {
		span++
	}
	switch {
	case span == sporadicSpans:
		return
	case span > is.span && r.known(p):
		is.span = (is.span + span + 1) / 2
	case span > is.span:
		is.span = span
	case span < is.span-1:
		is.span--
	}
	r.setTraits(is)
}
