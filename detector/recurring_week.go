package detector

import "math"

// What happens on one day of the week only has the same places. What was odd once is kept for its
// minute of the week, until that is over without it twice; what comes within two days at the same
// time of day may be daily, and is counted by days as long as it is. So a job of each Sunday is known after
// three weeks as one of each day is after three days, and one of two days takes two places.

// most is the largest count of it.
func (r recurrence) most(p *params) uint8 {
	if r.weekly() {
		return p.Recurrence.MostWeekly
	}
	return p.Recurrence.Most
}

// inWeek is the minute of the week.
func (at *place) inWeek() int { return int(at.weekday)*minutesDay + int(at.minute) }

// dayBefore returns the day of the week on which that began whose day has ended so many
// quarters of an hour ago: half a day before that.
func (at *place) dayBefore(quarters int) int {
	const week = 7 * dayBuckets
	return (int(at.weekday)*dayBuckets + int(at.own) + week - quarters - dayBuckets/2) % week / dayBuckets
}

// propose counts a sample for what is not known yet: for what came at its time of the day and at
// its time of the week, else for what came a day or two before, else as the first of its kind.
func (d *page) propose(p *params, k *look, size float64) {
	found := false
	for _, of := range [...]rhythm{daily, weekly} {
		if r := d.candidate(p, k, size, of); r != nil {
			r.again(p, k, size)
			found = true
		}
	}
	if found || k.open {
		return // what goes on with an episode is no beginning
	}
	var r *recurrence
	if k.place.rows > 1 { // else the calendar knows what is daily
		r = d.dayAfter(p, k, size)
	}
	if r == nil {
		r = d.room(p, k, size)
	}
	if r != nil {
		r.again(p, k, size)
	}
}

// candidate returns what is not known yet, of one rhythm, and came on the same side at about
// the same time, nil if there is none.
func (d *page) candidate(p *params, k *look, size float64, of rhythm) *recurrence {
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if *r == 0 || r.rhythm() != of || r.known(p) || r.below() != (size < 0) {
			continue
		}
		if k.open && r.today() != unseen && r.covers(p, k) || !k.open && r.begins(p, &k.place) {
			return r
		}
	}
	return nil
}

// dayAfter returns what came once, at about the same time of a day so shortly before that it may
// be daily, as what is: the days between have taken from its count.
func (d *page) dayAfter(p *params, k *look, size float64) *recurrence {
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if *r == 0 || !r.weekly() || r.count() != p.Recurrence.Gains || r.today() != unseen || r.below() != (size < 0) {
			continue
		}
		off := r.off(&k.place)
		days := (off + minutesDay/2) / minutesDay
		if near := off - days*minutesDay; days >= 1 && days <= int(p.Recurrence.Gains) && near >= -p.Recurrence.Near && near <= p.Recurrence.Near {
			r.setWeekly(false)
			r.setCount(p.Recurrence.Gains - uint8(days-1))
			return r
		}
	}
	return nil
}

// again counts one more time of what is not known yet.
func (r *recurrence) again(p *params, k *look, size float64) {
	r.see(p, &k.place)
	if r.size() == 0 || math.Abs(size) > math.Abs(r.size()) {
		r.setSize(size)
	}
	if k.odd && r.rhythm() == daily && r.day() == noDay && r.count() <= p.Recurrence.Gains { // for the first time
		off := r.off(&k.place)
		r.setWeekly(true)
		r.setInWeek((k.place.inWeek() - off + minutesWeek) % minutesWeek)
	}
}

// room returns a place for what comes for the first time, nil if there is none: one that is free or
// worth the least.
func (d *page) room(p *params, k *look, size float64) *recurrence {
	least := -1
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if *r != 0 && (r.known(p) || r.count() > p.Recurrence.Gains || r.weekly() && !k.odd) {
			continue
		}
		if least < 0 || d.Recurs[i].worth(&k.place) < d.Recurs[least].worth(&k.place) {
			least = i
		}
	}
	if least < 0 {
		return nil
	}
	r := &d.Recurs[least]
	if r.today() != unseen && math.Abs(r.size()) > math.Abs(size) {
		return nil
	}
	*r = 0
	r.setMinute(int(k.place.minute))
	r.setDay(noDay)
	return r
}

// outlast finds that something weekly is a level, which lasts for hours or for a weekend: that it should be
// over by the longest that it may go on, and is not. By its first hour alone it would be known, and be told
// an hour late each week. normal is what was so before it began, whatever has been taken as normal since.
func (d *page) outlast(p *params, k *look, normal float64) {
	if d.Recurs == [recurring]recurrence{} {
		return
	}
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if !r.weekly() || r.today() == unseen || !r.spans(p) {
			continue
		}
		late := r.off(&k.place) - p.Recurrence.Near - p.Recurrence.LastsWeekly[levelWeekly-1]
		if late > 0 && late <= p.Recurrence.LastsWeekly[0] && (k.x-normal)/r.size() >= p.Recurrence.Least {
			r.setSpan(levelWeekly)
		}
	}
}

// worth orders places by what is lost with them. Of what came once, and has a week to come again, the
// youngest is given up: oddities of a week take one place from each other, and none from what
// waits for its day.
func (r recurrence) worth(at *place) int {
	const seven = 8
	worth := 2 * seven * int(r.count())
	switch {
	case r.weekly():
		worth += seven + (int(at.weekday)+7-r.day())%7
	case r.today() != unseen:
		worth++
	}
	return worth
}

// end forgets it. What came on some days running, but not day after day, may come on the same day
// of the week again.
func (r *recurrence) end(p *params) {
	if r.weekly() || r.day() == noDay {
		*r = 0
		return
	}
	r.setWeekly(true)
	r.setCount(p.Recurrence.Gains)
}

// level reports whether it is a level that begins on one day of the week and lasts for hours or days: it is
// taken as normal when any other is, and nobody is told.
func (r recurrence) level() bool { return r.weekly() && r.spanWeekly() == levelWeekly }
