package trial

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"

	"github.com/tocsinhq/tocsin/internal/noise"
)

// feed hands out the samples of one input series in order of time.
type feed struct {
	labels labels.Labels
	ref    storage.SeriesRef
	step   time.Duration
	n      int // samples, or -1 for one without end
	value  func(i int) parser.SequenceValue
	next   int
	gaps   []Gap
	marked []bool // gaps whose stale marker was sent
}

// feeds makes the series of a group. Of two with the same labels the later one
// counts, as in promtool.
func (g *Group) feeds(start time.Time) ([]*feed, error) {
	p := parser.NewParser(parser.Options{})
	var out []*feed
	index := map[string]int{}
	for i, in := range g.InputSeries {
		// The values of a text in several lines are one line to promtool's reader.
		text := in.Series + " " + strings.Join(strings.Fields(in.Values), " ")
		if in.Rate != nil || in.Level != nil {
			text = in.Series + " 0"
		}
		lbls, values, err := p.ParseSeriesDesc(text)
		if err != nil {
			return nil, fmt.Errorf("input_series[%d]: %q: %w", i, in.Series, err)
		}
		f := &feed{labels: lbls, step: g.Interval.std(), n: len(values)}
		if f.gaps, err = gapsOf(g.Gaps, lbls, p); err != nil {
			return nil, err
		}
		f.marked = make([]bool, len(f.gaps))
		seed := noise.Seed(lbls)
		switch {
		case in.Rate != nil:
			f.n, f.value = -1, rising(in.Rate, start, f.step, seed)
		case in.Level != nil:
			f.n = -1
			f.value = func(i int) parser.SequenceValue {
				return parser.SequenceValue{Value: in.Level.at(start, time.Duration(i)*f.step, seed, i)}
			}
		case in.Noise != 0:
			f.value = noisy(values, noise.NewSeries(lbls, float64(in.Noise)))
		default:
			f.value = func(i int) parser.SequenceValue { return values[i] }
		}
		key := lbls.String()
		if at, twice := index[key]; twice {
			out[at] = f
			continue
		}
		index[key] = len(out)
		out = append(out, f)
	}
	return out, nil
}

// rising is a counter whose rate is the form. It is asked for each i in turn.
func rising(form *Form, start time.Time, step time.Duration, seed uint64) func(int) parser.SequenceValue {
	sum := 0.0
	return func(i int) parser.SequenceValue {
		if i > 0 {
			sum += max(0, form.at(start, time.Duration(i)*step, seed, i)) * step.Seconds()
		}
		return parser.SequenceValue{Value: sum}
	}
}

// noisy disturbs written values: those of a gauge, and the rises of a counter, so
// that it stays one. It is asked for each i in turn.
func noisy(values []parser.SequenceValue, n *noise.Series) func(int) parser.SequenceValue {
	return func(i int) parser.SequenceValue {
		v := values[i]
		if !v.Omitted && v.Histogram == nil && !math.IsNaN(v.Value) {
			v.Value = n.Value(i, v.Value)
		}
		return v
	}
}

// gapsOf returns the gaps in the sending of a series.
func gapsOf(gaps []Gap, l labels.Labels, p parser.Parser) ([]Gap, error) {
	var out []Gap
next:
	for _, gap := range gaps {
		if gap.Tocsin {
			continue
		}
		if gap.Series != "" {
			ms, err := p.ParseMetricSelector(gap.Series)
			if err != nil {
				return nil, err
			}
			for _, m := range ms {
				if !m.Matches(l.Get(m.Name)) {
					continue next
				}
			}
		}
		out = append(out, gap)
	}
	return out, nil
}

// until appends what the series sends up to and including now; with a nil app it
// is lost.
func (f *feed) until(app storage.AppenderV2, start time.Time, now time.Duration) error {
	for ; f.n < 0 || f.next < f.n; f.next++ {
		off := time.Duration(f.next) * f.step
		if off > now {
			return nil
		}
		v := f.value(f.next)
		if silent, mark := f.silent(off); silent {
			if !mark {
				continue
			}
			v = parser.SequenceValue{Value: math.Float64frombits(value.StaleNaN)}
		}
		if v.Omitted || app == nil {
			continue
		}
		ref, err := app.Append(f.ref, f.labels, 0, start.Add(off).UnixMilli(), v.Value, nil, v.Histogram, storage.AOptions{})
		if err != nil {
			return fmt.Errorf("%s: %w", f.labels, err)
		}
		f.ref = ref
	}
	return nil
}

// silent reports whether the series sends nothing at an offset, and whether a
// marker is due in its place.
func (f *feed) silent(off time.Duration) (silent, mark bool) {
	for i, gap := range f.gaps {
		if off < gap.From.std() || off >= gap.To.std() {
			continue
		}
		silent = true
		if gap.Stale && !f.marked[i] {
			f.marked[i], mark = true, true
		}
	}
	return silent, mark
}
