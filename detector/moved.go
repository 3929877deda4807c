package detector

import "math"

// What follows another clock than that of the page, as jobs by UTC in a zone whose clock
// is put back, or people where the zone is not known, comes an hour earlier or later from
// one day to the next. At an edge of the day that is a whole level for an hour, each day
// until the quarters concerned have learned it, a tenth a day. So a page keeps which
// quarters showed, at their last visit, what it knows of an hour later or earlier and not
// what it knows of them. A few of them in a row that do so on a second day are taken over
// from there as soon as the row has ended: at a weekend, when all of a morning is like the
// night before it, it does not end in time.
//
// Source: none known to us; the two days are those after which what is odd at the same
// time is the day's, see page.learn. Memory: the bits of Known, which say nothing any more
// once all quarters are known, and seven that First had to spare. Cost: a comparison for
// each sample that teaches the page.

// visit is what a page notes of the quarter that it is in, and of those before it.
type visit uint8

const (
	visitFirst  visit = 1 << iota // the quarter is visited for the first time
	visitWhole                    // all of the day is known; bits of Known are those of quarters that are off
	visitLater                    // those of the row are as an hour later, else as an hour earlier
	visitAgain                    // all of the row were off a day ago, too
	visitBefore                   // the quarter was off a day ago, and is no other than an hour later or earlier
	visitRow                      // unit of how many quarters before this one are off in a row
)

const (
	visitFlags   = visitRow - 1
	longestRow   = ^visitFlags / visitRow
	hourQuarters = secondsHour / dayWidth
)

// row returns how many quarters in a row were off up to the one before this, saturating.
func (v visit) row() int { return int(v / visitRow) }

// note sets or clears a flag.
func (v *visit) note(flag visit, on bool) {
	if *v &^= flag; on {
		*v |= flag
	}
}

// first reports whether the quarter is visited for the first time.
func (d *page) first() bool { return d.Visit&visitFirst != 0 }

// whole reports whether all of the day is known.
func (d *page) whole() bool { return d.Visit&visitWhole != 0 }

// marked reads the bit of a quarter: of a day that is whole whether it was off when it was
// last visited, before that whether it is known.
func (d *page) marked(bucket uint8) bool { return d.Known[bucket>>5]&(1<<(bucket&31)) != 0 }

// mark sets or clears it.
func (d *page) mark(bucket uint8, is bool) {
	word, bit := &d.Known[bucket>>5], uint32(1)<<(bucket&31)
	if *word &^= bit; is {
		*word |= bit
	}
}

// enter ends the quarter that the page was in and begins another one.
func (d *page) enter(bucket uint8) {
	first := !d.known(bucket)
	switch {
	case d.whole():
		d.passed(bucket)
		d.Visit.note(visitBefore, d.marked(bucket))
		d.mark(bucket, false)
	case d.Known == allKnown:
		d.Visit, d.Known = visitWhole, [3]uint32{}
	}
	d.Bucket, d.Ordinary = bucket, 0
	d.Visit.note(visitFirst, first)
}

// passed counts the quarter that has passed, and takes a row over that has ended with it.
func (d *page) passed(next uint8) {
	row, again := d.Visit.row(), d.Visit&visitAgain != 0
	switch {
	case d.marked(d.Bucket):
		again = d.Visit&visitBefore != 0 && (again || row == 0)
		row = min(row+1, int(longestRow))
	case row > 0:
		if again && row >= hourQuarters-1 && row <= hourQuarters+1 { // an edge may lie within a quarter
			d.takeOver(row)
		}
		row = 0
	}
	if next != quarter(int(d.Bucket)+1) {
		row = 0 // a part of the day was not seen
	}
	d.Visit = d.Visit&visitFlags | visit(row)*visitRow
	d.Visit.note(visitAgain, again && row > 0)
}

// takeOver sets the quarters of the row before the present one to what is known of an hour
// later or earlier, beginning with those that others are taken from.
func (d *page) takeOver(row int) {
	last := int(d.Bucket) - 1
	for i := range row {
		at, from := last-i, last-i+hourQuarters
		if d.Visit&visitLater == 0 {
			at = last - row + 1 + i
			from = at - hourQuarters
		}
		d.Day[quarter(at)] = d.Day[quarter(from)]
	}
}

// noteMoved notes whether a sample of a day that is whole is off, and as it is an hour
// later or earlier: a row with one that is not is no move. The last one of a quarter
// decides whether that is off.
func (d *page) noteMoved(p *params, k *look) {
	if !d.whole() {
		return
	}
	at, dev := &k.place, math.Abs(k.x-k.anchor)
	off := dev > p.Calendar.SharpEdge*k.err*k.spread*k.power && at.rows >= p.Calendar.ReadRows && !k.excused
	if d.mark(at.own, off); !off {
		return
	}
	rest, near := k.x-(k.anchor-k.day), p.Calendar.MovedNear*dev // without the day
	later := d.isNear(int(at.own)+hourQuarters, rest, near)
	if d.Visit.row() == 0 {
		d.Visit.note(visitLater, later)
	}
	if later != (d.Visit&visitLater != 0) || !later && !d.isNear(int(at.own)-hourQuarters, rest, near) {
		d.Visit.note(visitBefore, false)
	}
}

// isNear reports whether the offset of a quarter is so near to another one.
func (d *page) isNear(i int, offset, near float64) bool {
	return math.Abs(offset-d.Unit.value()*float64(d.Day[quarter(i)])) < near
}
