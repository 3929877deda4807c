package head

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	promindex "github.com/prometheus/prometheus/tsdb/index"
)

// counter gives IDs from 1 on.
type counter ID

func (c *counter) next() ID { *c++; return ID(*c) }

func (x *index) must(t *testing.T, id ID) labels.Labels {
	t.Helper()
	var b labels.ScratchBuilder
	if !x.labels(id, &b) {
		t.Fatalf("series %d is not there", id)
	}
	return b.Labels()
}

// refs reads postings to their end.
func refs(t *testing.T, p promindex.Postings) []storage.SeriesRef {
	t.Helper()
	out, err := promindex.ExpandPostings(p)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestIndex_GetOrCreate(t *testing.T) {
	for _, writes := range []bool{true, false} {
		t.Run(fmt.Sprintf("writes %t", writes), func(t *testing.T) {
			x := newIndex()
			x.writes = writes
			getsOrCreates(t, x)
		})
	}
}

func getsOrCreates(t *testing.T, x *index) {
	var ids counter
	up := labels.FromStrings("__name__", "up", "job", "a")
	id, created := x.getOrCreate(up, ids.next)
	if id != 1 || !created || x.len() != 1 {
		t.Fatalf("series %d, created %t, %d in all, want the first", id, created, x.len())
	}
	if id, created := x.getOrCreate(up, ids.next); id != 1 || created {
		t.Errorf("series %d, created %t, want 1 that was there", id, created)
	}
	for _, ls := range []labels.Labels{
		labels.FromStrings("__name__", "up"),
		labels.FromStrings("__name__", "up", "job", "b"),
		labels.FromStrings("__name__", "up", "job", "a", "z", "1"),
		labels.FromStrings("__name__", "up", "jobs", "a"),
		labels.FromStrings("__name__", "up", "job", "a"+strings.Repeat("a", 300)),
		labels.EmptyLabels(),
	} {
		if got := x.get(ls); got != 0 {
			t.Errorf("%s is series %d, want none", ls, got)
		}
		if x.has(1, ls) { // as if their hashes were one
			t.Errorf("series 1 is taken for %s", ls)
		}
		id, created := x.getOrCreate(ls, ids.next)
		if !created || x.get(ls) != id || !labels.Equal(x.must(t, id), ls) {
			t.Errorf("%s made as series %d (%t), found as %d with %s", ls, id, created, x.get(ls), x.must(t, id))
		}
	}
	if id, created := x.getOrCreate(labels.FromStrings("no", "more"), func() ID { return 0 }); id != 0 || created || x.len() != 7 {
		t.Errorf("refused: series %d, created %t, %d in all", id, created, x.len())
	}
	if x.labels(99, &labels.ScratchBuilder{}) || x.labels(0, &labels.ScratchBuilder{}) {
		t.Error("series that were never made have labels")
	}
}

func TestIndex_IDsWithGaps_KeepTheirLabels(t *testing.T) {
	x := newIndex()
	want := map[ID]labels.Labels{}
	r := rand.New(rand.NewPCG(3, 4))
	id := ID(0)
	for i := range 2000 {
		id += ID(1 + r.IntN(3))
		if i%500 == 0 {
			id += 3 * seriesPerPage
		}
		ls := labels.FromStrings("i", fmt.Sprint(i), "mod", fmt.Sprint(i%7))
		if i%3 == 0 {
			ls = labels.FromStrings("i", fmt.Sprint(i))
		}
		if got, _ := x.getOrCreate(ls, func() ID { return id }); got != id {
			t.Fatalf("series %d, want %d", got, id)
		}
		want[id] = ls
	}
	for n := ID(0); n < id+600; n++ {
		var b labels.ScratchBuilder
		ok := x.labels(n, &b)
		if ls, there := want[n]; ok != there || ok && !labels.Equal(b.Labels(), ls) {
			t.Fatalf("series %d has %s (%t), want %s (%t)", n, b.Labels(), ok, ls, there)
		}
	}
}

func TestIndex_OlderIDAfterNewer_Panics(t *testing.T) {
	x := newIndex()
	x.getOrCreate(labels.FromStrings("a", "1"), func() ID { return 5 })
	defer func() {
		if recover() == nil {
			t.Error("ID 5 was taken twice")
		}
		if x.get(labels.FromStrings("a", "1")) != 5 {
			t.Error("the lock or the first series is lost")
		}
	}()
	x.getOrCreate(labels.FromStrings("a", "2"), func() ID { return 5 })
}

func TestIndex_WithoutWriting_BuildsTheSameLabels(t *testing.T) {
	x, y := newIndex(), newIndex()
	if !x.writes {
		t.Fatal("package labels keeps labels in another way now: internal/labeltext must follow, or queries are slow")
	}
	y.writes = false
	r := chance{rand.New(rand.NewPCG(5, 6))}
	var ids, same counter
	for range 500 {
		ls := r.labels()
		id, _ := x.getOrCreate(ls, ids.next)
		if other, _ := y.getOrCreate(ls, same.next); id != other || !labels.Equal(x.must(t, id), y.must(t, id)) {
			t.Fatalf("%s: series %d with %s, and %d with %s", ls, id, x.must(t, id), other, y.must(t, other))
		}
	}
}

// TestIndex_Churn_LeavesNothing makes and removes many series whose names and values
// come once.
func TestIndex_Churn_LeavesNothing(t *testing.T) {
	x := newIndex()
	var ids counter
	var gone []ID
	stays, _ := x.getOrCreate(labels.FromStrings("__name__", "up", "job", "a"), ids.next)
	for round := range 20 {
		for i := range 1000 {
			id, _ := x.getOrCreate(labels.FromStrings("__name__", "up", "job", "a", "pod", fmt.Sprintf("%d-%d", round, i),
				fmt.Sprintf("name%d", round*1000+i%100), "v", "z", fmt.Sprint(i%5)), ids.next)
			gone = append(gone, id)
		}
		rand.Shuffle(len(gone), func(i, j int) { gone[i], gone[j] = gone[j], gone[i] })
		x.remove(append(gone, gone[0], 0, 1<<30))
		gone = gone[:0]
	}
	if x.len() != 1 || !labels.Equal(x.must(t, stays), labels.FromStrings("__name__", "up", "job", "a")) {
		t.Fatalf("%d series left, %s", x.len(), x.must(t, stays))
	}
	r := &indexReader{&block{index: x, maxt: 1}}
	if names, err := r.LabelNames(context.Background()); err != nil || !slices.Equal(names, []string{"__name__", "job"}) {
		t.Errorf("names %q, %v", names, err)
	}
	if got := refs(t, r.PostingsForAllLabelValues(context.Background(), "__name__")); !slices.Equal(got, []storage.SeriesRef{1}) {
		t.Errorf("postings %v", got)
	}
	if n := len(x.pairs.pages); n > 3 {
		t.Errorf("%d pages of pairs for rounds of 1105", n)
	}
	if n := len(x.pairs.names); n > 110 {
		t.Errorf("room for %d names for rounds of 105", n)
	}
	if n := len(x.pairs.lists); n > 120 {
		t.Errorf("room for %d lists", n)
	}
	pages := 0
	for _, p := range x.pages {
		if p != nil {
			pages++
		}
	}
	if pages > 2 { // of the first series and of the newest
		t.Errorf("%d pages for one series", pages)
	}
	if len(x.pages[0].pairs) > 2 {
		t.Errorf("%d pairs in the page of one series", len(x.pages[0].pairs))
	}
}

func TestIndex_RemovedAndMadeAgain_IsANewSeries(t *testing.T) {
	x := newIndex()
	var ids counter
	ls := labels.FromStrings("__name__", "up", "pod", "a")
	for want := ID(1); want < 600; want++ {
		if id, created := x.getOrCreate(ls, ids.next); id != want || !created {
			t.Fatalf("series %d, created %t, want %d", id, created, want)
		}
		r := &indexReader{&block{index: x, maxt: 1}}
		if p, _ := r.Postings(context.Background(), "pod", "a"); !slices.Equal(refs(t, p), []storage.SeriesRef{storage.SeriesRef(want)}) {
			t.Fatalf("postings of series %d: %v", want, refs(t, p))
		}
		x.remove([]ID{want})
		if x.get(ls) != 0 || x.len() != 0 {
			t.Fatalf("series %d is still there", want)
		}
	}
}

// TestIndex_TenLabels_CostLittleMemory holds the budget per series.
func TestIndex_TenLabels_CostLittleMemory(t *testing.T) {
	const n, budget = 100_000, 250
	all := tenLabels(n)
	inUse := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := inUse()
	x := newIndex()
	var ids counter
	for _, ls := range all {
		x.getOrCreate(ls, ids.next)
	}
	per := float64(inUse()-before) / n
	t.Logf("%.1f bytes per series", per)
	if per > budget {
		t.Errorf("%.1f bytes per series, want at most %d", per, budget)
	}
	runtime.KeepAlive(all)
	runtime.KeepAlive(x)
}

// TestIndex_ReadWhileSeriesComeAndGo_IsConsistent is of use with -race.
func TestIndex_ReadWhileSeriesComeAndGo_IsConsistent(t *testing.T) {
	x := newIndex()
	var last atomic.Uint32
	next := func() ID { return ID(last.Add(1)) }
	lasting := func(i int) labels.Labels {
		return labels.FromStrings("__name__", "stays", "i", fmt.Sprint(i), "mod", fmt.Sprint(i%10))
	}
	const stay = 300
	for i := range stay {
		x.getOrCreate(lasting(i), next)
	}
	ctx := context.Background()
	var writers, readers sync.WaitGroup
	var done atomic.Bool
	made := make(chan []ID, 16)
	for w := range 3 {
		writers.Go(func() {
			for round := range 30 {
				ids := make([]ID, 0, 200)
				for i := range 200 {
					ls := labels.FromStrings("__name__", "goes", "i", fmt.Sprint(i), "mod", fmt.Sprint(i%10), "pod", fmt.Sprintf("%d-%d", w, round))
					id, _ := x.getOrCreate(ls, next)
					if got := x.get(ls); got != id {
						t.Errorf("series %d found as %d", id, got)
					}
					if id, created := x.getOrCreate(lasting(i), next); created || id > stay {
						t.Errorf("series %d made again", id)
					}
					ids = append(ids, id)
				}
				made <- ids
			}
		})
	}
	writers.Go(func() {
		for range 90 {
			x.remove(<-made)
		}
	})
	matches := func(name, prefix string) func(string) bool {
		return func(v string) bool { return strings.HasPrefix(v, prefix) }
	}
	for range 3 {
		readers.Go(func() {
			r := &indexReader{&block{index: x, maxt: 1}}
			var b labels.ScratchBuilder
			for !done.Load() {
				stays, err := r.Postings(ctx, "__name__", "stays")
				if err != nil {
					t.Error(err)
				}
				some := r.PostingsForLabelMatching(ctx, "i", matches("i", "1"))
				found := 0
				for p := promindex.Intersect(stays, some); p.Next(); found++ {
					if !x.labels(ID(p.At()), &b) || !strings.HasPrefix(b.Labels().Get("i"), "1") {
						t.Errorf("series %d is wrong: %s", p.At(), b.Labels())
					}
				}
				if found != 111 {
					t.Errorf("found %d of those that stay, want 111", found)
				}
				previous := labels.EmptyLabels()
				all, _ := r.Postings(ctx, "", "")
				for p := r.SortedPostings(all); p.Next(); {
					if !x.labels(ID(p.At()), &b) {
						continue
					}
					if ls := b.Labels(); ls.Get("__name__") == "stays" {
						if labels.Compare(previous, ls) >= 0 {
							t.Errorf("%s before %s", previous, ls)
						}
						previous = ls
					}
				}
				values, err := r.SortedLabelValues(ctx, "pod", nil)
				if err != nil || len(slices.Compact(slices.Clone(values))) != len(values) {
					t.Errorf("values %q, %v", values, err)
				}
				values, err = r.SortedLabelValues(ctx, "mod", nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "stays"))
				if err != nil || len(values) != 10 {
					t.Errorf("values %q, %v", values, err)
				}
				if names, err := r.LabelNames(ctx, labels.MustNewMatcher(labels.MatchEqual, "__name__", "stays")); err != nil || len(names) != 3 {
					t.Errorf("names %q, %v", names, err)
				}
				for s := r.Symbols(); s.Next(); {
				}
				x.stats("pod", 5, 0, 0, 0)
			}
		})
	}
	writers.Wait()
	done.Store(true)
	readers.Wait()
	if x.len() != stay {
		t.Errorf("%d series left, want %d", x.len(), stay)
	}
	if names := x.names(); !slices.Equal(names, []string{"__name__", "i", "mod"}) {
		t.Errorf("names left: %q", names)
	}
	for i := range stay {
		if id := x.get(lasting(i)); id != ID(i+1) {
			t.Errorf("series %d is now %d", i+1, id)
		}
	}
}
