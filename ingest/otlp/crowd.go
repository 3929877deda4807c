package otlp

import (
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/telemetry"
)

// OpenTelemetry counts time in nanoseconds and the store in milliseconds. Points of
// one series that are a little apart would be two values at one time, of which the
// store takes the first and refuses the second; here the last one stays.

// rowKey is a hash of a series' labels and a time; what it finds is verified.
type rowKey struct {
	hash uint64
	t    int64
}

// noRow stands for a delta that is part of a total and has no sample of its own.
const noRow = -1

// supersede lets the point at hand take the place of an earlier one of the same
// millisecond in this export, and reports whether there was one.
func (c *collector) supersede(ls labels.Labels, st, t int64, v float64, h *histogram.Histogram, o *storage.AOptions) bool {
	if c.rows == nil {
		return false
	}
	row, found := c.find(ls, t)
	if !found {
		return false
	}
	s := &c.batch.Series[row]
	s.Samples, s.Histograms = s.Samples[:0], s.Histograms[:0]
	if h != nil {
		s.Histograms = append(s.Histograms, telemetry.HistogramSample{T: t, ST: st, Int: h})
	} else {
		s.Samples = append(s.Samples, telemetry.Sample{T: t, V: v, ST: st})
	}
	s.Exemplars = appendExemplars(s.Exemplars, o) // beside those of the earlier point
	c.repaired["same_millisecond"]++
	return true
}

// find returns the row of a series and time. The one that is about to be appended is
// noted if there is none.
func (c *collector) find(ls labels.Labels, t int64) (row int, found bool) {
	key := rowKey{ls.Hash(), t}
	row, found = c.rows[key]
	if !found {
		c.rows[key] = len(c.batch.Series)
		return 0, false
	}
	return row, same(ls, c.batch.Series[row].Labels) && c.later(row)
}

// later reports whether the point at hand is later than that of a row. One of the very
// same time is a duplicate, about which the store has its say.
func (c *collector) later(row int) bool {
	owner := c.owners[row]
	return owner != noPoint && c.all[owner].time < c.points[c.at-1].time
}

func same(ls labels.Labels, pairs []telemetry.Pair) bool {
	if ls.Len() != len(pairs) {
		return false
	}
	i, equal := 0, true
	ls.Range(func(l labels.Label) {
		equal = equal && l.Name == string(pairs[i].Name) && l.Value == string(pairs[i].Value)
		i++
	})
	return equal
}

// rowFor returns the row for the new total of a series: that of an earlier delta of the
// same millisecond in this export, a row of its own, or noRow if that earlier delta came
// with another export, whose sample stands. The next sample has both.
func (c *collector) rowFor(ls labels.Labels, t int64, o *storage.AOptions, again bool) int {
	if c.rows != nil {
		if row, found := c.find(ls, t); found && again {
			c.repaired["same_millisecond"]++
			s := &c.batch.Series[row]
			s.Exemplars = appendExemplars(s.Exemplars, o)
			return row
		}
	}
	if again {
		c.repaired["same_millisecond"]++
		return noRow
	}
	c.row(ls, c.first+c.at-1, o)
	return len(c.batch.Series) - 1
}
