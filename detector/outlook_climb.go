package detector

import "math"

// climb is a run of hours in each of which the level moved about as far, and the same
// way: what has begun to fill up an hour ago is known by it within some hours, where a
// trend takes three days. Steps, spikes and noise are no run; a tooth, a job of the night
// and a swing of the day are, and count only where they lead beyond what the errors of
// seven hours have been.
type climb struct {
	hourly float64 // mean move of the level
	hours  float64 // whole
}

// climb returns the run as it was at the last full hour.
func (o *outlook) climb() climb { return climb{o.ClimbHourly.value(), float64(o.ClimbHours)} }

// climbs moves the run on by what the level did in an hour; not known, it ends. While the
// level is held back from the samples it says nothing of them: after a step it moves
// evenly for hours, which is no climb.
func (o *outlook) climbs(p *params, move float64, known, held bool) {
	if known && held {
		return
	}
	c := climb{}
	if known {
		c = o.climb().next(p, move)
	}
	o.ClimbHourly, o.ClimbHours = briefOf(c.hourly), uint8(c.hours)
}

// next is the run an hour later. A move that is not like it halves its hours, and begins
// another where too few are left.
func (c climb) next(p *params, move float64) climb {
	if move == 0 {
		return climb{}
	}
	q := &p.Outlook
	if share := move / c.hourly; c.hours > 0 && share > 1/q.ClimbAlike && share < q.ClimbAlike {
		c.hours = min(c.hours+1, q.ClimbMost)
		c.hourly += (move - c.hourly) / min(c.hours, q.ClimbMean)
		return c
	}
	if c.hours = math.Floor(c.hours / 2); c.hours < q.ClimbLeast {
		return climb{move, 1}
	}
	return c
}

// beyond reports whether the run has lasted and led beyond what is ordinary.
func (o *outlook) beyond(p *params, c climb) bool {
	return c.hours >= p.Outlook.ClimbLeast && math.Abs(c.hourly)*c.hours >= p.Outlook.ClimbBeyond*o.widest(p, 1)
}
