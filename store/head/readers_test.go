package head

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"

	"github.com/prometheus/prometheus/tsdb"
)

func TestReaders_Drain_WaitsForThoseOfOlderSamples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReaders(math.MinInt64)
		old, newer := r.begin(5), r.begin(10)
		drained := false
		go func() {
			if err := r.drain(t.Context(), 10); err != nil {
				t.Error(err)
			}
			drained = true
		}()
		synctest.Wait()
		if drained {
			t.Fatal("who reads from 5 on was not waited for")
		}
		late := r.begin(0)
		if late.mint != 10 {
			t.Fatalf("who begins now reads from %d on, want 10", late.mint)
		}
		old.end()
		old.end()
		synctest.Wait()
		if !drained {
			t.Fatal("waits for those who read from 10 on")
		}
		newer.end()
		late.end()
		if len(r.active) != 0 {
			t.Fatalf("%d readers are left", len(r.active))
		}
	})
}

func TestReaders_Drain_IsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newReaders(0)
		old := r.begin(5)
		ctx, cancel := context.WithCancel(t.Context())
		var err error
		done := make(chan struct{})
		go func() {
			defer close(done)
			err = r.drain(ctx, 10)
		}()
		synctest.Wait()
		cancel()
		<-done
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		old.end()
		if err := r.drain(t.Context(), 10); err != nil {
			t.Errorf("nobody reads any more: %v", err)
		}
	})
}

func TestHead_Block_IsNotedUntilClosed(t *testing.T) {
	h := openHead(t, testOptions(t))
	defer closeHead(t, h)
	h.Begin()
	id := make1(t, h, 1)
	h.End()
	commit(t, h, Sample{ID: id, T: coreRange - 1, V: 1}, Sample{ID: id, T: coreRange, V: 2})
	q, err := tsdb.NewBlockQuerier(h.Block(0, math.MaxInt64), 0, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.readers.active) == 0 {
		t.Fatal("an open querier is not known")
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	if n := len(h.readers.active); n != 0 {
		t.Fatalf("%d readers are left", n)
	}
	if err := h.Truncate(t.Context(), coreRange, nil); err != nil {
		t.Fatal(err)
	}
	sameContents(t, contents(t, h, 0, math.MaxInt64), map[string][]point{seriesName(1).String(): {{coreRange, 2}}})
}
