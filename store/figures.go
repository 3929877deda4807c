package store

import (
	"cmp"
	"slices"

	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/index"
)

// What follows are figures of the samples in memory. While the store is being opened
// again they are those of before.

// NumSeries returns how many series are in memory.
func (d *DB) NumSeries() uint64 { return d.last.Load().numSeries() }

// NumStaleSeries returns how many of them have ended with a staleness marker. It looks
// at each series.
func (d *DB) NumStaleSeries() uint64 {
	g := d.last.Load()
	return g.base.Head().NumStaleSeries() + uint64(g.head.NumStale())
}

// samplesToCome returns the bytes that samples of series in memory are going to take yet.
func (d *DB) samplesToCome() int64 {
	return d.last.Load().head.SamplesToCome() + d.youth.toCome(d.o.now())
}

// MinTime returns the time of the oldest sample in memory in milliseconds, or
// math.MaxInt64 while there is none.
func (d *DB) MinTime() int64 { return d.last.Load().minTime() }

// MaxTime returns the time of the newest sample in milliseconds, or math.MinInt64
// while there is none.
func (d *DB) MaxTime() int64 { return d.last.Load().maxTime() }

// MemorySize returns the bytes on disk of what is in memory: logs and files of chunks.
func (d *DB) MemorySize() int64 {
	g := d.last.Load()
	return g.base.Head().Size() + g.head.Size()
}

// Stats returns figures about the labels of series in memory, of each kind the limit
// largest. It takes a while.
func (d *DB) Stats(label string, limit int) *tsdb.Stats {
	g := d.last.Load()
	s := g.head.Stats(label, limit)
	if g.baseHasSeries() {
		b := g.base.Head().Stats(label, limit).IndexPostingStats
		h := s.IndexPostingStats
		s.IndexPostingStats = &index.PostingsStats{
			CardinalityMetricsStats: addStats(h.CardinalityMetricsStats, b.CardinalityMetricsStats, limit),
			// How many values two parts have together is not known: at least as many
			// as one of them.
			CardinalityLabelStats: maxStats(h.CardinalityLabelStats, b.CardinalityLabelStats, limit),
			LabelValueStats:       addStats(h.LabelValueStats, b.LabelValueStats, limit),
			LabelValuePairsStats:  addStats(h.LabelValuePairsStats, b.LabelValuePairsStats, limit),
			NumLabelPairs:         max(h.NumLabelPairs, b.NumLabelPairs),
		}
	}
	s.NumSeries, s.MinTime, s.MaxTime = g.numSeries(), g.minTime(), g.maxTime()
	return s
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
