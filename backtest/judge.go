package backtest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// Row is what is said of one record.
type Row struct {
	Series string // Unit.Name
	Metric string // of several metrics the one that is meant, "" when there is one only
	Stamp  string // the time as it was in the input
	T      int64  // ms
	// Verdict is the detector's, with Value, Expected, Lower and Upper NaN where
	// unknown and Score 0. Its Kind is KindNone when the row is not anomalous.
	Verdict   detector.Verdict
	Anomalous bool   // Score reaches the threshold, and it is not known to recur: the value lies outside of the band
	Reason    string // why no metric was judged; "" when one was

	metrics []labels.Labels // of the unit
	words   []word          // by metric
	alone   float64         // score of Metric by itself, where that of all together is higher; else 0
	budget  float64         // of the service, where it may have one of its own; else 0
	// threshold is that of the moment for a row of a histogram to be explained; else 0.
	threshold float64
	why       *detector.Explanation // of the metric that is meant, by itself, where one was asked for
}

// NewRow returns the row of a verdict that is odd or not (see detector.Bank.Odd); what it
// is a verdict on is left to fill in.
func NewRow(v detector.Verdict, odd bool) Row {
	r := Row{T: v.Time, Verdict: v, Anomalous: odd}
	if !r.Anomalous { // inside an episode the verdict has that of its peak
		r.Verdict.Kind = detector.KindNone
	}
	return r
}

// NotJudgedRow returns the row of a sample that was not judged.
func NotJudgedRow(t int64, v float64, reason string) Row {
	nan := math.NaN()
	return Row{T: t, Reason: reason, Verdict: detector.Verdict{Time: t, Value: v, Expected: nan, Lower: nan, Upper: nan}}
}

// Reasons for rows and values that were not judged, beside detector.Bank.Judge's.
const (
	reasonMissing    = "missing"     // an empty cell
	reasonUnreadable = "unreadable"  // a cell or a line of which nothing can be made
	reasonAhead      = "ahead"       // see Record.Ahead
	reasonNotWatched = "not_watched" // see detector.Bank.Register; also a bucket of a histogram by itself
	reasonLeftOut    = "left_out"    // there are more series than detector.Config.MaxSeries
)

// A silence is looked for where no value has come for silentLeast milliseconds and
// silentSteps steps, less than the detector's own, which decides.
const (
	silentLeast = 60_000
	silentSteps = 4
	noTime      = math.MinInt64
)

// judge is a bank for one unit.
type judge struct {
	unit     Unit
	bank     *detector.Bank
	slots    []detector.Slot
	budget   float64
	words    []word
	last     int64   // newest time seen
	heard    []int64 // by metric, time of the newest value that was judged, noTime for none
	step     int64   // smaller of the two newest distances between records
	dt       int64
	silences uint64
	left     []bool // by metric, whether there was no room for it at a time
	row      Row
	asked    int64 // time of records to explain, noTime for none
}

func newJudge(c detector.Config, u Unit, more ...detector.Option) (*judge, error) {
	bank, err := detector.NewBank(c, append(more, detector.WithServices(func(labels.Labels) string { return u.Name }))...)
	if err != nil {
		return nil, err
	}
	j := &judge{unit: u, bank: bank, budget: c.BudgetOf(u.Name), words: make([]word, len(u.Metrics)), last: noTime, asked: noTime}
	for _, l := range u.Metrics {
		j.slots, j.heard = append(j.slots, bank.Register(l)), append(j.heard, noTime)
	}
	j.left = make([]bool, len(j.slots))
	return j, nil
}

// run reads the unit and hands a row for each record to emit, which must not
// keep it.
func (j *judge) run(ctx context.Context, tally *tally, emit func(*Row) error) error {
	defer func() { j.sum(tally) }()
	return j.unit.Read(ctx, func(r *Record) error {
		if len(r.Values) != len(j.slots) {
			return fmt.Errorf("%s: got %d values at %s, want %d", j.unit.Name, len(r.Values), r.Stamp, len(j.slots))
		}
		return emit(j.judge(r, tally))
	})
}

// sum adds to a tally what is known of the unit at its end.
func (j *judge) sum(tally *tally) {
	tally.metrics = uint64(len(j.slots))
	tally.silences += j.silences
	for _, left := range j.left {
		if left {
			tally.leftOut++
		}
	}
}

// judge observes one record.
func (j *judge) judge(r *Record, tally *tally) *Row {
	if r.T != noTime && r.Ahead == nil {
		j.sweep(r.T)
	}
	tally.trouble, tally.ahead = cmp.Or(tally.trouble, r.Trouble), cmp.Or(tally.ahead, r.Ahead)
	for i, v := range r.Values {
		j.words[i] = j.observe(i, r, v)
		if why := j.words[i].reason; why != "" {
			tally.values[why]++
		}
	}
	row := &j.row
	if i := guilty(j.words); i >= 0 {
		v := j.words[i].verdict
		*row = NewRow(v, j.bank.Odd(v))
		if len(j.words) > 1 {
			row.Metric = j.unit.Metrics[i].Get(labels.MetricName)
			i = j.together(row, i)
		}
		row.why = j.words[i].why
	} else {
		v := math.NaN()
		if len(j.words) == 1 && !j.words[0].verdict.Rate { // else a rate that is not known
			v = r.Values[0]
		}
		*row = NotJudgedRow(r.T, v, j.words[0].reason)
		tally.unjudged[row.Reason]++
	}
	row.Series, row.Stamp, row.metrics, row.words, row.budget = j.unit.Name, r.Stamp, j.unit.Metrics, j.words, j.budget
	if row.Stamp == "" && r.T != noTime {
		row.Stamp = stamp(r.T)
	}
	tally.rows++
	if row.Anomalous {
		tally.anomalous++
	}
	return row
}

func (j *judge) observe(i int, r *Record, v float64) word {
	switch slot := j.slots[i]; {
	case r.Ahead != nil:
		return word{reason: reasonAhead}
	case r.Why != nil && r.Why[i] != "":
		return word{reason: r.Why[i]}
	case slot.Refused():
		j.left[i] = true
		return word{reason: reasonLeftOut}
	case !slot.Watched(), slot.Bucket():
		return word{reason: reasonNotWatched}
	}
	var explained *detector.Explanation
	if r.T == j.asked {
		if e, ok := j.bank.Explain(j.slots[i], r.T, v); ok {
			explained = &e
		}
	}
	verdict, why := j.bank.Judge(j.slots[i], r.T, v)
	if why == "" {
		j.heard[i] = r.T
	}
	return word{verdict: verdict, reason: why, why: explained}
}

// sweep lets the bank notice a silence before time t, as a daemon does while it
// waits: an open episode is lost, a silence that is odd is an episode of its own.
func (j *judge) sweep(t int64) {
	if j.last == noTime {
		j.last = t
		return
	}
	gap := t - j.last
	if gap <= 0 {
		return
	}
	if j.silent(t) {
		for at := range detector.Sweeps(j.last, t) {
			j.bank.Sweep(at, func(v detector.Verdict) {
				if v.Kind == detector.KindMissing && v.Phase == detector.PhaseOpened {
					j.silences++
				}
			})
		}
		for i, l := range j.unit.Metrics { // a series that was away for long has lost its place
			if now := j.bank.Register(l); now != j.slots[i] {
				j.slots[i], j.heard[i] = now, noTime
			}
		}
	}
	j.step = gap
	if j.dt > 0 {
		j.step = min(j.dt, gap)
	}
	j.last, j.dt = t, gap
}

// silent reports whether a metric may have fallen silent before time t: no record came, or
// none with a value of it.
func (j *judge) silent(t int64) bool {
	long := max(silentLeast, silentSteps*j.step)
	return j.step > 0 && slices.ContainsFunc(j.heard, func(at int64) bool { return at != noTime && t-at >= long })
}
