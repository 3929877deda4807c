package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
)

// found plays days of a series and then twenty minutes of a value at ten o'clock, and
// returns how many episodes opened in the last four days before and whether one did then.
func found(t *testing.T, seed uint64, days int, step time.Duration, value func(r *rand.Rand, at time.Time) float64, odd float64) (early int, ok bool) {
	t.Helper()
	r, b := rand.New(rand.NewPCG(seed, 7)), newBank(t)
	slot := b.Register(gauge("m"))
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	hit := begin.AddDate(0, 0, days).Add(10 * time.Hour)
	for at := begin; at.Before(hit.Add(max(20*time.Minute, 3*step))); at = at.Add(step) {
		x := value(r, at)
		if !at.Before(hit) {
			x = odd
		}
		v, tell := b.Observe(slot, at.UnixMilli(), x)
		if !tell || v.Phase != detector.PhaseOpened {
			continue
		}
		if !at.Before(hit) {
			return early, true
		}
		if at.After(hit.AddDate(0, 0, -4)) {
			early++
		}
	}
	return early, false
}

func TestRecord_RareBlipsOfOneSize_AnotherSizeIsFound(t *testing.T) {
	for _, share := range []float64{0.0005, 0.002, 0.01, 0.05} {
		for _, step := range []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute} {
			missed, early := 0, 0
			for seed := range uint64(5) {
				n, ok := found(t, seed, 8, step, func(r *rand.Rand, _ time.Time) float64 {
					if r.Float64() < share {
						return 1
					}
					return 0
				}, 1000)
				if early += n; !ok {
					missed++
				}
			}
			// Blips that come four times a week may fill a budget of 1 and a bit more.
			if missed > 0 || early > 10 {
				t.Errorf("blips in %v of samples every %v: 1000 missed in %d of 5, %d alarms in 20 days before", share, step, missed, early)
			}
		}
	}
}

func TestRecord_FewValues_OthersAreFound(t *testing.T) {
	replicas := func(_ *rand.Rand, at time.Time) float64 {
		if at.Hour() >= 8 && at.Hour() < 20 {
			return 5
		}
		return 3
	}
	for days, values := range map[int][]float64{8: {20, 100}, 20: {0, 1, 20, 100}} {
		for _, odd := range values {
			for _, step := range []time.Duration{15 * time.Second, time.Minute} {
				if early, ok := found(t, 1, days, step, replicas, odd); !ok || early > 0 {
					t.Errorf("3 and 5 for %d days every %v, then %v: found is %t, %d alarms in 4 days before", days, step, odd, ok, early)
				}
			}
		}
	}
}

// Sizes that differ, seldom and by much, set records without being any.
func TestRecord_SizesOfHeavyTail_KeepBudget(t *testing.T) {
	for name, size := range map[string]func(r *rand.Rand) float64{
		"pareto": func(r *rand.Rand) float64 { return math.Pow(1-r.Float64(), -1/1.5) },
		"backup": func(r *rand.Rand) float64 { return 100 + 3*r.NormFloat64() },
		"mixed":  func(r *rand.Rand) float64 { return math.Exp(1.5 * r.NormFloat64()) },
	} {
		alarms := 0
		for seed := range uint64(6) {
			n, _ := found(t, seed, 12, time.Minute, func(r *rand.Rand, at time.Time) float64 {
				if r.Float64() < 0.004 {
					return size(r)
				}
				return 0
			}, 0)
			alarms += n
		}
		// 24 days in all, of which the budget is 3.4.
		if alarms > 10 {
			t.Errorf("%s: %d alarms in 24 days", name, alarms)
		}
	}
}
