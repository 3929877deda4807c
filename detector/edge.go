package detector

import "math"

// Where the day has an edge, as at the start of work, at a deployment at ten or at
// midnight, when what was counted begins anew, a forecast is never right: what led
// before the edge does not know of it, and the calendar knows neither the minute nor
// whether it comes today. Within some quarters of an hour of it values between the
// levels on either side are as ordinary as those levels: none of them is odd, and none
// teaches the tails to expect at all hours what belongs to this one.
//
// It costs no memory, and a few reads of the page in a sample that is weighed.

// edge is how far below and above the long level with season the levels of the day
// near by lie, both 0 where there is no edge.
type edge struct{ below, above float64 }

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
// it, where two of them that follow one another are an edge: a slope is none, for a
// minute changes little there. They are read as they are: between centres an edge would
// be a slope.
func (d *page) near(p *params, at *place, sharp float64) (e edge) {
	if at.rows < p.Calendar.ReadRows {
		return e // an edge that moves by minutes is not seen
	}
	now, n, far := d.dayAt(p, at, sharp), int(p.Calendar.EdgeNear), p.Calendar.SharpEdge*sharp
	least, most, last, found := now, now, math.NaN(), false
	for i := -n; i <= n; i++ {
		b := uint8((int(at.own) + i + dayBuckets) % dayBuckets)
		if !d.known(b) {
			last = math.NaN()
			continue
		}
		o := float64(d.Unit) * float64(d.Day[b])
		least, most, found = min(least, o), max(most, o), found || math.Abs(o-last) > far
		last = o
	}
	if !found {
		return e
	}
	return edge{below: now - least, above: most - now}
}

// meet widens what is ordinary where an edge of the day is near.
func (s *series) meet(p *params, k *look, d *page) {
	at := &k.place
	if !k.turn {
		at.set(p, k.t/1000+k.zone, pageStep(p, s.Step))
	}
	if k.edge = d.near(p, at, float64(s.MixErr)); k.edge != (edge{}) {
		k.low, k.high = min(k.low, k.anchor-k.edge.below), max(k.high, k.anchor+k.edge.above)
	}
}
