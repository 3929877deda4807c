package detector

import "math"

// Where the day has an edge, as at the start of work, at a deployment at ten or at
// midnight, when what was counted begins anew, a forecast is never right: what led
// before the edge does not know of it, and the calendar knows neither the minute nor
// whether it comes today. Within some quarters of an hour of it values between the
// levels on either side are as ordinary as those levels, with a part of the height beyond
// them, for no edge ends where the one of yesterday did, and so is that the last value
// stays: none of them is odd, and none teaches the tails to expect at all hours what belongs
// to this one.
//
// It costs a flag of memory, and a few reads of the page in a lesson; until the next they are
// only done again where they have found, or may find, a change that large.

// edge is how far below and above the long level with season the levels of the day
// near by lie, both 0 where there is no edge.
type edge struct{ below, above float64 }

// across is how many quarters an edge may take.
const across = 2

// evenRounds is by how many units rounding may change a difference of two offsets.
const evenRounds = 4

// beyond returns what of a deviation an edge near by does not explain.
func (e edge) beyond(dev float64) float64 {
	switch {
	case dev > e.above:
		return dev - e.above
	case dev < -e.below:
		return dev + e.below
	}
	return 0
}

// near returns how far the known quarters around a place lie from what the day is at
// it, where there is an edge among them: a change within two quarters that is large,
// and much larger than that of the two before and the two after, for on a slope all are
// alike and a minute changes little. They are read as they are: between centres an edge
// would be a slope.
func (d *page) near(p *params, at *place, sharp float64) (e edge) {
	if at.rows < p.Calendar.ReadRows {
		return e // an edge that moves by minutes is not seen
	}
	own, n, far := int(at.own), int(p.Calendar.EdgeNear), p.Calendar.SharpEdge*sharp
	if d.whole() && own >= n && own+n < dayBuckets && d.Unit.value()*float64(d.steepest(own-n, own+n)) <= far {
		return e
	}
	found := false
	for i := -n; i+across <= n && !found; i++ {
		jump, ok := d.change(own+i, across)
		if !ok || jump <= far {
			continue
		}
		before, ok := d.change(own+i-across, across)
		after, known := d.change(own+i+across, across)
		found = ok && known && jump > p.Calendar.EdgeSlope*max(before, after)
	}
	if !found {
		return e
	}
	now := d.dayAt(p, at, sharp)
	least, most := now, now
	for i := -n; i <= n; i++ {
		if b := quarter(own + i); d.known(b) {
			o := d.Unit.value() * float64(d.Day[b])
			least, most = min(least, o), max(most, o)
		}
	}
	return edge{below: now - least, above: most - now}
}

// steepest returns the largest change, in units, across some quarters within those from one
// to another, all of them known and of one day.
func (d *page) steepest(from, to int) int {
	most := 0
	for i := from; i+across <= to; i++ {
		jump := int(d.Day[i+across]) - int(d.Day[i])
		most = max(most, jump, -jump)
	}
	return most
}

// change returns how much the day changes from one quarter to that so many later, false
// unless both are known.
func (d *page) change(from, later int) (float64, bool) {
	a, b := quarter(from), quarter(from+later)
	if !d.known(a) || !d.known(b) {
		return 0, false
	}
	return math.Abs(d.Unit.value() * (float64(d.Day[b]) - float64(d.Day[a]))), true
}

// quarter is a quarter of the day by its number, from the day before to the day after.
func quarter(i int) uint8 { return uint8((i + dayBuckets) % dayBuckets) }

// locate returns the place of the look in the calendar.
func (s *series) locate(p *params, k *look) *place {
	if k.place.rows == 0 { // which is 1 at least once it is known
		k.place.set(p, k.t/1000+k.zone, pageStep(p, s.Step))
	}
	return &k.place
}

// even reports whether there is no edge near, nor near the quarter that follows, which may begin
// before the page is read again, whatever this lesson teaches: it moves an offset by a part of
// what the sample is off by, and lets the mean error shrink by little. One that may end a row
// of quarters which have moved is left out, see moved.go. It is asked before the lesson and not
// behind it, for there it would have to wait for all of it.
func (s *series) even(p *params, k *look, d *page) bool {
	own, n := int(k.place.own), int(p.Calendar.EdgeNear)
	if !d.whole() || d.Ages == 0 || s.has(flagFirst) || s.Fresh < p.Glide.Youth || own < n || own+1+n >= dayBuckets ||
		d.Visit.row() > 0 && k.place.own != d.Bucket {
		return false
	}
	moves := (math.Abs(k.x-k.anchor) + math.Abs(float64(d.Trend))) * p.evenMoves
	return d.Unit.value()*float64(d.steepest(own-n, own+1+n)+evenRounds)+moves <= p.evenMost*float64(s.MixErr)
}

// meet widens what is ordinary where an edge of the day is near.
func (s *series) meet(p *params, k *look, d *page) {
	if !k.turn && s.has(flagEven) {
		return
	}
	at := s.locate(p, k)
	if k.turn {
		if s.note(flagEven, s.even(p, k, d)); s.has(flagEven) {
			return
		}
	}
	k.edge = d.near(p, at, float64(s.MixErr)).or(d.nearWeek(p, at, float64(s.MixErr)))
	if k.edge != (edge{}) {
		if k.power < 1 {
			s.meetPower(p, &k.sight, k.anchor+k.edge.above)
		}
		margin := p.Calendar.EdgeMargin * (k.edge.below + k.edge.above)
		k.edge = edge{below: k.edge.below + margin, above: k.edge.above + margin}
		k.low, k.high = min(k.low, k.anchor-k.edge.below), max(k.high, k.anchor+k.edge.above)
		if !k.gap { // it does not come today
			k.low, k.high = min(k.low, s.X1), max(k.high, s.X1)
		}
	}
}

// meetPower takes errors for as large as those of the higher of the levels that meet: the
// day may still be there, and the quarter after the edge is known by its mean, which of a
// count that begins anew is far from its first minute.
func (s *series) meetPower(p *params, k *sight, higher float64) {
	at := k.anchor
	k.anchor = higher
	s.readPower(p, k)
	k.anchor = at
	k.scale = s.scale(p, k)
}

// or returns both edges in one.
func (e edge) or(x edge) edge { return edge{max(e.below, x.below), max(e.above, x.above)} }

// nearWeek is near for the quarters of a day of the week that meet at midnight, where those
// are of use: a weekend begins some minutes early or late too.
func (d *page) nearWeek(p *params, at *place, sharp float64) (e edge) {
	if !nearMidnight(int(at.own), int(p.Calendar.EdgeNear)) || !d.weekly(p) {
		return e
	}
	a, b := d.Unit.value()*float64(d.Week[at.wa]), d.Unit.value()*float64(d.Week[at.wb])
	if math.Abs(a-b) <= p.Calendar.SharpEdge*sharp {
		return e
	}
	now := d.weekAt(p, at, sharp)
	return edge{below: now - min(a, b), above: max(a, b) - now}
}

// nearMidnight reports whether a quarter of an hour is one of the last n of a day or the
// first n.
func nearMidnight(own, n int) bool { return own < n || own >= dayBuckets-n }
