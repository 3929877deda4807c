package store_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// While samples go from the head to blocks everybody who asks is given each of them
// once: those acknowledged before the question at least.
func TestDB_Compact_UnderWritesAndQueries_ShowsEachSampleOnce(t *testing.T) {
	const (
		writers = 2
		step    = 20_000 // ms
		rounds  = 3000   // 16 hours
	)
	begin := start.Add(-17 * time.Hour).UnixMilli()
	r := newRig(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var acknowledged [writers]atomic.Int64 // rounds
	var load, beside sync.WaitGroup
	for k := range writers {
		load.Go(func() {
			for n := range int64(rounds) {
				for acknowledged[1-k].Load() < n-20 && !t.Failed() { // its samples would be too old
					runtime.Gosched()
				}
				var e []sinktest.Entry
				for i := range 5 {
					at := begin + n*step
					if (n+int64(i))%9 == 0 && n > 10 {
						at -= step + step/2 // late
					}
					e = append(e, sinktest.Metric("m", at, float64(n), "k", fmt.Sprint(k), "i", fmt.Sprint(i)))
				}
				e = append(e, sinktest.Metric("short", begin+n*step, 1, "k", fmt.Sprint(k), "hour", fmt.Sprint(n*step/3_600_000)))
				if err := r.try(e...); err != nil {
					t.Error(err)
					return
				}
				acknowledged[k].Store(n + 1)
			}
		})
	}
	beside.Go(func() {
		for ctx.Err() == nil {
			if err := r.db.Compact(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	questions := 0
	beside.Go(func() {
		for ctx.Err() == nil {
			var least [writers]int64
			for k := range writers {
				least[k] = acknowledged[k].Load()
			}
			checkRounds(t, r.db, least[:], begin, step)
			questions++
		}
	})
	load.Wait()
	cancel()
	beside.Wait()
	if err := r.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkRounds(t, r.db, []int64{rounds, rounds}, begin, step)
	if n := len(r.db.Blocks()); n < 3 {
		t.Errorf("%d blocks, want several", n)
	}
	if n := r.db.NumSeries(); n > writers*(5+4) {
		t.Errorf("%d series in memory, want those of hours ago dropped", n)
	}
	t.Logf("%d questions, %d blocks", questions, len(r.db.Blocks()))
}

func checkRounds(t *testing.T, db *store.DB, least []int64, begin, step int64) {
	t.Helper()
	got, _ := read(t, db, "m")
	for k, rounds := range least {
		for i := range 5 {
			s := got[fmt.Sprintf(`{i="%d", k="%d"}`, i, k)]
			if !slices.IsSortedFunc(s, func(a, b telemetry.Sample) int { return int(a.T - b.T) }) {
				t.Fatalf("series %d of %d: not in order", i, k)
			}
			seen := map[float64]bool{}
			for _, x := range s {
				if seen[x.V] {
					t.Fatalf("series %d of %d: round %v twice", i, k, x.V)
				}
				seen[x.V] = true
			}
			for n := range rounds {
				if !seen[float64(n)] {
					t.Fatalf("series %d of %d: round %d is missing, %d samples from %d to %d", i, k, n, len(s), (s[0].T-begin)/step, (s[len(s)-1].T-begin)/step)
				}
			}
		}
	}
}

// A compaction that fails loses nothing, and the next one does its work.
func TestDB_Compact_GivenUp_IsDoneLater(t *testing.T) {
	dir := t.TempDir()
	r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	const n = 1000 // of 15 s: more than four hours
	begin := r.now.UnixMilli() - n*15_000
	for i := range int64(n) {
		r.write(t, sinktest.Metric("m", begin+i*15_000, float64(i)))
	}
	q, err := r.db.Querier(0, 1<<60) // keeps the head from being cut
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := r.db.Compact(ctx); err == nil {
		t.Error("a compaction ended while a query reads what it is to drop")
	}
	all := func(when string) {
		t.Helper()
		if got, _ := read(t, r.db, "m"); len(got["{}"]) != n {
			t.Errorf("%s: %d samples, want %d", when, len(got["{}"]), n)
		}
	}
	all("given up")
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
	r = newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
	all("opened again")
	if err := r.db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	all("done")
	if from := r.db.MinTime(); from < begin+2*3_600_000 || len(r.db.Blocks()) == 0 {
		t.Errorf("memory begins at %d and there are %d blocks", from-begin, len(r.db.Blocks()))
	}
	if err := r.db.Close(); err != nil {
		t.Fatal(err)
	}
}

// Whoever compacts is cut off by the end of the store, and nothing is lost by it.
func TestDB_Close_CutsCompactionOff(t *testing.T) {
	dir := t.TempDir()
	begin := start.Add(-40 * time.Hour).UnixMilli()
	stored := int64(0)
	for turn := range 8 {
		r := newRig(t, func(o *store.WriterOptions) { o.DB = openDB(t, dir, o.Config) })
		if got, _ := read(t, r.db, "m"); turn > 0 && int64(len(got[`{i="7"}`])) != stored {
			t.Fatalf("opening %d: %d samples, want %d", turn, len(got[`{i="7"}`]), stored)
		}
		for range 400 { // more than three hours
			var e []sinktest.Entry
			for i := range 20 {
				e = append(e, sinktest.Metric("m", begin+stored*30_000, float64(stored), "i", fmt.Sprint(i)))
			}
			if res := r.write(t, e...); res.Stored != len(e) {
				t.Fatalf("got %+v", res)
			}
			stored++
		}
		done := make(chan struct{})
		begun := make(chan struct{})
		go func() {
			defer close(done)
			close(begun)
			for r.db.Compact(context.Background()) == nil {
			}
		}()
		<-begun
		for range turn * 40 {
			runtime.Gosched()
		}
		if err := r.db.Close(); err != nil {
			t.Error(err)
		}
		<-done
	}
}

func TestWriter_Run_MovesSamplesToBlocks(t *testing.T) {
	r := newRig(t, nil)
	const n = 500 // of 30 s: more than four hours
	begin := r.now.UnixMilli() - n*30_000
	for i := range int64(n) {
		r.write(t, sinktest.Metric("m", begin+i*30_000, float64(i)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	tick, done := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(done)
		r.CompactAt(ctx, tick)
	}()
	for range 2 { // the second is taken when the work of the first is done
		tick <- time.Time{}
	}
	cancel()
	<-done
	if len(r.db.Blocks()) == 0 || r.db.MinTime() < begin+3_600_000 {
		t.Errorf("%d blocks, memory begins %d ms after the first sample", len(r.db.Blocks()), r.db.MinTime()-begin)
	}
	if got, _ := read(t, r.db, "m"); len(got["{}"]) != n {
		t.Errorf("%d samples, want %d", len(got["{}"]), n)
	}
	if got := r.counter(t, "tocsin_store_compaction_errors_total"); got != "0" {
		t.Errorf("%s errors", got)
	}
}
