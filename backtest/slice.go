package backtest

import (
	"cmp"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// slice is a part of a window on its way: judged by all shards at once, then
// formatted, then written.
type slice struct {
	*window
	owner   func(labels.Labels) string
	entries []entry // of the window
	sweeps  []place

	rows   []Row     // of the entries
	made   []bool    // which of them there are
	extras [][]extra // by shard

	tally *tally
	block []byte
	done  chan struct{} // is closed when block is made
}

// sliceMost is how many samples a slice has at most: enough for shards to be busy for
// milliseconds, few enough for their rows to take some megabytes.
const sliceMost = 8192

// begin makes a slice new for entries of a window from an index on.
func (s *slice) begin(w *window, from int) {
	s.window, s.entries, s.sweeps = w, w.entries[from:from], s.sweeps[:0]
	for i := range s.extras {
		clear(s.extras[i])
		s.extras[i] = s.extras[i][:0]
	}
	s.tally, s.block, s.done = newTally(), s.block[:0], make(chan struct{})
}

// ready makes room for the rows.
func (s *slice) ready() {
	n := len(s.entries)
	if cap(s.rows) < n {
		s.rows, s.made = make([]Row, n), make([]bool, n)
	}
	s.rows, s.made = s.rows[:n], s.made[:n]
	clear(s.made)
}

// format writes the rows: those of sweeps before an entry in the order of time, then
// of services and series; that of the entry; then what it brought to an end.
func (s *slice) format(f Format) {
	var more []extra
	for _, own := range s.extras {
		more = append(more, own...)
	}
	slices.SortStableFunc(more, func(a, b extra) int {
		if c := cmp.Compare(a.entry, b.entry); c != 0 || a.sweep == noTime && b.sweep == noTime {
			return c // what one entry brought stays in its order
		}
		return cmp.Or(cmp.Compare(uint64(a.sweep), uint64(b.sweep)), cmp.Compare(a.service, b.service), cmp.Compare(a.row.Series, b.row.Series))
	})
	for i := range s.rows {
		for len(more) > 0 && more[0].entry == i && more[0].sweep != noTime {
			s.write(f, &more[0].row)
			more = more[1:]
		}
		if s.made[i] {
			s.write(f, &s.rows[i])
		}
		for len(more) > 0 && more[0].entry == i {
			s.write(f, &more[0].row)
			more = more[1:]
		}
	}
	for i := range more {
		s.write(f, &more[i].row)
	}
}

func (s *slice) write(f Format, r *Row) {
	if r.Stamp == "" {
		r.Stamp = stamp(r.T)
	}
	s.block = f.Append(s.block, r)
	s.tally.rows++
	switch {
	case r.Reason != "":
		s.tally.unjudged[r.Reason]++
		s.tally.values[r.Reason]++
	case r.Anomalous:
		s.tally.anomalous++
		if r.Verdict.Kind == detector.KindMissing {
			s.tally.silences++
		}
	}
}
