package head

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	promindex "github.com/prometheus/prometheus/tsdb/index"
)

func TestUnion_RandomLists_GoesAsPostingsOfTSDB(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	kinds := map[string]int{}
	for range 3000 {
		lists := make([]list, r.IntN(14))
		var all []storage.SeriesRef
		width := 1 + r.IntN(1<<(1+r.IntN(30)))
		for i := range lists {
			var ids []ID
			for range r.IntN(12) {
				ids = append(ids, ID(1+r.IntN(width)))
			}
			slices.Sort(ids)
			ids = slices.Compact(ids)
			for _, id := range ids {
				all = append(all, storage.SeriesRef(id))
			}
			if len(ids) == 1 {
				lists[i] = list{one: ids[0]}
			} else if len(ids) > 1 {
				lists[i] = list{many: ids}
			}
		}
		slices.Sort(all)
		all = slices.Compact(all)
		got := union(context.Background(), lists)
		switch got.(type) {
		case *cursor:
			kinds["list"]++
		case *bitCursor:
			kinds["bits"]++
		default:
			kinds["other"]++
		}
		want := promindex.NewListPostings(all)
		for steps := 0; ; steps++ {
			var a, b bool
			if r.IntN(2) == 0 {
				a, b = got.Next(), want.Next()
			} else {
				to := want.At() + storage.SeriesRef(r.IntN(1+width/4))
				if r.IntN(50) == 0 {
					to = math.MaxUint32 + storage.SeriesRef(r.IntN(3))
				}
				if to == 0 {
					continue
				}
				a, b = got.Seek(to), want.Seek(to)
			}
			if a != b || a && got.At() != want.At() {
				t.Fatalf("step %d of %v: %t at %d, want %t at %d", steps, lists, a, got.At(), b, want.At())
			}
			if !a {
				break
			}
		}
		if got.Next() || got.Err() != nil {
			t.Fatalf("more after the end, or %v", got.Err())
		}
	}
	if kinds["list"] < 100 || kinds["bits"] < 100 || kinds["other"] < 100 {
		t.Errorf("kinds of postings: %v", kinds)
	}
}

func TestWithout_RandomLists(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	some := func(n int) (ids []ID) {
		for id := ID(1); id < 60; id++ {
			if r.IntN(10) < n {
				ids = append(ids, id)
			}
		}
		return ids
	}
	for range 5000 {
		from, gone := some(r.IntN(11)), some(r.IntN(11))
		was := slices.Clone(from)
		got := without(from, gone)
		want := slices.DeleteFunc(slices.Clone(from), func(id ID) bool { return slices.Contains(gone, id) })
		if !slices.Equal(got, want) || !slices.Equal(from, was) {
			t.Fatalf("%v without %v is %v, want %v", was, gone, got, want)
		}
	}
}

func TestIndex_Sorted_IsTheOrderOfLabels(t *testing.T) {
	for seed := range uint64(8) {
		r := chance{rand.New(rand.NewPCG(seed, 11))}
		x := newIndex()
		var ids counter
		for range r.IntN(3000) {
			x.getOrCreate(r.labels(), ids.next)
		}
		x.getOrCreate(labels.EmptyLabels(), ids.next)
		var all, gone []ID
		for id := ID(1); id <= ID(ids); id++ {
			all = append(all, id)
			if r.IntN(5) == 0 {
				gone = append(gone, id)
			}
		}
		x.remove(gone)
		got := x.sorted(append(all, 1<<20))
		if len(got) != x.len() {
			t.Fatalf("%d sorted of %d", len(got), x.len())
		}
		for i := 1; i < len(got); i++ {
			if a, b := x.must(t, got[i-1]), x.must(t, got[i]); labels.Compare(a, b) >= 0 {
				t.Fatalf("seed %d: %s before %s", seed, a, b)
			}
		}
	}
}
