package detector

// A level that is a small part of the one before, but not zero, may be the same series in
// another unit, seconds instead of milliseconds, or a load of which a part is gone. Either
// way its noise and the swing of its day have become smaller with it: a series that is never
// below zero has no room for what they were on a level that is a tenth. So all that was learned in the unit of the values
// goes with it when it is taken as normal, and back when it is left again within BackWithin.
// Of a level that is many times the one before it cannot be said, for an offset that is
// added leaves noise and day as they were.

// fractionLeast is the part of a level from which on another one is as good as zero, as an
// outage is: a milliardth is the largest step between two units that anyone takes.
const fractionLeast = 1e-9

// fraction returns which part of a level another one is; 1 if it is no such part of it.
func fraction(p *params, is, was float64) float64 {
	if r := is / was; r >= fractionLeast && r*p.Episode.UnitTimes <= 1 {
		return r
	}
	return 1
}

// grown returns by what a series is to be grown that goes back to the level before.
func (s *series) grown() float64 {
	if r := s.Before / s.Long; s.has(flagShrunk) && r > 1 && r*fractionLeast <= 1 {
		return r
	}
	return 1
}

// fractional reports whether the sample belongs to an episode of such a level: it shows the
// page nothing of the level before it.
func (s *series) fractional(p *params, k *look) bool {
	return k.open && !s.has(flagNegative) && fraction(p, k.x, k.anchor) != 1
}

// shrink takes another unit for what is measured in that of the values, and the level that
// is normal from here on for forecasts; page is nil without.
func (s *series) shrink(d *page, by, level float64) {
	f := float32(by)
	for _, x := range [...]*float32{&s.LongScale, &s.MixErr, &s.Season, &s.Hi, &s.Lo} {
		*x *= f
	}
	for i := range s.Err {
		s.Err[i] *= f
	}
	if s.Scale = 0; s.Typical != 0 {
		s.Typical = octavesOf(s.Typical.value() * by)
	}
	if s.clear(flagEven); d == nil {
		return
	}
	d.Unit, d.HourUnit = briefOf(max(d.Unit.value()*by, leastUnit)), briefOf(max(d.HourUnit.value()*by, leastUnit))
	for _, x := range [...]*float32{&d.DayErr, &d.WeekErr, &d.HourErr, &d.CalmErr, &d.Trend, &d.Lately} {
		*x *= f
	}
	d.Outlook.shrink(by, level)
}

// shrink is the same of forecasts, whose level is the one that was taken as normal: a mean
// that follows by a few units a sample would take weeks to get there.
func (o *outlook) shrink(by, level float64) {
	if o.Tick == 0 {
		return
	}
	f := float32(by)
	for i := range o.Now {
		o.Now[i] *= f
	}
	for _, all := range [...][]brief{o.Lag[:], o.Trend[:], o.Season[:]} {
		for i := range all {
			all[i] = briefOf(all[i].value() * by)
		}
	}
	for _, x := range [...]*brief{&o.Centre, &o.ClimbHourly, &o.SpurtHourly, &o.SpurtLevel} {
		*x = briefOf(x.value() * by)
	}
	for i := range o.Scale {
		o.Scale[i] = octavesOf(o.Scale[i].value() * by)
	}
	o.SpurtPast = octavesOf(o.SpurtPast.value() * by)
	o.Base = float32(level + o.Centre.value())
}
