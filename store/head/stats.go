package head

import (
	"cmp"
	"context"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	promindex "github.com/prometheus/prometheus/tsdb/index"
)

// stats returns figures about labels as tsdb.Head.Stats does: the values of label that
// most series have, the names with the most values and with the most bytes, and the
// pairs that most series have, at most limit of each, the greatest first. It looks at
// all pairs.
func (x *index) stats(label string, limit int, minT, maxT int64, n uint64) *tsdb.Stats {
	var (
		values = top{limit: limit}
		names  = top{limit: limit}
		sizes  = top{limit: limit}
		pairs  = top{limit: limit}
		total  int
	)
	for _, name := range x.names() {
		var count int
		var size uint64
		// Without a context of its own it cannot fail.
		_ = x.eachValue(context.Background(), name, func(value string, l list) {
			count++
			series := uint64(l.len())
			size += labels.SizeOfLabels(name, value, series)
			if name == label {
				values.add(series, value)
			}
			if pairs.takes(series) {
				pairs.add(series, name+"="+value)
			}
		})
		if count == 0 {
			continue // removed meanwhile
		}
		total += count
		names.add(uint64(count), name)
		sizes.add(size, name)
	}
	return &tsdb.Stats{
		NumSeries: n,
		MinTime:   minT,
		MaxTime:   maxT,
		IndexPostingStats: &promindex.PostingsStats{
			CardinalityMetricsStats: values.sorted(),
			CardinalityLabelStats:   names.sorted(),
			LabelValueStats:         sizes.sorted(),
			LabelValuePairsStats:    pairs.sorted(),
			NumLabelPairs:           total,
		},
	}
}

// top keeps the greatest of what is added. It collects twice its limit before it
// throws the smaller half away.
type top struct {
	limit int
	kept  []promindex.Stat
	least uint64 // what is smaller has no place any more
}

func (t *top) takes(count uint64) bool { return t.limit > 0 && count >= t.least }

func (t *top) add(count uint64, name string) {
	if !t.takes(count) {
		return
	}
	t.kept = append(t.kept, promindex.Stat{Name: name, Count: count})
	if len(t.kept) >= 2*t.limit+64 {
		t.kept = t.sorted()
		t.least = t.kept[len(t.kept)-1].Count
	}
}

// sorted returns the greatest first, those that are equal by name.
func (t *top) sorted() []promindex.Stat {
	slices.SortFunc(t.kept, func(a, b promindex.Stat) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
	})
	return append([]promindex.Stat{}, t.kept[:min(t.limit, len(t.kept))]...)
}
