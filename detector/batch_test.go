package detector_test

import (
	"bytes"
	"math"
	"strconv"
	"sync"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestObserveAll_Batches_SameNewsAsOneByOne(t *testing.T) {
	one, all := newBank(t), newBank(t)
	slots := make([]detector.Slot, 40)
	for i := range slots {
		l := gauge("s" + string(rune('a'+i)))
		slots[i] = one.Register(l)
		if all.Register(l) != slots[i] {
			t.Fatal("banks give different slots")
		}
	}
	r := noise(50)
	var want, got []detector.Verdict
	for i := range 2000 {
		var batch []telemetry.Observation
		for j, slot := range slots {
			x := 10 + 3*math.Sin(float64(i)/46) + r()
			if i > 1500 && i%100 == j {
				x += 60
			}
			batch = append(batch, telemetry.Observation{Slot: uint64(slot), T: start + int64(i)*300_000, V: x})
			if v, news := one.Observe(slot, start+int64(i)*300_000, x); news {
				want = append(want, v)
			}
		}
		batch = append(batch, telemetry.Observation{Slot: 0, T: start}, telemetry.Observation{Slot: 1 << 20, T: start})
		all.ObserveAll(batch, 0, len(batch), func(v detector.Verdict) { got = append(got, v) })
	}
	if len(want) == 0 || len(got) != len(want) {
		t.Fatalf("got %d verdicts, want %d and some", len(got), len(want))
	}
	for i := range want {
		if !same(got[i], want[i]) {
			t.Fatalf("verdict %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestObserveAll_SlotsNeverGivenOut_AreIgnored(t *testing.T) {
	b := newBank(t)
	never := []detector.Slot{0, 2, 255, 256, 1 << 20, 1<<32 - 1, 1<<32 + 7, 1<<63 + 1}
	for range 2 { // an empty bank, then one with a series
		var batch []telemetry.Observation
		for i := range 5 * len(never) {
			batch = append(batch, telemetry.Observation{Slot: uint64(never[i%len(never)]), T: start, V: 1})
		}
		b.ObserveAll(batch, 0, len(batch), func(v detector.Verdict) { t.Errorf("got %+v", v) })
		b.ObserveAll(nil, 0, 0, func(v detector.Verdict) { t.Errorf("got %+v", v) })
		if b.Register(gauge("x")) != 1 {
			t.Fatal("the first series has another slot")
		}
	}
	if _, ok := b.Last(1); ok {
		t.Error("a series that was sent nothing has a verdict")
	}
}

func TestObserveAll_TwoAtOnceInOneChunk_SeriesStayApart(t *testing.T) {
	b := newBank(t)
	var slots [2][]detector.Slot
	for i := range 100 {
		slots[i%2] = append(slots[i%2], b.Register(gauge("s"+strconv.Itoa(i))))
	}
	var all sync.WaitGroup
	for w := range 2 {
		all.Go(func() {
			for i := range 400 {
				var batch []telemetry.Observation
				for _, slot := range slots[w] {
					x := 1000*float64(slot) + math.Sin(float64(i)/20) + 0.3*math.Sin(float64(i*i))
					batch = append(batch, telemetry.Observation{Slot: uint64(slot), T: start + int64(i)*300_000, V: x})
				}
				b.ObserveAll(batch, 0, len(batch), func(detector.Verdict) {})
			}
		})
	}
	all.Wait()
	for i, slot := range append(slots[0], slots[1]...) {
		v, ok := b.Last(slot)
		if want := 1000 * float64(slot); !ok || v.Slot != slot || math.Abs(v.Value-want) > 2 || math.Abs(v.Expected-want) > 3 {
			t.Errorf("series %d: got %+v, want one near %v", i, v, want)
		}
	}
}

// Gauges that wave within an hour have means beyond their quantiles: their samples glide, and
// the group of the service is shown those that are rare.
func TestObserveAll_WhatGlidesAndIsRare_GroupsAreShownAsOneByOne(t *testing.T) {
	one, all := serviceBank(t, nil), serviceBank(t, nil)
	slots := make([]detector.Slot, 24)
	for i := range slots {
		l := of("web", "m"+strconv.Itoa(i))
		slots[i] = one.Register(l)
		all.Register(l)
	}
	r := noise(51)
	for i := range 480 {
		var batch []telemetry.Observation
		for j, slot := range slots {
			x := 100 + 20*math.Sin(2*math.Pi*(float64(i)/240+float64(j)/24)) + 3*r()
			batch = append(batch, telemetry.Observation{Slot: uint64(slot), T: start + int64(i)*15_000, V: x})
			one.Observe(slot, start+int64(i)*15_000, x)
		}
		all.ObserveAll(batch, 0, len(batch), func(detector.Verdict) {})
	}
	var want, got bytes.Buffer
	for b, to := range map[*detector.Bank]*bytes.Buffer{one: &want, all: &got} {
		if err := b.Checkpoint(to); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Error("the states are not the same")
	}
}
