package detector

// A job may take an hour. What is believed keeps for how long it goes on, as one of
// Recurrence.Lasts or LastsWeekly: for that long it is known, and one that hangs is told soon after. It is
// learned when it is over, halfway up if that was later than known, so that one that hung is no habit, and
// down by one if it was far earlier. What is daily has the bits of its first weekday for that, which
// does not matter any more, what is weekly the counts that it does not reach.

// spans reports whether its bits tell for how long it goes on.
func (r recurrence) spans(p *params) bool {
	switch count := r.count(); r.rhythm() {
	case frequent:
		return false
	case sporadic:
		return true
	case weekly:
		return count >= max(p.Recurrence.Believed, weeklyLong)
	default:
		return count >= p.Recurrence.Believed
	}
}

// span is for how long it may go on, as an index of choices.
func (r recurrence) span(p *params) int {
	switch {
	case !r.spans(p):
		return 0
	case r.weekly():
		return r.spanWeekly()
	case r.sporadic():
		return spanSteps * r.traits().span
	}
	return noDay - r.day()
}

// spanWeekly is span of what is weekly.
func (r recurrence) spanWeekly() int {
	return max(r.bits(countAt, countBits)-weeklyLong, 0) / weeklyCounts
}

// setSpan sets for how long it may go on, if it spans.
func (r *recurrence) setSpan(span int) {
	if r.weekly() {
		r.put(countAt, countBits, int(r.count())+weeklyCounts*span)
		return
	}
	r.setDay(noDay - span)
}

// choices are the minutes for which it may go on, in rising order.
func (r recurrence) choices(p *params) []int {
	if r.weekly() {
		return p.Recurrence.LastsWeekly[:]
	}
	return p.Recurrence.Lasts[:]
}

// lasts is for how many minutes it may go on.
func (r recurrence) lasts(p *params) int {
	if r.frequent() {
		return int(p.Recurrence.LastsShare * float64(r.period()))
	}
	choices := r.choices(p)
	return choices[min(r.span(p), len(choices)-1)]
}

// ending notes whether this lesson is far off normal, and learns from the first that is not, where
// that ends an episode or is within one: two oddities of a day are no long one.
func (s *series) ending(p *params, k *look, d *page) {
	far, was := k.far(p), s.has(flagFar)
	s.note(flagFar, far)
	if was && !far && (s.has(flagOpen) || s.Turn-p.turnOf(s.EpisodeEnd) <= 1) {
		d.over(p, k, s.EpisodeSince, k.t)
	}
}

// over learns for how long that went on which began at one time and ended at another, in
// milliseconds. What takes longer than any choice is a matter of the calendar.
func (d *page) over(p *params, k *look, begin, end int64) {
	for i := range d.Recurs {
		r := &d.Recurs[i]
		if !r.spans(p) || r.today() == unseen {
			continue
		}
		if r.sporadic() {
			r.took(p, int((end-begin)/60_000))
			continue
		}
		choices := r.choices(p)
		ended := r.off(&k.place) - int((k.t-end)/60_000)
		began := ended - int((end-begin)/60_000)
		if began < -p.Recurrence.Near || began > p.Recurrence.Near || ended > choices[len(choices)-1] {
			continue
		}
		took := 0
		for choices[took] < ended {
			took++
		}
		switch known := r.span(p); {
		case r.level():
			r.setSpan(known - 1) // not today
		case took > known && r.count() == p.Recurrence.Believed:
			r.setSpan(took) // it has just been believed
		case took > known:
			r.setSpan((known + took + 1) / 2)
		case took <= known-min(p.Recurrence.Earlier, len(choices)):
			r.setSpan(known - 1)
		}
	}
}
