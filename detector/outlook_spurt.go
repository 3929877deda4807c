package detector

import "math"

// spurt is a run of parts of an hour in each of which a series moved about as far, and
// the same way, as climb is one of hours: what runs wild is full before a climb is known.
// It is measured by the quickest mean and not by the level, which Clip holds back where
// growth is steep. A step is one part, and the parts of noise are not alike for long; a
// job, a tooth and a swing of the day are spurts as long as they last. So it speaks for no
// farther than some multiple of the time that it has lasted (what has gone on for so long
// goes on for as long again in half of all cases, J. R. Gott, "Implications of the
// Copernican principle for our future prospects", Nature 363, 1993), and only where it has
// led beyond what the errors of as long a time have been.
//
// Its three numbers take five bytes. The first part is not counted in its pace: growth
// begins somewhere within it.
type spurt struct {
	hourly float64 // mean move of the parts after the first
	level  float64 // without the season, when the newest part ended
	parts  int
}

// spurt returns the run as it was when the newest part ended.
func (o *outlook) spurt() spurt {
	return spurt{o.SpurtHourly.value(), float64(o.Now[0]) + o.SpurtLevel.value(), int(o.SpurtParts)}
}

// spurts moves the run on where a part ends with a sample.
func (o *outlook) spurts(p *params, now *present) {
	part := int64(p.Outlook.SpurtPart * 1000)
	at := floorDiv(now.t, part)
	before := now.t - int64(now.dt*1000)
	if before >= at*part || o.Tick == 0 {
		return
	}
	ended := at - floorDiv(before, part)
	level := o.free(now.fast, now.season, now.first)
	s := o.spurt()
	if ended > 1 || math.IsNaN(s.level) || now.dt > p.Outlook.SpurtPart/2 {
		s = spurt{}
	} else {
		hourly := (level - s.level) * (secondsHour / p.Outlook.SpurtPart)
		if s.over(p, hourly) {
			o.SpurtPast = max(o.SpurtPast, octavesOf(s.led(p, 0)))
		}
		s = s.next(p, hourly)
	}
	o.SpurtHourly, o.SpurtLevel, o.SpurtParts = briefOf(s.hourly), briefOf(level-float64(o.Now[0])), uint8(s.parts)
}

// free returns a value without the season, which is not known on its first day.
func (o *outlook) free(x, season float64, first bool) float64 {
	if first {
		return x
	}
	return x - season + o.Centre.value()
}

// next is the run after a part in which it moved so fast. A part that is not like it halves
// its length, and begins another where too little is left.
func (s spurt) next(p *params, hourly float64) spurt {
	q := &p.Outlook
	if share := hourly / s.hourly; s.parts > 0 && share > 1/q.ClimbAlike && share < q.ClimbAlike {
		s.parts = min(s.parts+1, int(q.SpurtMost))
		s.hourly += (hourly - s.hourly) / min(float64(s.parts-1), q.SpurtMean)
		return s
	}
	if s.parts /= 2; s.parts < int(q.SpurtLeast) || hourly*s.hourly <= 0 {
		return spurt{hourly: hourly, parts: 1}
	}
	return s
}

// over reports whether a run that has lasted ends with a part in which it moved so fast: it
// stands still or turns.
func (s spurt) over(p *params, hourly float64) bool {
	return s.parts >= int(p.Outlook.SpurtLeast) && !(hourly/s.hourly > 1/p.Outlook.ClimbAlike)
}

// led returns how far the run has led some hours after its newest part. Growth began within
// the first.
func (s spurt) led(p *params, since float64) float64 {
	return math.Abs(s.hourly) * s.hours(p, since)
}

func (s spurt) hours(p *params, since float64) float64 {
	return (float64(s.parts)-0.5)*p.Outlook.SpurtPart/secondsHour + since
}

// onset is a spurt that is worth going by, as it is at the newest sample.
type onset struct {
	hourly float64
	level  float64 // without the season
	hours  float64 // that it has lasted
	doubt  float64 // by how much of its pace it may be off
}

// onset returns the run if it has lasted, goes on and has led beyond what is ordinary.
// level is where the series is now without its season, late by how many hours that is known
// at most, error how far off it may be, since the time since the newest part ended, and
// beyond how many half widths of the interval it must have led.
func (o *outlook) onset(p *params, level, since, late, error, beyond float64) (onset, bool) {
	q := &p.Outlook
	s := o.spurt()
	if !(math.Abs(s.hourly) > 0) {
		return onset{}, false
	}
	// What is late makes two parts of a step: it has to be seen whether it goes on, however
	// far off the level may be.
	slack := error / math.Abs(s.hourly)
	if s.hours(p, since) < (q.SpurtLeast-0.5)*q.SpurtPart/secondsHour+2*(late+q.ClimbAlike*slack) {
		return onset{}, false
	}
	moved := (level - s.level) / s.hourly // in hours
	if moved < (since-late)/q.ClimbAlike-slack {
		return onset{}, false // it has ended
	}
	hours := s.hours(p, since)
	if led := s.led(p, since); led < beyond*o.span(p, hours) || led < q.SpurtBefore*p.octave(o.SpurtPast) {
		return onset{}, false
	}
	return onset{s.hourly, level, hours, q.ClimbDoubt / math.Sqrt(hours)}, true
}

// span returns half the width of the 90 % interval for hours ahead, between those of the
// shortest two horizons.
func (o *outlook) span(p *params, hours float64) float64 {
	short, long := o.widest(p, 0), o.widest(p, 1)
	w := min(max(math.Log(hours/aheads[0].hours())/math.Log(aheads[1].hours()/aheads[0].hours()), 0), 1)
	return short + w*(long-short)
}
