package detector

import "math"

// climb is a run of hours in each of which the level moved about as far, and the same
// way: what has begun to fill up an hour ago is known by it within some hours, where a
// trend takes three days. Steps, spikes and noise are no run; a tooth, a job of the night
// and a swing of the day are, and count only where they lead beyond what the errors of
// seven hours have been.
//
// Its two numbers lie in Trend, where the shortest forecasts would keep theirs: those
// follow from that of the longer. In a checkpoint of before, where these were kept, hours
// is hardly ever a whole number and taken for none.
type climb struct {
	hourly float64 // mean move of the level
	hours  float64 // whole
}

const (
	climbHourly = 0 // index in Trend
	climbHours  = 1
)

// climb returns the run as it was at the last full hour.
func (o *outlook) climb(p *params) climb {
	c := climb{o.Trend[climbHourly].value(), o.Trend[climbHours].value()}
	if c.hours < 1 || c.hours > p.Outlook.ClimbMost || c.hours != math.Floor(c.hours) {
		return climb{}
	}
	return c
}

// climbs moves the run on by what the level did in an hour; not known, it ends. While the
// level is held back from the samples it says nothing of them: after a step it moves
// evenly for hours, which is no climb.
func (o *outlook) climbs(p *params, move float64, known, held bool) {
	if known && held {
		return
	}
	c := climb{}
	if known {
		c = o.climb(p).next(p, move)
	}
	o.Trend[climbHourly], o.Trend[climbHours] = briefOf(c.hourly), briefOf(c.hours)
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
