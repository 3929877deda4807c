package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"
)

// crashes is a counter of requests that restarts, at some moment between two samples, each
// two to five samples while loop says so.
func crashes(r *rand.Rand, step float64, loop func(i int) bool) func(i int) float64 {
	total := 0.0
	return func(i int) float64 {
		gained := step * (10 + r.NormFloat64())
		if loop(i) && r.IntN(4) == 0 {
			total = gained * r.Float64()
		} else {
			total += gained
		}
		return math.Floor(total)
	}
}

// A process that restarts each few minutes shows after a restart more than half of what it
// showed before as often as not. It stays a counter.
func TestCounter_RestartsEachFewSamples_StaysARate(t *testing.T) {
	for _, step := range []float64{15, 60, 300} {
		for seed := range uint64(10) {
			b := newBank(t)
			slot := b.Register(gauge("requests_total"))
			r := rand.New(rand.NewPCG(seed, 31))
			for _, s := range feed(3000, step, crashes(r, step, func(i int) bool { return i > 1000 && i < 2000 })) {
				b.Observe(slot, s.T, s.V)
			}
			if v, ok := b.Last(slot); !ok || !v.Rate || v.Value > 20 {
				t.Errorf("step %v s, seed %d: got %+v, want a rate of 10", step, seed, v)
			}
		}
	}
}

// No counter is below zero: what is is a gauge, as a balance that is called a sum.
func TestCounterName_ValuesBelowZero_WatchedAsGauge(t *testing.T) {
	b := newBank(t)
	slot := b.Register(gauge("balance_sum"))
	r := noise(32)
	for _, s := range feed(200, 15, func(int) float64 { return -100 + 3*r() }) {
		b.Observe(slot, s.T, s.V)
	}
	if v, ok := b.Last(slot); !ok || v.Rate || v.Value > -80 {
		t.Errorf("got %+v, want a gauge near -100", v)
	}
}

// Gauges that fall to a fraction of themselves all the time are soon known for such, too.
func TestCounterName_FallsFar_WatchedAsGauge(t *testing.T) {
	for name, f := range map[string]func(r *rand.Rand) float64{
		"exponential": func(r *rand.Rand) float64 { return r.ExpFloat64() },
		"uniform":     func(r *rand.Rand) float64 { return r.Float64() },
		"log-normal":  func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) },
	} {
		for seed := range uint64(5) {
			b := newBank(t)
			slot := b.Register(gauge("waiting_count"))
			r := rand.New(rand.NewPCG(seed, 33))
			for _, s := range feed(1440, 60, func(int) float64 { return f(r) }) {
				b.Observe(slot, s.T, s.V)
			}
			if v, ok := b.Last(slot); !ok || v.Rate {
				t.Errorf("%s, seed %d: got %+v, want a gauge after a day", name, seed, v)
			}
		}
	}
}
