package head

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/util/compression"
)

const coreRange = 60_000

func testOptions(t testing.TB) Options {
	return Options{
		Dir: filepath.Join(t.TempDir(), "head"), Logger: slog.New(slog.DiscardHandler), BlockRange: coreRange,
		Compression: compression.Snappy, SegmentSize: 1 << 20,
	}
}

func openHead(t testing.TB, o Options) *Head {
	t.Helper()
	h, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func closeHead(t testing.TB, h *Head) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

func seriesName(i int) labels.Labels {
	return labels.FromStrings("__name__", "m", "i", strconv.Itoa(i))
}

func make1(t testing.TB, h *Head, i int) ID {
	t.Helper()
	id, _, err := h.GetOrCreate(seriesName(i))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func commit(t testing.TB, h *Head, samples ...Sample) []int {
	t.Helper()
	h.Begin()
	defer h.End()
	late, err := h.Commit(&Transaction{Samples: samples}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return late
}

// contents are the samples of all series that the block reader finds, by labels.
func contents(t testing.TB, h *Head, mint, maxt int64) map[string][]point {
	t.Helper()
	q, err := tsdb.NewBlockQuerier(h.Block(mint, maxt), mint, maxt)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	out := map[string][]point{}
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchEqual, "__name__", "m"))
	for set.Next() {
		s := set.At()
		var got []point
		it := s.Iterator(nil)
		for it.Next() != 0 {
			at, v := it.At()
			got = append(got, point{at, v})
		}
		if it.Err() != nil {
			t.Fatal(it.Err())
		}
		out[s.Labels().String()] = got
	}
	if set.Err() != nil {
		t.Fatal(set.Err())
	}
	return out
}

func sameContents(t testing.TB, got, want map[string][]point) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d series, want %d", len(got), len(want))
	}
	for name := range want {
		samePoints(t, got[name], want[name])
	}
}

func TestHead_OpenedAgain_HasTheSameSamples(t *testing.T) {
	o := testOptions(t)
	r := rand.New(rand.NewPCG(3, 4))
	want := map[string][]point{}
	at := int64(-200_000)
	for opening := range 3 {
		h := openHead(t, o)
		sameContents(t, contents(t, h, math.MinInt64, math.MaxInt64), want)
		for range 150 {
			at += 1 + r.Int64N(1000)
			var tx []Sample
			h.Begin()
			for i := range 40 * (opening + 1) {
				if r.IntN(3) > 0 {
					v := awkward(r, 1)
					tx = append(tx, Sample{ID: make1(t, h, i), T: at, V: v})
					name := seriesName(i).String()
					want[name] = append(want[name], point{at, v})
				}
			}
			h.End()
			if late := commit(t, h, tx...); len(late) > 0 {
				t.Fatalf("%d of %d samples are late", len(late), len(tx))
			}
		}
		sameContents(t, contents(t, h, math.MinInt64, math.MaxInt64), want)
		if h.MaxTime() != at || h.NumSeries() != len(want) || h.Size() == 0 {
			t.Fatalf("newest sample %d, %d series, %d bytes", h.MaxTime(), h.NumSeries(), h.Size())
		}
		mint := h.MinTime()
		closeHead(t, h)
		o.ReadOnly = true
		h = openHead(t, o)
		o.ReadOnly = false
		sameContents(t, contents(t, h, math.MinInt64, math.MaxInt64), want)
		if h.MinTime() != mint || h.MaxTime() != at {
			t.Fatalf("samples from %d to %d, want %d to %d", h.MinTime(), h.MaxTime(), mint, at)
		}
		if _, err := h.Commit(&Transaction{}, nil); !errors.Is(err, errReadOnly) {
			t.Fatalf("commit to a head that is read only: %v", err)
		}
		closeHead(t, h)
	}
}

func TestHead_SamplesNotInOrder_AreLate(t *testing.T) {
	h := openHead(t, testOptions(t))
	defer closeHead(t, h)
	h.Begin()
	a, b := make1(t, h, 1), make1(t, h, 2)
	h.End()
	if h.MinTime() != math.MaxInt64 || h.MaxTime() != math.MinInt64 || h.MinValid() != math.MinInt64 {
		t.Fatal("an empty head has times")
	}
	late := commit(t, h, Sample{ID: a, T: 1000, V: 1}, Sample{ID: a, T: 1000, V: 2}, Sample{ID: b, T: 500, V: 3},
		Sample{ID: 12345, T: 1, V: 3}, Sample{ID: a, T: 999, V: 4}, Sample{ID: a, T: 1001, V: 5}, Sample{T: 1, V: 6})
	if !slices.Equal(late, []int{1, 3, 4, 6}) {
		t.Fatalf("late are %v", late)
	}
	if at, v, ok := h.Newest(a); at != 1001 || v != 5 || !ok {
		t.Fatalf("newest is %d %v %t", at, v, ok)
	}
	if h.MinTime() != 500 || h.MaxTime() != 1001 {
		t.Fatalf("times are %d to %d", h.MinTime(), h.MaxTime())
	}
	commit(t, h, Sample{ID: a, T: 100_000, V: 1})
	if want := int64(100_000 - coreRange/2); h.MinValid() != want {
		t.Fatalf("samples are taken from %d on, want %d", h.MinValid(), want)
	}
	if late := commit(t, h, Sample{ID: b, T: 100_000 - coreRange/2 - 1}, Sample{ID: b, T: 100_000 - coreRange/2}); !slices.Equal(late, []int{0}) {
		t.Fatalf("late are %v", late)
	}
	sameContents(t, contents(t, h, 600, 200_000), map[string][]point{
		seriesName(1).String(): {{1000, 1}, {1001, 5}, {100_000, 1}},
		seriesName(2).String(): {{100_000 - coreRange/2, 0}},
	})
}

func TestHead_TwoWritersOfOneSeries_EachSampleIsStoredOrLate(t *testing.T) {
	o := testOptions(t)
	o.BlockRange = 1 << 40
	h := openHead(t, o)
	const writers, series, rounds = 4, 10, 400
	stored := make([]map[int][]point, writers)
	var work sync.WaitGroup
	for w := range writers {
		stored[w] = map[int][]point{}
		work.Go(func() {
			for at := range int64(rounds) {
				h.Begin()
				var tx []Sample
				for i := range series {
					tx = append(tx, Sample{ID: make1(t, h, i), T: at*writers + int64(w), V: float64(w), Tag: uint32(i)})
				}
				late, err := h.Commit(&Transaction{Samples: tx}, nil)
				h.End()
				if err != nil {
					t.Error(err)
					return
				}
				for k, p := range tx {
					if !slices.Contains(late, k) {
						stored[w][int(p.Tag)] = append(stored[w][int(p.Tag)], point{p.T, p.V})
					}
				}
			}
		})
	}
	work.Wait()
	want := map[string][]point{}
	for i := range series {
		var all []point
		for w := range writers {
			all = append(all, stored[w][i]...)
		}
		slices.SortFunc(all, func(a, b point) int { return int(a.t - b.t) })
		want[seriesName(i).String()] = all
	}
	sameContents(t, contents(t, h, 0, math.MaxInt64), want)
	closeHead(t, h)
	// Where commits were logged in another order than they were stored, samples come back
	// apart.
	var mu sync.Mutex
	apart := map[string][]point{}
	o.Overtaken = func(ls labels.Labels, t int64, v float64) {
		mu.Lock()
		defer mu.Unlock()
		apart[ls.String()] = append(apart[ls.String()], point{t, v})
	}
	h = openHead(t, o)
	defer closeHead(t, h)
	got := contents(t, h, 0, math.MaxInt64)
	for name := range want {
		all := append(got[name], apart[name]...)
		slices.SortFunc(all, func(a, b point) int { return int(a.t - b.t) })
		got[name] = slices.Compact(all)
		for _, p := range want[name] {
			if _, ok := slices.BinarySearchFunc(got[name], p.t, func(a point, t int64) int { return int(a.t - t) }); !ok {
				t.Fatalf("sample of %s at %d is lost", name, p.t)
			}
		}
	}
	t.Logf("%d samples were overtaken", h.overtaken.Load())
}

func TestHead_LateSamples_AreNotLogged(t *testing.T) {
	o := testOptions(t)
	h := openHead(t, o)
	h.Begin()
	a, b := make1(t, h, 1), make1(t, h, 2)
	h.End()
	commit(t, h, Sample{ID: a, T: 1000, V: 1}, Sample{ID: b, T: coreRange, V: 1})
	if late := commit(t, h, Sample{ID: a, T: 999, V: 1}, Sample{ID: a, T: 1001, V: 1}); len(late) != 2 {
		t.Fatalf("late are %v, want both", late)
	}
	closeHead(t, h)
	o.Overtaken = func(ls labels.Labels, at int64, _ float64) { t.Errorf("sample of %s at %d was logged", ls, at) }
	h = openHead(t, o)
	defer closeHead(t, h)
	sameContents(t, contents(t, h, 0, math.MaxInt64), map[string][]point{
		seriesName(1).String(): {{1000, 1}}, seriesName(2).String(): {{coreRange, 1}},
	})
}

func TestHead_ChunkFilesFail_NothingIsLost(t *testing.T) {
	h := openHead(t, testOptions(t))
	defer closeHead(t, h)
	h.floats.blockRange, h.o.BlockRange = 1<<40, 1<<40
	broken := false
	h.files.writeAt = func(f *os.File, b []byte, off int64) (int, error) {
		if broken {
			n, _ := f.WriteAt(b[:len(b)/2], off)
			return n, errors.New("no space left")
		}
		return f.WriteAt(b, off)
	}
	r := rand.New(rand.NewPCG(5, 6))
	want := map[string][]point{}
	at := int64(0)
	feed := func(rounds int) {
		for range rounds {
			at += 10
			var tx []Sample
			h.Begin()
			for i := range 300 {
				v := r.Float64()
				tx = append(tx, Sample{ID: make1(t, h, i), T: at, V: v})
				want[seriesName(i).String()] = append(want[seriesName(i).String()], point{at, v})
			}
			h.End()
			commit(t, h, tx...)
		}
	}
	feed(500)
	broken = true
	feed(700)
	if h.files.failed.Load() == 0 {
		t.Fatal("the files took all chunks")
	}
	sameContents(t, contents(t, h, 0, math.MaxInt64), want)
	kept := func() (n int) {
		h.floats.each(func(id ID, _ int64) {
			p, r := h.floats.at(id)
			p.Lock()
			defer p.Unlock()
			h.floats.eachFull(r, func(e *fullChunk) bool {
				if !e.place().inFile() {
					n++
				}
				return true
			})
		})
		return n
	}
	if kept() == 0 {
		t.Fatal("no chunk is in memory")
	}
	broken = false
	feed(samplesPerChunk)
	sameContents(t, contents(t, h, 0, math.MaxInt64), want)
	if n := kept(); n > 0 {
		t.Fatalf("%d chunks are still in memory after the files were whole again", n)
	}
}

func TestHead_Commit_AllocatesNothing(t *testing.T) {
	o := testOptions(t)
	o.BlockRange = 1 << 40
	h := openHead(t, o)
	defer closeHead(t, h)
	tx := new(Transaction)
	h.Begin()
	for i := range 2000 {
		tx.Samples = append(tx.Samples, Sample{ID: make1(t, h, i)})
	}
	h.End()
	var late []int
	round := func() {
		for i := range tx.Samples {
			tx.Samples[i].T += 15_000
			tx.Samples[i].V = float64(i % 7)
		}
		h.Begin()
		defer h.End()
		var err error
		if late, err = h.Commit(tx, late[:0]); err != nil || len(late) > 0 {
			t.Fatal(err, late)
		}
	}
	for range 200 {
		round()
	}
	if n := testing.AllocsPerRun(500, round); n > 0 && poolsKeep {
		t.Fatalf("%v allocations for each commit", n)
	}
}

func TestHead_Compactable_AfterOneAndAHalfRanges(t *testing.T) {
	h := openHead(t, testOptions(t))
	defer closeHead(t, h)
	if _, _, ok := h.Compactable(); ok {
		t.Fatal("an empty head is to become a block")
	}
	h.Begin()
	id := make1(t, h, 1)
	h.End()
	commit(t, h, Sample{ID: id, T: -coreRange - 1}, Sample{ID: id, T: coreRange/2 - 1})
	if mint, maxt, ok := h.Compactable(); ok {
		t.Fatalf("%d to %d is to become a block too early", mint, maxt)
	}
	commit(t, h, Sample{ID: id, T: coreRange / 2})
	if mint, maxt, ok := h.Compactable(); mint != -coreRange-1 || maxt != -coreRange || !ok {
		t.Fatalf("block of %d to %d, %t", mint, maxt, ok)
	}
	h.Freeze(-coreRange)
	if err := h.Truncate(t.Context(), -coreRange, nil); err != nil {
		t.Fatal(err)
	}
	if h.MinTime() != coreRange/2-1 {
		t.Fatalf("oldest sample is %d", h.MinTime())
	}
}

func TestHead_GetOrCreate_RefusedByLifecycle_MakesNothing(t *testing.T) {
	o := testOptions(t)
	o.Lifecycle = refusing{}
	h := openHead(t, o)
	defer closeHead(t, h)
	h.Begin()
	defer h.End()
	if id, created, err := h.GetOrCreate(seriesName(1)); id != 0 || created || !errors.Is(err, errRefused) {
		t.Fatalf("got %d %t %v", id, created, err)
	}
	if h.NumSeries() != 0 || h.Get(seriesName(1)) != 0 {
		t.Fatal("a series was made")
	}
}

var errRefused = errors.New("refused")

type refusing struct{ tsdb.SeriesLifecycleCallback }

func (refusing) PreCreation(ls labels.Labels) error { return fmt.Errorf("%s: %w", ls, errRefused) }
