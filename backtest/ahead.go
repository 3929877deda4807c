package backtest

import (
	"cmp"
	"fmt"
	"slices"
)

// Rows are judged in the order in which they stand, so that one whose time was written down
// wrong, in the year 2099 among 2024, would make all rows behind it late. Those behind it show
// that it is wrong: they go on from where the rows before it were. What comes back long after a
// file has gone on elsewhere shows nothing: two files may have been put one behind the other.

const (
	// aheadTimes is by how many times further a row must be from the rows before it than a
	// row behind it is, for its time to be wrong: less is disorder, in which the later one
	// may as well be right.
	aheadTimes = 10
	// aheadMost is how many rows are held until one behind them comes back. Where none has
	// by then, time has gone on.
	aheadMost = 100
)

// aheads hands records on, in their order, and marks those that are ahead of the records
// behind them. Records from which it cannot be told yet are held.
type aheads struct {
	f      *csvFile
	emit   func(*Record) error
	newest int64 // time of those that were handed on, noTime before the first
	dt     int64 // newest distance between them
	step   int64 // smaller of the two newest; 0 before there is one
	held   []*heldRecord
	free   []*heldRecord // to be used again
}

// heldRecord is a record that outlives its line.
type heldRecord struct {
	Record
	why  []string
	line int // of its time, as the reader of cells counts
}

// take is given the record of the line that was read last.
func (a *aheads) take(r *Record) error {
	if len(a.held) == 0 && !a.far(r.T) {
		return a.pass(r)
	}
	a.hold(r)
	return a.settle(aheadMost)
}

// end hands on what is held still, behind which nothing follows that could come back. It
// returns why the records end, nil at the end of the file.
func (a *aheads) end(why error) error { return cmp.Or(a.settle(0), why) }

// far reports whether a record may turn out to be ahead.
func (a *aheads) far(t int64) bool {
	return t != noTime && (a.newest == noTime || t-a.newest >= aheadTimes*max(a.step, 1))
}

// settle hands on held records until it takes those behind to tell, of which there are no
// more than most.
func (a *aheads) settle(most int) error {
	for len(a.held) > 0 {
		h := a.held[0]
		if a.far(h.T) {
			back := a.back(h.T)
			if back == nil && len(a.held) <= most {
				return nil
			}
			if back != nil {
				h.Ahead = fmt.Errorf("%s: time %q is far ahead of the lines behind it, such as line %d with %q", a.f.at(h.line), h.Stamp, a.f.before+back.line, back.Stamp)
			}
		}
		a.held = slices.Delete(a.held, 0, 1)
		a.free = append(a.free, h)
		if err := a.pass(&h.Record); err != nil {
			return err
		}
	}
	return nil
}

// back returns the first record behind one of time t that goes on from before it; nil if there
// is none. What the very first record is ahead of are the two next that rise.
func (a *aheads) back(t int64) *heldRecord {
	from := a.newest
	for _, h := range a.held[1:] {
		switch {
		case h.T == noTime:
		case from == noTime:
			if h.T < t {
				from = h.T
			}
		case h.T > from && t-from >= aheadTimes*(h.T-from):
			return h
		}
	}
	return nil
}

// pass hands a record on.
func (a *aheads) pass(r *Record) error {
	switch {
	case r.T == noTime || r.Ahead != nil:
	case a.newest == noTime:
		a.newest = r.T
	case r.T > a.newest:
		dt := r.T - a.newest
		if a.step = dt; a.dt > 0 {
			a.step = min(a.dt, dt)
		}
		a.newest, a.dt = r.T, dt
	}
	return a.emit(r)
}

// hold copies a record, which is the reader's.
func (a *aheads) hold(r *Record) {
	var h *heldRecord
	if n := len(a.free); n > 0 {
		h, a.free = a.free[n-1], a.free[:n-1]
	} else {
		h = new(heldRecord)
	}
	values, why := append(h.Values[:0], r.Values...), append(h.why[:0], r.Why...)
	h.Record, h.why = *r, why
	if h.Values = values; r.Why != nil {
		h.Why = why
	}
	if r.T != noTime {
		h.line, _ = a.f.csv.FieldPos(a.f.time)
	}
	a.held = append(a.held, h)
}
