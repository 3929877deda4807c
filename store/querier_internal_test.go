package store

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"github.com/tocsinhq/tocsin/store/head"
)

// fixedSet hands out series, and then an error if it has one.
type fixedSet struct {
	series []storage.Series
	err    error
}

func (s *fixedSet) Next() bool {
	if len(s.series) == 0 {
		return false
	}
	s.series = s.series[1:]
	return len(s.series) > 0
}
func (s *fixedSet) At() storage.Series                { return s.series[0] }
func (s *fixedSet) Err() error                        { return s.err }
func (s *fixedSet) Warnings() annotations.Annotations { return annotations.New().Add(errors.New("w")) }

type fixedQuerier struct {
	storage.Querier
	set *fixedSet
}

func (q fixedQuerier) Select(context.Context, bool, *storage.SelectHints, ...*labels.Matcher) storage.SeriesSet {
	return q.set
}

type floatSample struct {
	t int64
	v float64
	chunks.Sample
}

func (s floatSample) T() int64                 { return s.t }
func (s floatSample) F() float64               { return s.v }
func (s floatSample) ST() int64                { return 0 }
func (s floatSample) Type() chunkenc.ValueType { return chunkenc.ValFloat }
func (s floatSample) Copy() chunks.Sample      { return s }

func fixed(err error, series ...string) fixedQuerier {
	s := &fixedSet{series: make([]storage.Series, 1), err: err}
	for _, text := range series {
		var name string
		var at []int64
		parts := 0
		for _, f := range splitFields(text) {
			if parts == 0 {
				name = f
			} else {
				var n int64
				fmt.Sscan(f, &n)
				at = append(at, n)
			}
			parts++
		}
		var samples []chunks.Sample
		for _, t := range at {
			samples = append(samples, floatSample{t: t, v: float64(t)})
		}
		s.series = append(s.series, storage.NewListSeries(labels.FromStrings("s", name), samples))
	}
	return fixedQuerier{set: s}
}

func splitFields(s string) (out []string) {
	for len(s) > 0 {
		i := 0
		for i < len(s) && s[i] != ' ' {
			i++
		}
		if i > 0 {
			out = append(out, s[:i])
		}
		s = s[min(len(s), i+1):]
	}
	return out
}

func TestJoinedQuerier_UnsortedSelect_HasEachSeriesOnce(t *testing.T) {
	broken := errors.New("broken")
	for _, tt := range []struct {
		head, base fixedQuerier
		want       string
		err        error
	}{
		{fixed(nil, "b 1 2", "a 3"), fixed(nil), "b[1 2] a[3] ", nil},
		{fixed(nil), fixed(nil, "c 1", "b 2"), "c[1] b[2] ", nil},
		{fixed(nil, "b 1 5", "a 3"), fixed(nil, "c 9", "b 2 5", "d 4"), "b[1 2 5] a[3] c[9] d[4] ", nil},
		{fixed(broken, "b 1"), fixed(nil, "c 9"), "b[1] ", broken},
		{fixed(nil, "b 1"), fixed(broken, "c 9"), "", broken},
		{fixed(nil), fixed(nil), "", nil},
	} {
		q := &joinedQuerier{head: tt.head, base: tt.base}
		set := q.Select(t.Context(), false, nil)
		got := ""
		for set.Next() {
			var at []int64
			it := set.At().Iterator(nil)
			for it.Next() != chunkenc.ValNone {
				at = append(at, it.AtT())
			}
			got += set.At().Labels().Get("s") + fmt.Sprint(at) + " "
		}
		if got != tt.want || !errors.Is(set.Err(), tt.err) || len(set.Warnings()) == 0 {
			t.Errorf("got %q, %v; want %q, %v", got, set.Err(), tt.want, tt.err)
		}
	}
}

func TestEpochs_Wait_IsForThoseWhoWereInside(t *testing.T) {
	var e epochs
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	if err := e.wait(soon()); err != nil {
		t.Errorf("nobody inside: %v", err)
	}
	first := e.enter()
	if err := e.wait(soon()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one inside: got %v", err)
	}
	second := e.enter() // comes while the first is waited for
	done := make(chan error, 1)
	go func() { done <- e.wait(t.Context()) }()
	e.leave(first)
	e.leave(second)
	if err := <-done; err != nil {
		t.Error(err)
	}
	third := e.enter()
	fourth := e.enter()
	e.leave(third)
	if err := e.wait(soon()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one of two inside: got %v", err)
	}
	e.leave(fourth)
	if err := e.wait(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestIDSet_HasWhatItWasGiven(t *testing.T) {
	ids := []head.ID{5, 70, 6, 1000}
	s := newIDSet(ids)
	for id := range head.ID(1100) {
		want := id == 5 || id == 6 || id == 70 || id == 1000
		if s.has(id) != want {
			t.Errorf("%d: got %t", id, !want)
		}
	}
	if newIDSet(nil).has(0) || newIDSet(nil).has(7) {
		t.Error("an empty set has something")
	}
}

func TestHeldQuerier_TimeIsOver_IsATimeoutToTheAPI(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{{nil, false}, {errors.New("disk"), false}, {context.Canceled, false}, {fmt.Errorf("select: %w", context.DeadlineExceeded), true}} {
		q := &heldQuerier{Querier: fixed(c.err, "a")}
		err := q.Select(t.Context(), false, nil).Err()
		var timeout promql.ErrQueryTimeout
		if got := errors.As(err, &timeout); got != c.want || !errors.Is(err, c.err) && c.err != nil {
			t.Errorf("%v became %v", c.err, err)
		}
	}
}
