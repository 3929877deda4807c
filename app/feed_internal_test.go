package app

import (
	"math"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"

	"github.com/tocsinhq/tocsin/telemetry"
)

// listener keeps what it is shown. Slot 2 is gone.
type listener struct{ seen []telemetry.Observation }

func (l *listener) Register(ls labels.Labels) uint64 { return uint64(len(ls.Get("__name__"))) }

func (l *listener) RegisterHistogram(labels.Labels) uint64 { return 9 }

func (l *listener) Observe(all []telemetry.Observation, from, to int) int {
	for i, x := range all[from:to] {
		if x.Slot == 2 {
			return from + i
		}
		l.seen = append(l.seen, x)
	}
	return to
}

func (l *listener) ObserveHistogram(slot uint64, h telemetry.HistogramSample) bool {
	l.seen = append(l.seen, telemetry.Observation{Slot: slot, T: h.T, V: h.Float.Sum})
	return true
}

type point struct {
	t int64
	v float64
	h *histogram.FloatHistogram
}

func (p point) T() int64                      { return p.t }
func (p point) ST() int64                     { return 0 }
func (p point) F() float64                    { return p.v }
func (p point) H() *histogram.Histogram       { return nil }
func (p point) FH() *histogram.FloatHistogram { return p.h }
func (p point) Copy() chunks.Sample           { return p }
func (p point) Type() chunkenc.ValueType {
	if p.h != nil {
		return chunkenc.ValFloatHistogram
	}
	return chunkenc.ValFloat
}

// stored is a series of samples 1, 2, 3 and so on, 10 ms apart.
func stored(name string, n int) storage.Series {
	var all []chunks.Sample
	for i := range n {
		all = append(all, point{t: int64(10 * (i + 1)), v: float64(i + 1)})
	}
	return storage.NewListSeries(labels.FromStrings("__name__", name), all)
}

func TestFeeding_One_WhatIsKnownIsLeftOut(t *testing.T) {
	for _, n := range []int{1, 100, feedAtOnce, 3*feedAtOnce + 5} {
		for _, from := range []int64{math.MinInt64, 10, 15, 500, 1e6} {
			l := new(listener)
			f := feeding{to: l, newest: math.MinInt64, late: func(uint64) int64 { return from }}
			if from == math.MinInt64 {
				f.late = nil
			}
			s := stored("a", n)
			if err := f.one(s.Labels(), s.Iterator(nil)); err != nil {
				t.Fatal(err)
			}
			var want []telemetry.Observation
			newest := int64(math.MinInt64)
			for i := range n {
				if at := int64(10 * (i + 1)); at >= from {
					want = append(want, telemetry.Observation{Slot: 1, T: at, V: float64(i + 1)})
					newest = at
				}
			}
			same(t, l.seen, want)
			if f.n != len(want) || f.newest != newest {
				t.Errorf("%d samples from %d: %d fed up to %d, want %d up to %d", n, from, f.n, f.newest, len(want), newest)
			}
		}
	}
}

func same(t *testing.T, got, want []telemetry.Observation) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d samples, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("sample %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}

// Samples of several series go in order of time, those of one that is gone are left
// out, and those behind them are not.
func TestFeeding_Together_InOrderAndWithoutTheGone(t *testing.T) {
	l := new(listener)
	f := feeding{to: l, newest: math.MinInt64, late: func(slot uint64) int64 { return int64(10 * slot) }}
	const n = 2 * feedAtOnce
	if err := f.together([]storage.Series{stored("a", n), stored("bb", n), stored("ccc", n)}); err != nil {
		t.Fatal(err)
	}
	var want []telemetry.Observation
	for i := 1; i <= n; i++ {
		for _, slot := range []uint64{1, 3} {
			if i >= int(slot) {
				want = append(want, telemetry.Observation{Slot: slot, T: int64(10 * i), V: float64(i)})
			}
		}
	}
	same(t, l.seen, want)
}

// A float before a histogram of the same series is shown before it.
func TestFeeding_FloatsAndHistograms_InOrder(t *testing.T) {
	l := new(listener)
	f := feeding{to: l, newest: math.MinInt64}
	all := []chunks.Sample{point{t: 1, v: 5}, point{t: 2, h: &histogram.FloatHistogram{Sum: 6}}, point{t: 3, v: 7}}
	s := storage.NewListSeries(labels.FromStrings("__name__", "a"), all)
	if err := f.one(s.Labels(), s.Iterator(nil)); err != nil {
		t.Fatal(err)
	}
	same(t, l.seen, []telemetry.Observation{{Slot: 1, T: 1, V: 5}, {Slot: 1, T: 2, V: 6}, {Slot: 1, T: 3, V: 7}})
}
