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
		r.endDay(p, noDay)
	}
}

// often returns a place for what came less than a day before, and now again after an interval, nil if
// there is none.
func (d *page) often(p *params, k *look, size float64) *recurrence {
	found, gap := 0, minutesDay
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if *r == 0 || r.today() == unseen {
			continue
		}
		if part := size / r.size(); part < p.Recurrence.Least || part > p.Recurrence.Times {
			continue
		}
		off := r.off(&k.place)
		for _, every := range everyMinutes {
			if near := nearOf(p, every); off < gap && off >= every-near && off <= every+near {
				found, gap = every, off
			}
		}
	}
	if found == 0 {
		return nil
	}
	r := d.room(p, k, size)
	if r != nil {
		r.setInterval(found, int(k.place.minute))
		r.setCount(p.Recurrence.Gains)
	}
	return r
}
