package backfill

import (
	"github.com/prometheus/prometheus/model/labels"
)

// keeper decides what of a source is imported and under which labels.
type keeper struct {
	query   Query
	oldest  int64 // what is older than the retention, ms
	newest  int64 // what cannot be yet, ms
	add     []labels.Label
	builder *labels.Builder
	series  map[uint64]struct{}
	report  *Report
}

func newKeeper(o Options, r *Report) *keeper {
	k := &keeper{
		query: o.Query, oldest: o.Oldest.UnixMilli(), newest: o.Newest.UnixMilli(),
		builder: labels.NewBuilder(labels.EmptyLabels()), series: map[uint64]struct{}{}, report: r,
	}
	for name, value := range o.Labels {
		k.add = append(k.add, labels.Label{Name: name, Value: value})
	}
	return k
}

// matches says whether a series is selected.
func (q Query) matches(l labels.Labels) bool {
	for _, ms := range q.Selectors {
		if all(ms, l) {
			return true
		}
	}
	return len(q.Selectors) == 0
}

func all(ms []*labels.Matcher, l labels.Labels) bool {
	for _, m := range ms {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// labels returns the labels under which a series is kept, false if it is not. The
// labels of the options go before those of the series.
func (k *keeper) labels(l labels.Labels) (labels.Labels, bool) {
	if !k.query.matches(l) {
		return l, false
	}
	if len(k.add) == 0 {
		return l, true
	}
	k.builder.Reset(l)
	for _, x := range k.add {
		k.builder.Set(x.Name, x.Value)
	}
	return k.builder.Labels(), true
}

// time says whether a sample of a time within the window is kept, and counts it.
func (k *keeper) time(t, from, to int64) bool {
	switch {
	case t < from || t > to || t < k.query.From || t > k.query.To:
		k.report.Outside++
		return false
	case t < k.oldest:
		k.report.Expired++
		return false
	case t > k.newest:
		k.report.Future++
		return false
	}
	k.report.Samples++
	k.report.First = min(k.report.First, t)
	k.report.Last = max(k.report.Last, t)
	return true
}
