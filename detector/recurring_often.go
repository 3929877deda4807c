package detector

// What happens several times a day, as a job of each second hour, has the same places: the bits of a
// minute hold its interval too, for which those of short ones leave room. Its periods count as days
// do, so that it is known after three. Where it comes often enough the tails know it in time; but that takes
// a day or two, and of what comes each fourth hour it is never so.

// everyMinutes are the intervals, each of which divides a day.
var everyMinutes = [...]int{30, 60, 90, 120, 180, 240, 360}

// interval returns in how many minutes what is frequent comes again, and the first minute of the day
// at which it does: the codes of the bits are the steps of the first interval, then those of the next.
func (r recurrence) interval() (every, minute int) {
	code := r.bits(0, minuteBits)
	for _, every = range everyMinutes {
		if code < every/minuteSteps {
			break
		}
		code -= every / minuteSteps
	}
	return every, code * minuteSteps
}

// setInterval makes it frequent, with an interval of everyMinutes, from a minute of the day on.
func (r *recurrence) setInterval(every, minute int) {
	code := minute % every / minuteSteps
	for _, shorter := range everyMinutes {
		if shorter >= every {
			break
		}
		code += shorter / minuteSteps
	}
	r.setWeekly(true)
	r.setDay(noDay)
	r.put(0, minuteBits, code)
}

// period is after how many minutes it comes again.
func (r recurrence) period() int {
	switch r.rhythm() {
	case weekly:
		return minutesWeek
	case frequent:
		every, _ := r.interval()
		return every
	default:
		return minutesDay
	}
}

// near is by how many minutes it may come early or late.
func (r recurrence) near(p *params) int { return nearOf(p, r.period()) }

func nearOf(p *params, period int) int {
	return min(p.Recurrence.Near, int(p.Recurrence.NearShare*float64(period)))
}

// passPeriods ends each period that has passed when the calendar goes on by some quarters of an hour to
// another one: at the first that begins four minutes before the middle between two times, or later.
// Of what is believed a time left out counts once in MissedEach minutes, so that what rests at
// night, and on Saturday and Sunday, is known when it goes on.
func (r *recurrence) passPeriods(p *params, own, gone int, far bool) {
	const (
		quarter = dayWidth / 60
		sooner  = 4
	)
	every := r.period()
	all := every / quarter
	end := (r.minute() + every/2 - sooner + quarter - 1) / quarter
	for behind := ((own-end)%all + all) % all; behind < gone && *r != 0; behind += all {
		if far {
			r.setToday(unseen) // it goes on: a level, and nothing that comes and goes
		}
		if at := (own - behind + dayBuckets) % dayBuckets * quarter; far || r.count() < p.Recurrence.Believed || at%p.Recurrence.MissedEach < every {
			r.endDay(p, noDay)
		}
		r.setToday(unseen)
	}
}

// proposeOften counts what is odd in full for what comes several times a day, beside what it may be of a
// day or a week: where it comes on three hours of a day alone, those are daily.
func (d *page) proposeOften(p *params, k *look, size float64) {
	r := d.candidate(p, k, size, frequent)
	if r == nil && !k.open {
		r = d.often(p, k, size)
	}
	if r != nil {
		r.again(p, k, size)
	}
}

// often returns a place for what came less than a day before, and now again after an interval, nil if
// there is none: that of what came then, where there is no other.
func (d *page) often(p *params, k *look, size float64) *recurrence {
	every, gap, from := 0, minutesDay, 0
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if *r == 0 || r.today() == unseen || r.sporadic() {
			continue
		}
		if part := size / r.size(); part < p.Recurrence.Least || part > p.Recurrence.Times {
			continue
		}
		off := r.off(&k.place)
		for _, x := range everyMinutes {
			if near := nearOf(p, x); off < gap && off >= x-near && off <= x+near {
				every, gap, from = x, off, i
			}
		}
	}
	if every == 0 {
		return nil
	}
	r := d.room(p, k, size)
	if first := &d.Recurs[from]; r == nil && !first.known(p) && first.count() <= p.Recurrence.Gains {
		r = first
		*r = 0
	}
	if r != nil {
		r.setInterval(every, int(k.place.minute))
		r.setCount(p.Recurrence.Gains)
	}
	return r
}
