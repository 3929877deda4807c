package head

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

// irregular fills a head with series of one sample to some hundreds, over several chunks
// and block ranges, some of them in files, and returns the time of the newest sample.
func irregular(t *testing.T, h *Head, r *rand.Rand) (newest int64) {
	t.Helper()
	at := int64(0)
	h.Begin()
	for i := range 40 {
		make1(t, h, i)
	}
	h.End()
	for round := range 400 {
		at += 1 + r.Int64N(900)
		var tx []Sample
		for i := range 40 {
			if i < 10 || r.IntN(40) < i && round%(i+1) < 30 {
				tx = append(tx, Sample{ID: h.index.get(seriesName(i)), T: at, V: float64(r.IntN(1000)) / 8})
			}
		}
		commit(t, h, tx...)
	}
	return at
}

// What is read in any mixture of steps is what the querier of the TSDB reads of the head as
// a block.
func TestQuerier_AnySteps_AsTheQuerierOfTheTSDB(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	h := openHead(t, testOptions(t))
	defer closeHead(t, h)
	newest := irregular(t, h, r)
	all := labels.MustNewMatcher(labels.MatchEqual, "__name__", "m")
	var ours, theirs chunkenc.Iterator // used again
	samples := 0
	for range 300 {
		mint := r.Int64N(newest+2000) - 1000
		maxt := mint + 500 + r.Int64N(newest)
		hints := &storage.SelectHints{Start: mint + r.Int64N(500) - 250, End: maxt - r.Int64N(500) + 250, DisableTrimming: r.IntN(4) == 0}
		if r.IntN(3) == 0 {
			hints = nil
		}
		own, err := h.Querier(mint, maxt)
		if err != nil {
			t.Fatal(err)
		}
		ref, err := tsdb.NewBlockQuerier(h.Block(mint, maxt), mint, maxt)
		if err != nil {
			t.Fatal(err)
		}
		got, want := own.Select(t.Context(), true, hints, all), ref.Select(t.Context(), true, hints, all)
		for want.Next() {
			if !got.Next() || !labels.Equal(got.At().Labels(), want.At().Labels()) {
				t.Fatalf("from %d to %d (hints %+v): %s is missing", mint, maxt, hints, want.At().Labels())
			}
			ours, theirs = got.At().Iterator(ours), want.At().Iterator(theirs)
			samples += sameSteps(t, r, ours, theirs, mint, maxt)
		}
		if got.Next() || got.Err() != nil {
			t.Fatalf("from %d to %d (hints %+v): a series too many, or %v", mint, maxt, hints, got.Err())
		}
		if own.Close() != nil || ref.Close() != nil {
			t.Fatal("close")
		}
	}
	if samples < 10_000 {
		t.Errorf("only %d samples were compared", samples)
	}
	if len(h.readers.active) != 0 {
		t.Errorf("%d readers are left", len(h.readers.active))
	}
}

// sameSteps takes the same steps in two iterators until they end.
func sameSteps(t *testing.T, r *rand.Rand, ours, theirs chunkenc.Iterator, mint, maxt int64) (samples int) {
	t.Helper()
	seeks := r.IntN(3)
	for {
		var got, want chunkenc.ValueType
		step := "next"
		if seeks > 0 && r.IntN(4) < seeks {
			to := mint - 1000 + r.Int64N(maxt-mint+2000)
			if samples > 0 && r.IntN(2) == 0 {
				to = theirs.AtT() + r.Int64N(3000) - 500
			}
			step = fmt.Sprintf("seek %d", to)
			got, want = ours.Seek(to), theirs.Seek(to)
		} else {
			got, want = ours.Next(), theirs.Next()
		}
		if got != want || ours.Err() != nil || theirs.Err() != nil {
			t.Fatalf("%s after %d samples: got %v, %v, want %v, %v", step, samples, got, ours.Err(), want, theirs.Err())
		}
		if want == chunkenc.ValNone {
			if ours.Next() != chunkenc.ValNone || ours.Seek(maxt) != chunkenc.ValNone {
				t.Fatal("it goes on after its end")
			}
			return samples
		}
		gt, gv := ours.At()
		wt, wv := theirs.At()
		if gt != wt || gv != wv || ours.AtT() != wt || ours.AtST() != 0 {
			t.Fatalf("%s after %d samples: got %v at %d, want %v at %d", step, samples, gv, gt, wv, wt)
		}
		samples++
	}
}

func TestOnlyNewest_OfTheSameHints_LeavesOutTheOthers(t *testing.T) {
	h := openHead(t, testOptions(t))
	defer closeHead(t, h)
	h.Begin()
	ids := []ID{make1(t, h, 0), make1(t, h, 1), make1(t, h, 2)}
	h.End()
	for at := range int64(10) {
		commit(t, h, Sample{ID: ids[0], T: 100 + at, V: float64(at)})
		commit(t, h, Sample{ID: ids[1], T: 96 + at, V: float64(at)})
	}
	commit(t, h, Sample{ID: ids[2], T: 50, V: 1})
	hints := &storage.SelectHints{Start: 90, End: 107}
	other := *hints
	ctx := OnlyNewest(t.Context(), hints)
	q, err := h.Querier(0, 200)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	all := labels.MustNewMatcher(labels.MatchEqual, "__name__", "m")
	first := `{__name__="m", i="0"} 100:0 101:1 102:2 103:3 104:4 105:5 106:6 107:7` // has newer ones than are wanted
	for _, tt := range []struct {
		hints  *storage.SelectHints
		second string
	}{
		{hints, `{__name__="m", i="1"} 105:9`},
		{&other, `{__name__="m", i="1"} 96:0 97:1 98:2 99:3 100:4 101:5 102:6 103:7 104:8 105:9`},
	} {
		got := text(t, q.Select(ctx, true, tt.hints, all), true)
		if want := []string{first, tt.second}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	set := q.Select(ctx, false, hints, labels.MustNewMatcher(labels.MatchEqual, "i", "1"))
	if !set.Next() {
		t.Fatal(set.Err())
	}
	it := set.At().Iterator(nil)
	for _, step := range []struct {
		to   int64
		want chunkenc.ValueType
	}{{90, chunkenc.ValFloat}, {105, chunkenc.ValFloat}, {106, chunkenc.ValNone}, {105, chunkenc.ValNone}} {
		if got := it.Seek(step.to); got != step.want {
			t.Errorf("seek %d: got %v, want %v", step.to, got, step.want)
		}
	}
	if it = set.At().Iterator(it); it.Next() != chunkenc.ValFloat || it.AtT() != 105 || it.Next() != chunkenc.ValNone || it.Next() != chunkenc.ValNone {
		t.Error("an iterator that is used again does not begin anew")
	}
}
