package detector

import "math"

// learn takes the sample into the calendar: dev is its clipped deviation from
// level and season, most what a deviation is clipped at. A sample that is not
// ordinary teaches what a day teaches at least, and marks no bucket as known.
func (d *page) learn(p *params, k *look, dev, most float64, ordinary bool) {
	at := &k.place
	if at.own != d.Bucket {
		d.passDays(p, at, k.far(p))
		d.enter(at.own)
	}
	d.noteMoved(p, k)
	rest := dev + k.season - k.day // without the day
	if k.moved != 0 && math.Abs(k.moved-k.week) < math.Abs(k.moved)/2 {
		// What has been taken as normal is what the week knows, as that of a weekend: it
		// learns against the level before, or it would forget what it explains.
		rest += k.moved
		most += math.Abs(k.moved)
	}
	d.compare(p, k, rest, most)
	if d.Ages >= 1 {
		d.learnWeek(p, k, clip(rest-k.week, most), ordinary)
		d.learnHour(p, k, clip(rest-d.usedWeek(p, k)-float64(d.Lately), most))
	}
	// What is odd a day after it was odd at the same time is the day's.
	ordinary = ordinary || d.first() && d.Ages >= 1
	share := p.Calendar.DayTeaches * at.rate
	if ordinary {
		d.Ordinary = min(d.Ordinary, math.MaxUint8-1) + 1
		if !d.whole() {
			d.mark(at.own, true)
		}
		if d.young(p, at) {
			share = atLeast(share, 1/d.visits(at))
		}
		if d.first() && (!k.open || d.Ages >= 1) {
			dev = k.taught // all of it: nothing is known of this time
		}
	}
	if d.Ages >= 1 {
		d.Trend += at.rate * (1.0 / dayBuckets) * (float32(clip(dev, most)) - d.Trend)
	}
	d.move(&d.Day[at.own], share*(float32(dev)-d.Trend), k.t)
}

// young reports whether the first visits of the bucket at p may still weigh more
// than later ones. What follows from it would be the same without asking; asking
// saves divisions.
func (d *page) young(p *params, at *place) bool {
	return d.first() || d.Ages < p.Calendar.YoungDays || at.rows > math.MaxUint8*p.Calendar.DayTeaches
}

// visits returns about how many ordinary samples the bucket at p has had, within
// the number beyond which it learns no slower.
func (d *page) visits(at *place) float32 {
	n := float32(d.Ordinary)
	if !d.first() {
		n += at.rows * float32(d.Ages)
	}
	return atMost(atLeast(n, 1), math.MaxUint8)
}

// compare keeps how large the errors are without the week, with it, and with the
// hour besides.
func (d *page) compare(p *params, k *look, rest, most float64) {
	rate := atMost(k.place.rate/(float32(p.Calendar.CompareDays)*dayBuckets), p.Calendar.CompareRate)
	if d.Ages < p.Calendar.CompareDays+1 {
		rows := 1 + float32(since(d.Since, k.t))/(1000*dayWidth*k.place.rate) // so far, about
		rate = atLeast(rate, 1/rows)
	}
	dayErr, weekErr := atMost(math.Abs(rest), most), atMost(math.Abs(rest-k.week), most)
	d.DayErr += rate * (float32(dayErr) - d.DayErr)
	d.WeekErr += rate * (float32(weekErr) - d.WeekErr)
	if d.weekly(p) {
		rest -= k.week
	}
	rest -= float64(d.Lately)
	d.CalmErr += rate * (float32(atMost(math.Abs(rest), most)) - d.CalmErr)
	d.HourErr += rate * (float32(atMost(math.Abs(rest-k.hour), most)) - d.HourErr)
	d.Lately += k.place.rate * float32(1/p.Calendar.HourLately) * float32(rest)
}

// learnWeek moves the nearest quarter of a day of the week.
func (d *page) learnWeek(p *params, k *look, e float64, ordinary bool) {
	share := p.Calendar.WeekTeaches * k.place.wrate
	if ordinary && d.Ages < p.Calendar.YoungWeeks {
		share = atLeast(share, k.place.wrate/(float32(d.Ages/7)+p.Calendar.WeekPrior))
	}
	at := k.place.wa
	if k.place.wweight > 0.5 {
		at = k.place.wb
	}
	d.move(&d.Week[at], share*float32(e), k.t)
}

// usedWeek returns the week's offset as far as it is used.
func (d *page) usedWeek(p *params, k *look) float64 {
	if d.weekly(p) {
		return k.week
	}
	return 0
}

// learnHour moves five minutes of the hour towards e, the deviation from day and
// week and from what the last hours have had in common.
func (d *page) learnHour(p *params, k *look, e float64) {
	if k.place.hrows > p.Calendar.HourRows || k.place.hrows <= 1 {
		return
	}
	e -= k.hour
	h := &d.Hour[k.place.hour]
	v := math.Floor(float64(*h) + p.Calendar.HourTeaches*e/(float64(k.place.hrows)*d.HourUnit.value()) + float64(dither(k.t)))
	if math.Abs(v) > math.MaxInt8 {
		for i := range d.Hour {
			d.Hour[i] /= 2
		}
		d.HourUnit = briefOf(d.HourUnit.value() * 2)
		v = clip(v/2, math.MaxInt8)
	}
	*h = int8(v)
}

// learnSpread moves the spread at this time of day towards e, an error in units
// of the average error.
func (d *page) learnSpread(p *params, k *look, e float64, ordinary bool) {
	s := &d.Spread[k.place.half]
	share := p.Calendar.SpreadTeaches * atLeast(k.place.rate, float32(1/p.Calendar.SpreadRows))
	if ordinary && d.young(p, &k.place) {
		share = atLeast(share, p.Calendar.SpreadYoung/(d.visits(&k.place)+p.Calendar.SpreadPrior))
	}
	e = (atMost(e, p.Calendar.SpreadMost) - 1) * spreadUnit
	*s += int16(math.RoundToEven(float64(share) * (e - float64(*s))))
}

// learnLeap keeps how a leap of the season and that of the value went together:
// the regression of the one on the other is what a leap is worth.
func (d *page) learnLeap(p *params, k *look, last, step float64) {
	if d.first() || !d.known(k.place.own) {
		return // the season has moved because it was learned
	}
	ds := clip((k.season-k.before)/k.scale, p.Calendar.LeapMost)
	dx := clip((k.x-last)/k.scale, p.Calendar.LeapMost)
	fade := float32(atMost(step/secondsDay, 1) / p.Calendar.LeapMemory)
	d.LeapX += float32(ds*dx) - fade*d.LeapX
	d.LeapS += float32(ds*ds) - fade*d.LeapS
}

// dither returns a number from 0 to 1 that a time decides: what is added before
// rounding down, so that steps smaller than a unit are not lost but taken now and
// then, and the same again in a replay.
func dither(t int64) float32 {
	return float32((uint64(t)*0x9E3779B97F4A7C15)>>40) / (1 << 24)
}

// move adds to an offset of day or week, making Unit larger when it runs out.
func (d *page) move(o *int16, by float32, t int64) {
	v := float32(*o) + by/float32(d.Unit.value()) + dither(t)
	for math.Abs(float64(v)) >= math.MaxInt16 {
		if !(d.Unit.value() < math.MaxFloat32/4) {
			v = 0
			break
		}
		d.rescale(2)
		v = float32(*o) + by/float32(d.Unit.value())
	}
	*o = int16(math.Floor(float64(v)))
}

// rescale makes Unit larger by a factor of 2, or smaller by one of 0.5.
func (d *page) rescale(factor float32) {
	d.Unit = briefOf(d.Unit.value() * float64(factor))
	for i := range d.Day {
		d.Day[i] = int16(float32(d.Day[i]) / factor)
	}
	for i := range d.Week {
		d.Week[i] = int16(float32(d.Week[i]) / factor)
	}
}

// grow counts the days at time t and reports whether another has passed.
func (d *page) grow(t int64) bool {
	ages := uint8(min(since(d.Since, t)/(secondsDay*1000), math.MaxUint8))
	if ages <= d.Ages {
		return false
	}
	d.Ages = ages
	d.refine()
	return true
}

// newAge does what is to be done when a page has become a day older: the mean of
// its day goes to the long level, and once the season is known tails are learned
// anew.
func (s *series) newAge(p *params, d *page) {
	moved := d.level(p)
	s.Long, s.Level, s.Before = s.Long+moved, s.Level+moved, s.Before+moved
	s.Season -= float32(moved)
	if d.Ages == p.Calendar.SettledAfter {
		s.settle(p)
	}
}

// level takes the mean out of the day's offsets and returns it: it belongs to the
// long level. Both learn from the same deviations, and what a trend adds would
// pile up in the profile.
func (d *page) level(p *params) float64 {
	if d.Ages == 0 || d.first() {
		return 0 // the day is not yet whole
	}
	mean := int16(math.Round(d.dayMean()))
	for i := range d.Day {
		if d.known(uint8(i)) {
			d.Day[i] = int16(clip(float64(d.Day[i])-float64(mean), math.MaxInt16))
		}
	}
	moved := float64(mean)*d.Unit.value() + d.levelWeek(p)
	d.Outlook.recentre(d.Outlook.Centre.value()-moved, moved)
	return moved
}

// levelWeek does the same for the week, whose mean counts only where it is of use.
func (d *page) levelWeek(p *params) float64 {
	if d.Ages < 7 {
		return 0
	}
	mean := int16(math.Round(d.weekMean()))
	for i, o := range d.Week {
		d.Week[i] = int16(clip(float64(o)-float64(mean), math.MaxInt16))
	}
	if !d.weekly(p) {
		return 0
	}
	return float64(mean) * d.Unit.value()
}

// refine makes units smaller when offsets use a small part of their range.
func (d *page) refine() {
	most := int16(0)
	for _, o := range d.Day {
		most = max(most, o, -max(o, -math.MaxInt16))
	}
	for _, o := range d.Week {
		most = max(most, o, -max(o, -math.MaxInt16))
	}
	if most < math.MaxInt16/8 && d.Unit.value() > leastUnit {
		d.rescale(0.5)
	}
	least := int8(0)
	for _, o := range d.Hour {
		least = max(least, o, -max(o, -math.MaxInt8))
	}
	if least < math.MaxInt8/4 && d.HourUnit.value() > leastUnit {
		for i := range d.Hour {
			d.Hour[i] *= 2
		}
		d.HourUnit = briefOf(d.HourUnit.value() / 2)
	}
}

// credit tells the page that the series has just come back from a level that lay
// so much higher for some seconds, and that this had been taken for the long
// level, which took some more before. In its first days that is the shape of the day; while it has not seen two
// weeks it is that of the week, if it lasted for longer than half a day.
func (d *page) credit(p *params, k *look, seconds, before int64, higher float64) {
	if d.Ages < p.Calendar.CreditDays && seconds < secondsDay {
		for back := min(seconds/dayWidth, dayBuckets-1); back > 0; back-- {
			b := (int64(k.place.own) + dayBuckets - back) % dayBuckets
			if d.known(uint8(b)) {
				d.move(&d.Day[b], float32(higher), k.t)
			}
		}
		return
	}
	if d.Ages < p.Calendar.CreditWeeks && seconds > secondsDay/2 {
		began := seconds + before + weekWidth/2 // the first quarter counts if most of it was
		for back := min(began/weekWidth, weekBuckets-1); back > 0; back-- {
			b := (int64(k.place.wa) + weekBuckets + 1 - back) % weekBuckets
			d.move(&d.Week[b], float32(higher-d.Unit.value()*float64(d.Week[b])), k.t) // it may know part of it
		}
	}
}
