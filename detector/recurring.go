package detector

import "math"

// What happens every day at about the same time and is over within a quarter of an
// hour, as the load of a deployment, the lag of a backup or the spike of a job, is
// nothing that the calendar can show: it knows quarters, and not the minute. A page has
// room for a few of them. Each day with one counts for it, each without against it; from
// the third on values up to twice as far off normal are excused near that time: they are as
// odd as ever, and keep their score, but open no alarm and teach levels nothing. So one odd day
// excuses nothing, a much larger one is told, one that does not end as well, and one at another
// time of day too. It is the threshold that moves, as by what a series owes to its service.
// What happens on one day of the week is counted by weeks, see recurring_week.go, what happens
// several times a day by its times, see recurring_often.go, what happens at any time by how many there are, see recurring_sporadic.go; what goes on for
// longer than a quarter of an hour is known for that long, see recurring_span.go.
//
// 4 bytes each, see recurring_slot.go, and a few comparisons in a sample that is weighed.

// known reports whether it has come often enough, before today, to be believed.
func (r recurrence) known(p *params) bool {
	n := r.count()
	if r.sporadic() {
		return int(n) >= p.Recurrence.SporadicBelieved
	}
	if r.today() != unseen {
		n -= min(p.Recurrence.Gains, n)
	}
	return n >= p.Recurrence.Believed
}

// off returns by how many minutes a place in the calendar lies behind the time of r, of the
// day or of the week, below 0 before it.
func (r recurrence) off(at *place) int {
	if r.weekly() {
		return around(at.inWeek()-r.inWeek(), minutesWeek)
	}
	return around((int(at.minute)-r.minute())%r.period(), r.period())
}

// around returns a distance on a circle by the shorter way.
func around(off, circle int) int {
	switch {
	case off > circle/2:
		return off - circle
	case off <= -circle/2:
		return off + circle
	}
	return off
}

// covers reports whether it may be going on at a place in the calendar: near its own time, and
// for a while longer once it has begun.
func (r recurrence) covers(p *params, k *look) bool {
	if r.sporadic() {
		return r.goesOn(p, k)
	}
	longer := 0
	if r.today() != unseen {
		longer = r.lasts(p)
	}
	return r.isNear(p, &k.place, longer)
}

// begins reports whether it may begin at a place in the calendar.
func (r recurrence) begins(p *params, at *place) bool { return r.isNear(p, at, 0) }

// isNear reports whether a place in the calendar is near its own time, or so many minutes
// behind that.
func (r recurrence) isNear(p *params, at *place, longer int) bool {
	off, near := r.off(at), r.near(p)
	return off >= -near && off <= near+longer
}

// excuse notes what recurs at the time of the look, and whether the sample is
// ordinary only by that: off normal on the same side, by no more than some times as much as it has
// been. While such an episode is open, so is a value that is back, by whatever charts and storms
// still find it odd. What is excused keeps its score and moves its episode on, but nobody is told.
func (s *series) excuse(p *params, k *look, d *page) {
	far := k.far(p)
	off := far || k.x > k.high+float64(s.Up.Q)*k.scale || k.x < k.low-float64(s.Down.Q)*k.scale
	if !off && !k.turn && !k.full && !s.has(flagOpen) {
		return // which leaves the memory of the page alone
	}
	s.recall(p, k, d)
	switch {
	case k.within(p):
		k.excused = off
	case s.has(flagUntold) && !far:
		k.excused = true
	}
}

// far reports whether the sample is so far off normal that it may be remembered.
func (k *look) far(p *params) bool { return math.Abs(k.x-k.anchor) >= p.Recurrence.Units*k.unit }

// recall fills in what happens every day at the time of the look.
func (s *series) recall(p *params, k *look, d *page) {
	s.locate(p, k)
	k.recurs = d.recurs(p, k)
}

// pass is learn for an excused sample: tails, charts and storms have learned from it, but not
// levels, errors, range and page, which would expect at noon what they were taught at two.
// But what is as the quarter before or after is known to be is no job: it is a quarter that
// the page was taught wrong, by what happened at its first visit, and would never learn.
func (s *series) pass(p *params, k *look, d *page) {
	s.Fast += p.Forecast.FastRate * (k.x - s.Fast)
	s.rememberChange(p, k.x)
	if k.turn {
		dev, own := k.x-k.anchor, int(k.place.own)
		if offset, near := dev+k.day, p.Calendar.MovedNear*math.Abs(dev); !d.isNear(own-1, offset, near) && !d.isNear(own+1, offset, near) {
			dev = 0
		}
		d.learn(p, k, dev, math.Inf(1), false)
		s.note(flagFirst, d.first())
	}
	s.count(k)
}

// within reports whether the sample is off normal as what happens at its time may be.
func (k *look) within(p *params) bool {
	if k.recurs == 0 {
		return false
	}
	part := (k.x - k.anchor) / k.recurs.reach(p)
	return part >= 0 && part <= 1
}

// reach is how far off normal it may be.
func (r recurrence) reach(p *params) float64 { return p.Recurrence.Times * r.size() }

// recurs returns what is known to happen at the time of the look on the side to which it
// lies off, the largest if there are several; on the other side where there is nothing on this one.
func (d *page) recurs(p *params, k *look) recurrence {
	var best recurrence
	if d.Recurs == [recurring]recurrence{} {
		return best
	}
	above := k.x >= k.anchor
	for _, r := range d.Recurs {
		if !r.known(p) || !r.covers(p, k) {
			continue
		}
		if size, most := r.size(), best.size(); best == 0 || above && size > most || !above && size < most {
			best = r
		}
	}
	return best
}

// knownEpisode is episode for a series that has a page, which knows what recurs.
func (s *series) knownEpisode(p *params, k *look, d *page) Phase {
	if k.odd && !k.turn && k.recurs == 0 {
		s.recall(p, k, d) // which was left out for one that is not off by itself
	}
	// Charts and shapes may find odd what no one would look at alone: the band holds it.
	k.excused = k.excused || k.odd && k.within(p)
	untold := s.has(flagUntold)
	phase := s.episode(p, k)
	if untold || s.has(flagUntold) {
		phase = s.withhold(p, k, phase)
	}
	if k.turn {
		normal := k.anchor
		if s.BeforeTime != 0 {
			normal = s.Before + k.season
		}
		d.outlast(p, k, normal)
		s.ending(p, k, d)
	}
	if k.far(p) {
		s.locate(p, k)
		d.remark(p, k, float64(s.Looks))
	}
	s.widen(p, k)
	return phase
}

// widen lets a band that was drawn reach as far as what recurs at this time may.
func (s *series) widen(p *params, k *look) {
	if k.excused {
		k.lower, k.upper, k.kind = min(k.lower, k.x), max(k.upper, k.x), KindNone
	}
	if k.recurs == 0 {
		return
	}
	at := k.anchor + k.recurs.reach(p)
	if !s.has(flagNegative) {
		at = max(at, 0)
	}
	k.lower, k.upper = min(k.lower, at), max(k.upper, at)
}

// groupRarity returns the rarity by which the group of the service is to weigh the sample.
func (k *look) groupRarity() float32 {
	if k.excused {
		return notRare
	}
	return k.rarity
}

// remark remembers a judged sample that may be one of what happens again and again. looks is
// log10 of the chances to alarm in an hour.
func (d *page) remark(p *params, k *look, looks float64) {
	size := k.x - k.anchor
	if !k.far(p) {
		return
	}
	// What begins at an edge of the day lasts, but an hour's job makes such edges itself.
	edge, known := k.edge != edge{}, false
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if !r.known(p) || edge && !r.frequent() && !r.sporadic() || !r.covers(p, k) {
			continue
		}
		if part := size / r.size(); part >= p.Recurrence.Least && part <= p.Recurrence.Times {
			if r.sporadic() {
				r.comes(p, k, size)
			} else {
				r.see(p, &k.place)
			}
			r.grow(p, size)
			known = true
		}
	}
	if known || !k.odd && !(k.place.rows > 1 && k.decades-looks >= p.Recurrence.Rare && k.rarity != notRare) || !holds(size) {
		return
	}
	if k.odd {
		d.proposeSporadic(p, k, size)
	}
	if k.odd && k.place.rows > 1 {
		d.proposeOften(p, k, size)
	}
	if !edge {
		d.propose(p, k, size)
	}
}

// see counts that it has come again.
func (r *recurrence) see(p *params, at *place) {
	if r.today() != unseen {
		return
	}
	spans := r.spans(p)
	count := min(r.count()+p.Recurrence.Gains, r.most(p))
	times := float64(count) / float64(p.Recurrence.Gains)
	by := int(math.RoundToEven(float64(r.off(at)) * max(1/max(times, 1), p.Recurrence.Follows)))
	switch period := r.period(); {
	case r.weekly():
		r.setInWeek((r.inWeek() + by + period) % period)
	case r.frequent():
		r.setInterval(period, r.minute()+by+period)
	default:
		r.setMinute((r.minute() + by + period) % period)
	}
	r.setCount(count)
	r.setToday(seen)
	if r.spans(p) != spans {
		r.setSpan(0)
	}
}

// grow follows a size beyond that of a known one, twice a day at most: one that rises to
// many times what it was is told before it is believed.
func (r *recurrence) grow(p *params, size float64) {
	if math.Abs(size) > math.Abs(r.size()) && r.today() < grownAgain {
		r.setSize(p.Recurrence.Grows * r.size())
		r.setToday(r.today() + 1)
	}
}

// passDays ends the day of each that is half a day away, when the calendar goes on from
// one quarter of an hour to another; far says whether the series is far off normal then.
func (d *page) passDays(p *params, at *place, far bool) {
	gone := (int(at.own) + dayBuckets - int(d.Bucket)) % dayBuckets
	if d.Bucket >= dayBuckets || gone > dayBuckets/2 {
		return // the first sample, or the clock was put back
	}
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if *r == 0 {
			continue
		}
		if r.sporadic() {
			if int(at.own) < gone {
				r.endSporadic(p)
			}
			continue
		}
		if r.frequent() {
			r.passPeriods(p, int(at.own), gone, far)
			continue
		}
		end := (r.minute()*60/dayWidth + dayBuckets/2) % dayBuckets
		if behind := (int(at.own) + dayBuckets - end) % dayBuckets; behind < gone {
			r.endDay(p, at.dayBefore(behind))
		}
	}
}

// endDay ends the day of it that was this one of the week: where it did not come a day is taken
// off, of what is weekly a week.
func (r *recurrence) endDay(p *params, weekday int) {
	came := r.today() != unseen
	r.setToday(unseen)
	if r.weekly() && weekday != r.day() {
		return
	}
	if count := r.count(); !came && count <= 1 {
		r.end(p)
		return
	} else if !came {
		spans := r.spans(p)
		r.setCount(count - 1)
		if !r.weekly() && r.spans(p) != spans {
			r.setDay(noDay)
		}
	}
	r.setSize(p.Recurrence.Keeps * r.size())
}
