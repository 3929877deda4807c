package detector

import "math"

// headcount is how many metrics of a service do something at once, beyond the first, with
// what is usual of it: one metric alone is no group. What comes at a time of day, as with a
// backup, is taken off first: for each quarter of an hour a running mean of the largest of
// each day, as far as it is beyond the quantile. What is left has a tail, see tail, of its
// exponential, since the number of metrics that move by chance falls off about as fast;
// how fast is what the shape learns. It takes 124 bytes.
type headcount struct {
	Tail    tail               // of exp(number / scale)
	Some    float32            // share of windows in which it is above zero
	Most    float32            // largest in the window, less what is usual
	Day     [quartersDay]uint8 // what comes daily, in 1/numberUnits
	Quarter uint32             // of an hour that it is now, since 1970 by the local clock
	Peak    uint8              // largest number in it, all of it
}

const (
	numberUnits = 7 // so that oddMost of them fit into a byte
	quartersDay = 96
	quarterTime = 900 // seconds
)

func (c *headcount) begin(p *params) {
	*c = headcount{Tail: newTail(math.Exp(p.Group.Quantile/p.Group.Scale), p.Group.Prior)}
}

// quarter returns the quarter of an hour that t (ms) lies in, by the local clock.
func (p *params) quarter(t int64) uint32 {
	return uint32(max(t/1000+p.zone.offset(t), 0) / quarterTime)
}

// turn goes on to a quarter of an hour, and lets the day know what those that have ended
// have shown, as far as that was beyond the quantile: what chance shows recurs nowhere.
// After a week without any the day is forgotten.
func (c *headcount) turn(p *params, at uint32, scale float64) {
	if at > c.Quarter+7*quartersDay {
		c.Day, c.Quarter, c.Peak = [quartersDay]uint8{}, at, 0
	}
	for c.Quarter < at {
		d := &c.Day[c.Quarter%quartersDay]
		shown := float32(0)
		if float64(c.Peak) > scale*math.Log(float64(c.Tail.Q)) {
			shown = float32(c.Peak) * numberUnits
		}
		*d = uint8(float32(*d) + p.Group.DayRate*(shown-float32(*d)))
		c.Quarter, c.Peak = c.Quarter+1, 0
	}
}

// usual returns what is usual now: the largest of this quarter and its neighbours, for
// what comes by the clock comes some minutes early or late.
func (c *headcount) usual() float64 {
	before, at, after := (c.Quarter+quartersDay-1)%quartersDay, c.Quarter%quartersDay, (c.Quarter+1)%quartersDay
	return float64(max(c.Day[before], c.Day[at], c.Day[after])) / numberUnits
}

// beyond returns how many of n metrics there are more than the first and what is usual now.
func (c *headcount) beyond(n int) float64 { return max(float64(n-1)-c.usual(), 0) }

// note takes in the number of a moment.
func (c *headcount) note(n int) {
	c.Peak = max(c.Peak, uint8(max(n-1, 0)))
	c.Most = max(c.Most, float32(c.beyond(n)))
}

// learn takes in the largest number of a window, of which there have been so many.
func (c *headcount) learn(p *params, seen uint32, scale float64) {
	some := float32(0)
	if c.Most > 0 {
		some = 1
	}
	c.Some += max(1/float32(seen), p.Group.Memory) * (some - c.Some)
	c.Tail.learn(p, float32(math.Exp(float64(c.Most)/scale)), p.groupFloor, p.Tail.Weight)
}

// rarity returns -log10 of the probability that a window has so many more than what is
// usual, after so many windows.
func (c *headcount) rarity(p *params, beyond float64, seen uint32, scale float64) float64 {
	return c.Tail.decades(p, p.Group.Prior, math.Exp(beyond/scale)) + c.seldom(p, seen)
}

// seldom returns the powers of ten by which it is rarer than the tail's quantile that
// there are more than what is usual.
func (c *headcount) seldom(p *params, seen uint32) float64 {
	return max(0, math.Log10(p.Tail.Share/(float64(c.Some)+1/float64(seen+1))))
}

// reach is the number from which the rarity is at least need.
func (c *headcount) reach(p *params, need float64, seen uint32, scale float64) float64 {
	return 1 + c.usual() + scale*math.Log(max(c.Tail.reach(p, p.Group.Prior, need-c.seldom(p, seen)), 1))
}
