package head

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	promindex "github.com/prometheus/prometheus/tsdb/index"
)

func TestIndex_Stats_AreThoseOfHeadOfTSDB(t *testing.T) {
	r := chance{rand.New(rand.NewPCG(12, 13))}
	b := newBoth(t)
	for i := range 800 {
		b.append([]labels.Labels{r.labels()}, int64(i), func(int) float64 { return 1 })
	}
	byName := func(s []promindex.Stat) []promindex.Stat {
		slices.SortFunc(s, func(a, b promindex.Stat) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name))
		})
		return s
	}
	for _, label := range []string{"__name__", "a", "none"} {
		theirs := b.theirs.Stats(label, 10_000)
		for _, limit := range []int{10_000, 3, 1, 0} {
			ours := b.index.stats(label, limit, 3, 4, 5)
			if ours.MinTime != 3 || ours.MaxTime != 4 || ours.NumSeries != 5 {
				t.Errorf("%+v", ours)
			}
			got, want := ours.IndexPostingStats, theirs.IndexPostingStats
			if got.NumLabelPairs != want.NumLabelPairs {
				t.Errorf("%d pairs, want %d", got.NumLabelPairs, want.NumLabelPairs)
			}
			for _, c := range []struct {
				what      string
				got, want []promindex.Stat
			}{
				{"values", got.CardinalityMetricsStats, want.CardinalityMetricsStats},
				{"names", got.CardinalityLabelStats, want.CardinalityLabelStats},
				{"bytes", got.LabelValueStats, want.LabelValueStats},
				{"pairs", got.LabelValuePairsStats, want.LabelValuePairsStats},
			} {
				if c.got == nil {
					t.Errorf("%s: nil, which JSON writes as null", c.what)
				}
				first := byName(slices.Clone(c.want))
				if first = first[:min(limit, len(first))]; !slices.Equal(c.got, first) {
					t.Errorf("%d %s of %s:\ngot  %v\nwant %v", limit, c.what, label, c.got, first)
				}
			}
		}
	}
}

func TestTop_MoreThanFit_KeepsTheGreatest(t *testing.T) {
	r := rand.New(rand.NewPCG(14, 15))
	kept := top{limit: 5}
	var all []uint64
	for range 10_000 {
		n := uint64(r.IntN(100_000))
		all = append(all, n)
		kept.add(n, "n")
	}
	slices.SortFunc(all, func(a, b uint64) int { return cmp.Compare(b, a) })
	for i, s := range kept.sorted() {
		if s.Count != all[i] {
			t.Errorf("place %d has %d, want %d", i, s.Count, all[i])
		}
	}
}
