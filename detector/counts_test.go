package detector_test

import (
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// Errors that come once a quarter of a minute and then eight times as often for three
// minutes are told: what the first of them does to the forecasts says nothing of how
// noisy counts are.
func TestBank_BurstOfCounts_IsTold(t *testing.T) {
	const samples, from, lasts = 15_000, 14_900, 12
	told, before := 0, 0
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 5))
		b := newBank(t)
		slot := b.Register(gauge("errors"))
		odd := false
		for i := range samples {
			mean := 1.0
			if i >= from && i < from+lasts {
				mean = 8
			}
			v, _ := b.Observe(slot, int64(1_700_000_000_000+15_000*i), poisson(r, mean))
			if v.Phase == detector.PhaseOpened {
				if i < from {
					before++
				}
				odd = odd || i >= from && i < from+lasts+4
			}
		}
		if odd {
			told++
		}
	}
	if told < 15 || before > 12 {
		t.Errorf("got %d of 20 bursts, and %d alarms in 52 days without one", told, before)
	}
}
