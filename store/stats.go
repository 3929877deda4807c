package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
)

// Stats returns figures about the labels of series in memory, of each kind the limit
// largest. It takes a while.
func (d *DB) Stats(label string, limit int) *tsdb.Stats {
	g := d.last.Load()
	s := g.head.Stats(label, limit)
	if g.baseHasSeries() {
		b := g.base.Head().Stats(label, limit).IndexPostingStats
		own := g.baseAlone(label)
		h := s.IndexPostingStats
		s.IndexPostingStats = &index.PostingsStats{
			CardinalityMetricsStats: addStats(h.CardinalityMetricsStats, own.values, limit),
			// How many values two parts have together is not known: at least as many
			// as one of them.
			CardinalityLabelStats: maxStats(h.CardinalityLabelStats, b.CardinalityLabelStats, limit),
			LabelValueStats:       addStats(h.LabelValueStats, own.sizes, limit),
			LabelValuePairsStats:  addStats(h.LabelValuePairsStats, own.pairs, limit),
			NumLabelPairs:         max(h.NumLabelPairs, b.NumLabelPairs),
		}
	}
	s.NumSeries, s.MinTime, s.MaxTime = g.numSeries(), g.minTime(), g.maxTime()
	return s
}

// aloneStats are figures as those of index.PostingsStats, of all names.
type aloneStats struct{ values, sizes, pairs []index.Stat }

// baseAlone counts the series that only the base has. The head has most of its series,
// for late samples of any go there: those of recorded signals among them.
func (g *generation) baseAlone(label string) aloneStats {
	values, sizes, pairs := map[string]uint64{}, map[string]uint64{}, map[string]uint64{}
	r, err := g.base.Head().Index()
	if err != nil {
		return aloneStats{} // it is being closed
	}
	defer r.Close()
	name, value := index.AllPostingsKey()
	all, err := r.Postings(context.Background(), name, value)
	if err != nil {
		return aloneStats{}
	}
	var b labels.ScratchBuilder
	var metas []chunks.Meta
	for all.Next() {
		if r.Series(all.At(), &b, &metas) != nil {
			continue // gone meanwhile
		}
		ls := b.Labels()
		g.head.Begin()
		twin := g.head.Get(ls) != 0
		g.head.End() // for a moment each, for whoever writes
		if twin {
			continue
		}
		ls.Range(func(l labels.Label) {
			if l.Name == label {
				values[l.Value]++
			}
			sizes[l.Name] += labels.SizeOfLabels(l.Name, l.Value, 1)
			pairs[l.Name+"="+l.Value]++
		})
	}
	list := func(m map[string]uint64) []index.Stat {
		out := make([]index.Stat, 0, len(m))
		for k, n := range m {
			out = append(out, index.Stat{Name: k, Count: n})
		}
		return out
	}
	return aloneStats{list(values), list(sizes), list(pairs)}
}

func addStats(a, b []index.Stat, limit int) []index.Stat {
	return mergeStats(a, b, limit, func(x, y uint64) uint64 { return x + y })
}

func maxStats(a, b []index.Stat, limit int) []index.Stat {
	return mergeStats(a, b, limit, func(x, y uint64) uint64 { return max(x, y) })
}

// mergeStats joins two lists by name, the largest first.
func mergeStats(a, b []index.Stat, limit int, join func(x, y uint64) uint64) []index.Stat {
	out := slices.Clone(a)
	at := make(map[string]int, len(a))
	for i, s := range out {
		at[s.Name] = i
	}
	for _, s := range b {
		if i, ok := at[s.Name]; ok {
			out[i].Count = join(out[i].Count, s.Count)
			continue
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y index.Stat) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Name, y.Name))
	})
	return out[:min(len(out), limit)]
}
