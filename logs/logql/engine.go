package logql

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/logs"
)

// ErrLimit is wrapped by errors of queries that would make too much.
var ErrLimit = errors.New("query makes too much")

// ErrInvalid is wrapped by errors about what was asked, other than of syntax.
var ErrInvalid = errors.New("invalid query")

// Source is where records come from; *logs.Store is one.
type Source interface {
	Search(ctx context.Context, q logs.Query, found func(*logs.Record) error) (logs.Stats, error)
	Scan(ctx context.Context, q logs.Query, found func(*logs.Record) error) (logs.Stats, error)
}

// Engine answers queries over a source. It is safe for concurrent use.
type Engine struct {
	Source    Source
	MaxSeries int // that a query may make
}

// maxSteps is how many points a series may have, as in Prometheus and Loki.
const maxSteps = 11_000

// Entry is a record that a log query found. Its maps are the receiver's.
type Entry struct {
	Time   int64 // nanoseconds
	Line   string
	Stream map[string]string // labels of the stream
	Own    map[string]string // what the record alone has
	Parsed map[string]string // what parsers found
}

// Labels returns all labels of the entry in one map, the stream's before the others.
func (e *Entry) Labels() map[string]string {
	out := make(map[string]string, len(e.Own)+len(e.Parsed)+len(e.Stream))
	maps.Copy(out, e.Own)
	maps.Copy(out, e.Parsed)
	maps.Copy(out, e.Stream)
	return out
}

// Logs calls found with what a log query finds in [from, to), at most limit records, 0
// is all, newest first unless oldest is set.
func (e *Engine) Logs(ctx context.Context, q *LogQuery, from, to int64, limit int, oldest bool, found func(Entry) error) (logs.Stats, error) {
	sq := q.Query(from, to)
	sq.Limit, sq.Oldest = limit, oldest
	var l labelSet
	return e.Source.Search(ctx, sq, func(r *logs.Record) error { return found(q.entry(r, &l)) })
}

// entry makes the entry of a record that a query wants.
func (q *LogQuery) entry(r *logs.Record, l *labelSet) Entry {
	q.run(r, l)
	return Entry{
		Time: r.Time, Line: strings.ToValidUTF8(string(r.Body), "\uFFFD"),
		Stream: l.streamLabels(), Own: l.ownLabels(), Parsed: l.parsedLabels(),
	}
}

// Entries returns a func that makes entries of records that the query wants, such as
// those that a tail of Query finds. It is for one goroutine.
func (q *LogQuery) Entries() func(r *logs.Record) Entry {
	var l labelSet
	return func(r *logs.Record) Entry { return q.entry(r, &l) }
}

// Range is the times at which series are computed: Start, Start+Step and so on to End,
// in nanoseconds. An instant query has Start equal to End.
type Range struct{ Start, End, Step int64 }

func (r Range) steps() int {
	if r.Start == r.End || r.Step <= 0 {
		return 1
	}
	return int((r.End-r.Start)/r.Step) + 1
}

// Series is a labelled series; Values has a point for each step, NaN where there is none.
type Series struct {
	Labels map[string]string
	Values []float64
}

// Metric computes the series of a query, sorted by labels, or for topk and bottomk of an
// instant query by value. Scalar says that the query is a number.
func (e *Engine) Metric(ctx context.Context, x Expr, r Range) (all []Series, scalar bool, st logs.Stats, err error) {
	if r.End < r.Start || (r.Start != r.End && r.Step <= 0) {
		return nil, false, st, fmt.Errorf("%w: want an end not before the start and a step above 0", ErrInvalid)
	}
	if r.Step > 0 && (r.End-r.Start)/r.Step >= maxSteps {
		return nil, false, st, fmt.Errorf("%w: exceeded maximum resolution of 11,000 points per timeseries. Try increasing the value of the step parameter", ErrInvalid)
	}
	ev := evaluation{e: e, r: r, steps: r.steps()}
	all, err = ev.eval(ctx, x, nil)
	if err != nil {
		return nil, false, ev.stats, err
	}
	_, scalar = x.(*Number)
	if v, ok := x.(*VectorAgg); !ok || ev.steps > 1 || (v.Op != "topk" && v.Op != "bottomk") {
		slices.SortFunc(all, func(a, b Series) int { return strings.Compare(LabelKey(a.Labels), LabelKey(b.Labels)) })
	}
	return all, scalar, ev.stats, nil
}

type evaluation struct {
	e     *Engine
	r     Range
	steps int
	stats logs.Stats
}

// eval computes the series of x. wanted are labels that an aggregation above asks for.
func (ev *evaluation) eval(ctx context.Context, x Expr, wanted []string) ([]Series, error) {
	switch x := x.(type) {
	case *Number:
		return []Series{ev.constant(x.Value)}, nil
	case *Vector:
		return []Series{ev.constant(x.Value)}, nil
	case *RangeAgg:
		return ev.overTime(ctx, x, wanted)
	case *VectorAgg:
		switch {
		case x.Without:
			wanted = nil
		case x.Group:
			wanted = x.Labels
		}
		of, err := ev.eval(ctx, x.Of, wanted)
		if err != nil {
			return nil, err
		}
		return ev.aggregate(x, of), nil
	case *Binary:
		a, err := ev.eval(ctx, x.A, wanted)
		if err != nil {
			return nil, err
		}
		b, err := ev.eval(ctx, x.B, wanted)
		if err != nil {
			return nil, err
		}
		return ev.binary(x, a, b), nil
	}
	return nil, fmt.Errorf("%w: want series, got log lines", ErrInvalid)
}

func (ev *evaluation) constant(v float64) Series {
	s := Series{Labels: map[string]string{}, Values: make([]float64, ev.steps)}
	for i := range s.Values {
		s.Values[i] = v
	}
	return s
}

func (ev *evaluation) empty() []float64 {
	values := make([]float64, ev.steps)
	for i := range values {
		values[i] = math.NaN()
	}
	return values
}

// counted is a series while records are counted: at each step how much more is in its
// window than at the step before.
type counted struct {
	labels map[string]string
	change []float64
	hits   []int32
}

// overTime counts in windows: a record at t counts at every step s with s-range < t <= s.
func (ev *evaluation) overTime(ctx context.Context, x *RangeAgg, wanted []string) ([]Series, error) {
	start := ev.r.Start - int64(x.Offset)
	end := start + int64(ev.steps-1)*ev.r.Step
	window := int64(x.Range)
	bytesOp := x.Op == "bytes_over_time" || x.Op == "bytes_rate"
	q := x.Logs.Query(start-window+1, end+1)
	q.NoText = !bytesOp && !x.Logs.needsText()
	series := map[string]*counted{}
	var l labelSet
	var key []byte
	st, err := ev.e.Source.Scan(ctx, q, func(r *logs.Record) error {
		first, last := 0, 0
		if ev.steps > 1 {
			first = int(max(0, (r.Time-start+ev.r.Step-1)/ev.r.Step))
			if r.Time <= start {
				first = 0
			}
			last = int(min(int64(ev.steps-1), (r.Time+window-1-start)/ev.r.Step))
		}
		if first > last {
			return nil // between two windows
		}
		if q.NoText {
			x.Logs.holds(r, &l)
		} else {
			x.Logs.run(r, &l)
		}
		if l.get(labelError) != "" {
			return fmt.Errorf("%w: pipeline error: '%s' for the line %.80q; use a label filter to skip it (| __error__=\"\")", ErrInvalid, l.err, r.Body)
		}
		key = l.appendKey(key[:0], wanted)
		s := series[string(key)]
		if s == nil {
			if len(series) >= ev.e.MaxSeries {
				return fmt.Errorf("%w: maximum of series (%d) reached for a single query; group by fewer labels (logs.query.max_series)", ErrLimit, ev.e.MaxSeries)
			}
			s = &counted{l.seriesLabels(wanted), make([]float64, ev.steps+1), make([]int32, ev.steps+1)}
			series[string(key)] = s
		}
		n := 1.0
		if bytesOp {
			n = float64(len(r.Body))
		}
		s.change[first] += n
		s.change[last+1] -= n
		s.hits[first]++
		s.hits[last+1]--
		return nil
	})
	ev.stats.Units += st.Units
	ev.stats.Records += st.Records
	ev.stats.Bytes += st.Bytes
	if err != nil {
		return nil, err
	}
	return ev.finish(x, series), nil
}

func (ev *evaluation) finish(x *RangeAgg, series map[string]*counted) []Series {
	seconds := x.Range.Seconds()
	if x.Op == "absent_over_time" {
		return ev.absent(x, series)
	}
	var out []Series
	for _, s := range series {
		values := ev.empty()
		sum, hits := 0.0, int32(0)
		for i := range values {
			sum += s.change[i]
			hits += s.hits[i]
			if hits == 0 {
				continue
			}
			values[i] = sum
			if x.Op == "rate" || x.Op == "bytes_rate" {
				values[i] = sum / seconds
			}
		}
		out = append(out, Series{s.labels, values})
	}
	return out
}

func (ev *evaluation) absent(x *RangeAgg, series map[string]*counted) []Series {
	values := ev.constant(1).Values
	for _, s := range series {
		hits := int32(0)
		for i := range values {
			if hits += s.hits[i]; hits > 0 {
				values[i] = math.NaN()
			}
		}
	}
	labels := map[string]string{}
	for _, m := range x.Logs.Matchers {
		if m.Op == "=" {
			labels[m.Name] = m.Value
		}
	}
	if !slices.ContainsFunc(values, func(v float64) bool { return v == 1 }) {
		return nil
	}
	return []Series{{labels, values}}
}

// seriesLabels returns the labels of the series that a record counts for.
func (l *labelSet) seriesLabels(wanted []string) map[string]string {
	if wanted != nil {
		out := map[string]string{}
		for _, name := range wanted {
			if v := l.get(name); v != "" {
				out[name] = v
			}
		}
		return out
	}
	out := l.parsedLabels()
	maps.Copy(out, l.streamLabels())
	return out
}

// appendKey appends bytes that are the same for records of one series only.
func (l *labelSet) appendKey(b []byte, wanted []string) []byte {
	if wanted != nil {
		for _, name := range wanted {
			b = append(append(b, l.get(name)...), 0xff)
		}
		return b
	}
	return append(b, LabelKey(l.seriesLabels(nil))...)
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// LabelKey returns text that two sets of labels share if and only if they are equal.
func LabelKey(m map[string]string) string {
	var b strings.Builder
	for _, n := range sortedNames(m) {
		b.WriteString(n + "\xff" + m[n] + "\xff")
	}
	return b.String()
}

// Time returns the time of step i.
func (r Range) Time(i int) time.Time { return time.Unix(0, r.Start+int64(i)*r.Step) }
