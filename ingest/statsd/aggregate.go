package statsd

import (
	"bytes"
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// spellings is how many ways to write a series are remembered for each, on average.
const spellings = 4

// maxMembers bounds the values that one set remembers within an interval.
const maxMembers = 10_000

// aggregator adds up lines by series. It is safe for concurrent use.
type aggregator struct {
	config Config
	seed   maphash.Seed

	mu     sync.Mutex
	series map[string]*series // by the bytes of their labels
	known  map[string]*series // the same by the lines that mean them, which can be written in many ways
	gone   []labels.Labels    // expired, to be marked
	line   line               // scratch
	key    []byte             // scratch
	label  []byte             // scratch
}

// series is what is known of one.
type series struct {
	labels  labels.Labels
	kind    kind
	created int64 // ms
	updated time.Time
	fresh   bool // not yet stored
	flushed bool // part of what was collected last
	value   float64
	buckets *buckets
	members map[uint64]struct{} // of a set since it was collected last
	counted map[uint64]struct{} // those before, until they are stored
}

func newAggregator(c Config) *aggregator {
	return &aggregator{config: c, seed: maphash.MakeSeed(), series: make(map[string]*series), known: make(map[string]*series)}
}

// len returns the number of series.
func (a *aggregator) len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.series)
}

// add takes a line and returns the reason for which it was refused, or nothing. It
// keeps no part of the line.
func (a *aggregator) add(text []byte, now time.Time) (reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := &a.line
	if reason = l.parse(text); reason != "" {
		return reason
	}
	s, reason := a.find(l)
	if reason != "" {
		return reason
	}
	// All values are read before the first is added: a line counts whole or not. One
	// beyond the largest number would make a total infinite for as long as it is kept.
	total := s.total()
	for values := l.values; len(values) > 0 && l.kind != set; {
		var one []byte
		one, values, _ = bytes.Cut(values, []byte{':'})
		v, ok := number(one)
		if !ok || l.kind == counter && v < 0 {
			return reasonValue
		}
		if total = l.after(total, v, one); math.IsInf(total, 0) {
			return reasonValue
		}
	}
	if s.created == 0 {
		if len(a.series) >= a.config.MaxSeries {
			return reasonSeries
		}
		s.created, s.fresh = now.UnixMilli(), true
		a.series[string(s.labels.Bytes(nil))] = s
	}
	if s != a.known[string(a.key)] {
		if len(a.known) >= spellings*a.config.MaxSeries {
			clear(a.known)
		}
		a.known[string(a.key)] = s
	}
	s.updated = now
	if l.kind == set { // its values may have colons
		return s.count(maphash.Bytes(a.seed, l.values))
	}
	for values := l.values; len(values) > 0; {
		var one []byte
		one, values, _ = bytes.Cut(values, []byte{':'})
		a.apply(s, l, one)
	}
	return ""
}

// apply adds one value, which was read before.
func (a *aggregator) apply(s *series, l *line, text []byte) {
	v, _ := number(text)
	if s.buckets != nil {
		s.buckets.observe(l.scaled(v), l.weight())
		return
	}
	s.value = l.after(s.value, v, text)
}

// total returns what the values of lines add up to.
func (s *series) total() float64 {
	if s.buckets != nil {
		return s.buckets.sum
	}
	return s.value
}

// count counts a member of a set, if it is none yet, or returns the reason for which it
// is not counted.
func (s *series) count(member uint64) (reason string) {
	_, now := s.members[member]
	if !now && len(s.members)+len(s.counted) >= maxMembers {
		if _, before := s.counted[member]; !before {
			return reasonMembers
		}
		return ""
	}
	s.members[member] = struct{}{}
	return ""
}

// find returns the series of a line, or a new one that is not yet kept. The line's
// way to write it is in a.key.
func (a *aggregator) find(l *line) (s *series, reason string) {
	a.key = appendName(a.key[:0], l.name)
	switch {
	case l.kind == counter && !bytes.HasSuffix(a.key, []byte("_total")):
		a.key = append(a.key, "_total"...)
	case l.kind == timer && !bytes.HasSuffix(a.key, []byte("_seconds")):
		a.key = append(a.key, "_seconds"...)
	}
	name := len(a.key)
	slices.SortStableFunc(l.tags, func(x, y tag) int { return bytes.Compare(x.name, y.name) })
	for _, t := range l.tags {
		a.key = append(a.key, 0xff)
		a.key = append(a.key, t.name...)
		a.key = append(a.key, 0xff)
		a.key = append(a.key, t.value...)
	}
	if s = a.known[string(a.key)]; s == nil {
		ls, ok := a.labels(string(a.key[:name]), l.tags)
		if !ok {
			return nil, reasonTag
		}
		if s = a.series[string(ls.Bytes(nil))]; s == nil {
			return newSeries(ls, l.kind), ""
		}
	}
	if s.kind != l.kind {
		return nil, reasonConflict
	}
	return s, ""
}

func newSeries(ls labels.Labels, k kind) *series {
	s := &series{labels: ls, kind: k}
	switch k {
	case timer, histogram:
		s.buckets = newBuckets()
	case set:
		s.members, s.counted = make(map[uint64]struct{}), make(map[uint64]struct{})
	}
	return s
}

// labels makes those of a new series. Of tags of one name the last counts.
func (a *aggregator) labels(name string, tags []tag) (labels.Labels, bool) {
	b := labels.NewBuilder(labels.EmptyLabels())
	b.Set(model.JobLabel, a.config.Job)
	for _, t := range tags {
		a.label = appendName(a.label[:0], t.name)
		if strings.HasPrefix(string(a.label), model.ReservedLabelPrefix) {
			return labels.EmptyLabels(), false
		}
		b.Set(string(a.label), string(t.value))
	}
	b.Set(model.MetricNameLabel, name)
	return b.Labels(), true
}

// collect fills a batch with what is known at now, lets series without news expire
// and marks them as ended. done must be called when the batch is stored. Lines that come
// between the two are part of the next batch.
func (a *aggregator) collect(b *telemetry.Batch, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := now.UnixMilli()
	for key, s := range a.series {
		if now.Sub(s.updated) > a.config.ExpireAfter.Std() {
			a.gone = append(a.gone, s.labels)
			delete(a.series, key)
			clear(a.known)
			continue
		}
		row := b.Next()
		row.Labels = ingest.AppendLabels(row.Labels, s.labels)
		b.Describe(row).Type = typeOf[s.kind]
		s.flushed = true
		maps.Copy(s.counted, s.members)
		clear(s.members)
		s.sample(row, t)
	}
	for _, ls := range a.gone {
		if a.series[string(ls.Bytes(nil))] != nil {
			continue // it is back, before its end could be stored
		}
		row := b.Next()
		row.Labels = ingest.AppendLabels(row.Labels, ls)
		row.Samples = append(row.Samples, telemetry.Sample{T: t, V: math.Float64frombits(value.StaleNaN)})
	}
}

var typeOf = [...]model.MetricType{counter: model.MetricTypeCounter, gauge: model.MetricTypeGauge, timer: model.MetricTypeHistogram, histogram: model.MetricTypeHistogram, set: model.MetricTypeGauge}

// sample appends the value at t. A counter begins with a sample at 0 when its first
// line came, so that rates see what it counted since. That may be just now.
func (s *series) sample(row *telemetry.Series, t int64) {
	begin := min(s.created, t-1)
	switch s.kind {
	case counter:
		if s.fresh {
			row.Samples = append(row.Samples, telemetry.Sample{T: begin})
		}
		row.Samples = append(row.Samples, telemetry.Sample{T: t, V: s.value, ST: min(s.created, t)})
	case gauge:
		row.Samples = append(row.Samples, telemetry.Sample{T: t, V: s.value})
	case set:
		row.Samples = append(row.Samples, telemetry.Sample{T: t, V: float64(len(s.counted))})
	case timer, histogram:
		h := s.buckets.histogram()
		if s.fresh {
			zero := newBuckets().histogram()
			zero.Schema = h.Schema
			row.Histograms = append(row.Histograms, telemetry.HistogramSample{T: begin, Float: zero})
		}
		row.Histograms = append(row.Histograms, telemetry.HistogramSample{T: t, ST: min(s.created, t), Float: h})
	}
}

// done notes that what was collected is stored. If it is not, totals are stored with
// the next flush, and sets count on.
func (a *aggregator) done() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gone = a.gone[:0]
	for _, s := range a.series {
		if !s.flushed {
			continue // it is newer than the batch
		}
		s.fresh, s.flushed = false, false
		clear(s.counted)
	}
}
