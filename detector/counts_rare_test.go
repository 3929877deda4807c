package detector_test

import (
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Counts of a few an hour alarm about as often as the budget says: not with each one where no two came
// for days, not with twos that come twelve times a week, and not with the zero after them.
func TestCounts_FewAnHour_AboutTheBudget(t *testing.T) {
	const series, n = 12, 8
	for _, c := range []struct {
		rate float64 // a minute
		most float64 // alarms a week
	}{{0.05, 0.9}, {0.1, 1.3}} {
		opened, dips := 0, 0
		for seed := range uint64(series) {
			r := rand.New(rand.NewPCG(seed, 99))
			samples := make([]telemetry.Sample, n*weekMinutes)
			for i := range samples {
				samples[i] = telemetry.Sample{T: firstMonday + int64(i)*60_000, V: poisson(r, c.rate)}
			}
			for _, v := range play(t, gauge("errors"), samples) {
				if v.Phase == detector.PhaseOpened && v.Time >= samples[2*weekMinutes].T {
					opened++
					dips += b2i(v.Kind == detector.KindDip)
				}
			}
		}
		if weeks := float64(series * (n - 2)); float64(opened) > c.most*weeks || float64(opened) < 0.2*weeks {
			t.Errorf("%v a minute: %d alarms in %v weeks, want %v a week at most", c.rate, opened, weeks, c.most)
		}
		if dips > 1 {
			t.Errorf("%v a minute: %d dips of counts that are mostly zero", c.rate, dips)
		}
	}
}
