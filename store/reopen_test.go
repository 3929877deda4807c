package store_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

// breakLog makes every further write of the log fail.
func (r *rig) breakLog(t *testing.T) {
	t.Helper()
	if err := r.db.CloseParts(); err != nil {
		t.Fatal(err)
	}
}

func (r *rig) try(e ...sinktest.Entry) error {
	b, _ := sinktest.Batch(e...)
	res, err := r.Write(context.Background(), b)
	if err == nil && res.RefusedTotal() > 0 {
		return fmt.Errorf("refused: %+v", res.Rejected)
	}
	return err
}

func TestWriter_LogError_IsReadOnlyUntilReopened(t *testing.T) {
	rec := newRecorder()
	r := newRig(t, func(o *store.WriterOptions) { o.Observer = rec })
	at := r.now.UnixMilli()
	r.write(t, sinktest.Metric("m", at, 1), sinktest.Metric("other", at, 1))
	if err := r.Healthy(); err != nil {
		t.Fatal(err)
	}
	r.breakLog(t)
	for range 2 {
		if err := r.try(sinktest.Metric("m", at+1, 2)); !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "by itself") {
			t.Errorf("got %v, want ErrReadOnly that says what happens next", err)
		}
	}
	if err := r.Healthy(); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Healthy: got %v", err)
	}
	app := r.Appendable().AppenderV2(context.Background())
	if _, err := app.Append(0, labels.FromStrings("__name__", "r"), 0, at+1, 1, nil, nil, noOptions); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("rules: got %v", err)
	}
	if err := app.Rollback(); err != nil {
		t.Error(err)
	}
	if r.counter(t, "tocsin_store_write_errors_total") != "1" || r.counter(t, "tocsin_store_healthy") != "0" {
		t.Error("the error is not counted")
	}

	if err := r.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Healthy(); err != nil {
		t.Errorf("Healthy: got %v after reopening", err)
	}
	r.write(t, sinktest.Metric("m", at+2, 3), sinktest.Metric("new", at+2, 3))
	if s, _ := read(t, r.db, "m"); len(s["{}"]) != 2 || s["{}"][1].V != 3 {
		t.Errorf("got %v, want the first sample and the one after reopening", s)
	}
	if s, _ := read(t, r.db, "other"); len(s["{}"]) != 1 {
		t.Errorf("other: got %v, want its one sample", s)
	}
	if got := times(rec.of(`{__name__="m"}`), at); got != "0 2" || rec.registered("m") != 1 {
		t.Errorf("observed %q in %d registrations, want what was acknowledged, in one", got, rec.registered("m"))
	}
	if r.db.Generation() != 2 || r.counter(t, "tocsin_store_reopens_total") != "1" {
		t.Error("the reopening is not counted")
	}
	if err := r.Reopen(t.Context()); err != nil || r.db.Generation() != 2 {
		t.Errorf("a healthy store: got %v, generation %d; want it left alone", err, r.db.Generation())
	}
}

func TestWriter_Reopen_WaitsForQueriesAndThenServesThem(t *testing.T) {
	r := newRig(t, nil)
	at := r.now.UnixMilli()
	r.write(t, sinktest.Metric("m", at, 1))
	q, err := r.db.Querier(0, at+1)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.FailLog(errors.New("no space")); !errors.Is(err, store.ErrReadOnly) {
		t.Fatal(err)
	}
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := r.Reopen(soon); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v while a query is open, want to be told of the wait", err)
	}
	if other, err := r.db.Querier(0, at+1); err != nil { // let in again
		t.Error(err)
	} else if err := other.Close(); err != nil {
		t.Error(err)
	}
	done := make(chan error, 1)
	go func() { done <- r.Reopen(t.Context()) }()
	refused := false
	for !refused {
		other, err := r.db.Querier(0, at+1)
		if refused = err != nil; !refused {
			other.Close()
		} else if !errors.Is(err, store.ErrReadOnly) || !strings.Contains(err.Error(), "opened again") {
			t.Errorf("a query meanwhile: got %v", err)
		}
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if s, _ := read(t, r.db, "m"); len(s["{}"]) != 1 {
		t.Errorf("got %v after reopening", s)
	}
}

func TestWriter_Reopen_UnderLoad_LosesNothingAcknowledged(t *testing.T) {
	r := newRig(t, nil)
	var mu sync.Mutex
	acknowledged := map[int64]int{} // round by time
	round := 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var load sync.WaitGroup
	for k := range 4 {
		load.Go(func() {
			for n := 0; ctx.Err() == nil; {
				at := r.now.UnixMilli() + int64(4*n+k)
				switch err := r.try(sinktest.Metric("m", at, float64(n), "x", fmt.Sprint(k, n%5))); {
				case err == nil:
					mu.Lock()
					acknowledged[at] = round
					mu.Unlock()
					n++
				case !errors.Is(err, store.ErrReadOnly):
					t.Error(err)
					return
				default:
					runtime.Gosched()
				}
			}
		})
	}
	total := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged)
	}
	for range 5 {
		for want := total() + 40; total() < want; {
			runtime.Gosched()
		}
		r.breakLog(t)
		for r.Healthy() == nil {
			runtime.Gosched()
		}
		if err := r.Reopen(t.Context()); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		round++
		mu.Unlock()
	}
	cancel()
	load.Wait()
	series, _ := read(t, r.db, "m")
	have := map[int64]bool{}
	for _, s := range series {
		for _, x := range s {
			have[x.T] = true
		}
	}
	for at, round := range acknowledged {
		if !have[at] {
			n := at - r.now.UnixMilli()
			t.Errorf("lost: writer %d, number %d, in round %d", n%4, n/4, round)
		}
	}
	t.Logf("%d acknowledged", len(acknowledged))
}

// Many requests bring the same few series at the same time. Whichever way they overtake
// one another, each acknowledged sample is there, also after the logs were read again.
func TestWriter_RequestsOfOneSeriesAtOnce_SurviveReopening(t *testing.T) {
	r := newRig(t, nil)
	var mu sync.Mutex
	acknowledged := map[int64]bool{}
	at := r.now.UnixMilli()
	var next atomic.Int64
	h := tsdbutil.GenerateTestHistogram(1)
	histogram := func(t int64) sinktest.Entry {
		return sinktest.Entry{Labels: []string{"__name__", "h"}, Histograms: []telemetry.HistogramSample{{T: t, Int: h}}}
	}
	for round := range 5 {
		var load sync.WaitGroup
		for range 8 {
			load.Go(func() {
				for next.Load() < int64(round+1)*400 {
					n := next.Add(1)
					if err := r.try(sinktest.Metric("m", at+n, float64(n)), sinktest.Metric("other", at+n, float64(n)), histogram(at+n)); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					acknowledged[n] = true
					mu.Unlock()
				}
			})
		}
		load.Wait()
		r.breakLog(t)
		if err := r.try(sinktest.Metric("m", at, 1)); err == nil {
			t.Error("a write to a closed log was acknowledged")
		}
		if err := r.Reopen(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"m", "other"} {
			got, _ := read(t, r.db, name)
			have := map[int64]bool{}
			for _, s := range got["{}"] {
				have[s.T-at] = s.V == float64(s.T-at)
			}
			for n := range acknowledged {
				if !have[n] {
					t.Errorf("round %d: sample %d of %s is lost", round, n, name)
				}
			}
			if len(got["{}"]) != len(acknowledged) {
				t.Errorf("round %d: %d samples of %s, want %d", round, len(got["{}"]), name, len(acknowledged))
			}
		}
		if _, n := read(t, r.db, "h"); n != len(acknowledged) {
			t.Errorf("round %d: %d histograms, want %d", round, n, len(acknowledged))
		}
	}
}

func TestWriter_Run_ReopensByItself(t *testing.T) {
	free := uint64(1 << 30)
	r := newRig(t, func(o *store.WriterOptions) {
		o.Config.MinFreeDisk = 64 << 20
		o.DiskFree = func(string) (uint64, uint64, error) { return free, 1 << 30, nil }
	})
	r.breakLog(t)
	if err := r.try(sinktest.Metric("m", r.now.UnixMilli(), 1)); err == nil {
		t.Fatal("a write to a closed log was acknowledged")
	}
	before := goleak.IgnoreCurrent()
	run := func(d time.Duration) {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		if err := r.Run(ctx); err != nil {
			t.Error(err)
		}
	}
	free = 1 << 20
	r.now = r.now.Add(time.Minute)
	run(50 * time.Millisecond)
	if r.db.Generation() != 1 {
		t.Error("it was opened again although the disk is full")
	}
	free = 1 << 30
	r.now = r.now.Add(time.Minute)
	run(6 * time.Second)
	if err := r.Healthy(); err != nil || r.db.Generation() != 2 {
		t.Errorf("got %v, generation %d; want it healthy after one reopening", err, r.db.Generation())
	}
	r.write(t, sinktest.Metric("m", r.now.UnixMilli(), 1))
	r.db.Close()
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/prometheus/prometheus/tsdb.(*DB).run"))
}
