package detector_test

import (
	"math"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
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
		var batch []detector.Observation
		for j, slot := range slots {
			x := 10 + 3*math.Sin(float64(i)/46) + r()
			if i > 1500 && i%100 == j {
				x += 60
			}
			batch = append(batch, detector.Observation{Slot: slot, Time: start + int64(i)*300_000, Value: x})
			if v, news := one.Observe(slot, start+int64(i)*300_000, x); news {
				want = append(want, v)
			}
		}
		batch = append(batch, detector.Observation{Slot: 0, Time: start}, detector.Observation{Slot: 1 << 20, Time: start})
		all.ObserveAll(batch, func(v detector.Verdict) { got = append(got, v) })
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
