package detector_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// fleet is services of equal series in which nothing is ever wrong.
type fleet struct {
	series   int
	step     int64 // seconds
	services int
	weeks    int
	budget   float64
}

const burnIn = 3 // weeks that are not counted

// nature makes the next value of a series from what it was, what its service
// shares, and the angle of the day.
type nature func(r *rand.Rand, before, common, day float64) (value, state float64)

func wander(r *rand.Rand, before float64) float64 { return 0.7*before + 0.71*r.NormFloat64() }

var natures = map[string]nature{
	"wandering": func(r *rand.Rand, before, common, _ float64) (float64, float64) {
		x := wander(r, before)
		return 50 + x + 0.5*common, x
	},
	"heavy tail": func(r *rand.Rand, _, common, _ float64) (float64, float64) {
		a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		return 50 + r.NormFloat64()/math.Sqrt(a*a+b*b+c*c) + 0.3*common, 0
	},
	"seasonal": func(r *rand.Rand, before, common, day float64) (float64, float64) {
		x := wander(r, before)
		return 100 + 20*math.Sin(day) + x + 0.5*common, x
	},
	"counts": func(r *rand.Rand, _, _, day float64) (float64, float64) {
		return poisson(r, 2+math.Sin(day)), 0
	},
}

// alarms replays a fleet and returns its alarms after the burn-in.
func (f fleet) alarms(next nature) (alarms, charged int) {
	c := detector.DefaultConfig()
	c.Budget = f.budget
	for seed := range uint64(f.services) {
		r := rand.New(rand.NewPCG(seed, uint64(f.series)))
		metrics := make([]labels.Labels, f.series)
		for i := range metrics {
			metrics[i] = gauge(fmt.Sprint("m", i))
		}
		times := make([]int64, int64(f.weeks)*7*86400/f.step)
		for i := range times {
			times[i] = start + int64(i)*f.step*1000
		}
		values, states, common := make([]float64, f.series), make([]float64, f.series), 0.0
		detector.ReplayGroup(c, metrics, times, func(i int) []float64 {
			common = wander(r, common)
			day := 2 * math.Pi * float64(times[i]%86_400_000) / 86_400_000
			for j := range values {
				values[j], states[j] = next(r, states[j], common, day)
			}
			return values
		}, func(row detector.GroupRow) {
			if row.Time-start < burnIn*7*86_400_000 {
				return
			}
			if row.Alarm {
				alarms++
			}
			if row.Charged {
				charged++
			}
		})
	}
	return alarms, charged
}

// Services in which nothing is wrong alarm as often as their budget says, within
// thirty percent and what chance does to a count of that size.
func TestBudget_NothingWrong_AlarmsAsOftenAsAllowed(t *testing.T) {
	fleets := []fleet{
		{series: 1, step: 300, services: 30, weeks: 9, budget: 1},
		{series: 1, step: 60, services: 6, weeks: 8, budget: 4},
		{series: 1, step: 15, services: 2, weeks: 8, budget: 4},
		{series: 10, step: 300, services: 7, weeks: 8, budget: 4},
		{series: 10, step: 300, services: 7, weeks: 10, budget: 1},
		{series: 100, step: 300, services: 2, weeks: 7, budget: 4},
	}
	for name, next := range natures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, f := range fleets {
				alarms, charged := f.alarms(next)
				want := f.budget * float64(f.services*(f.weeks-burnIn))
				ratio := float64(alarms) / want
				t.Logf("%3d series every %3d s, budget %.0f a week: %.2f of the budget (%d alarms, %d charged, in %d weeks)",
					f.series, f.step, f.budget, ratio, alarms, charged, f.services*(f.weeks-burnIn))
				if off := 0.3 + 1/math.Sqrt(want); math.Abs(ratio-1) > off {
					t.Errorf("%+v: got %d alarms, want %.0f within %.0f%%", f, alarms, want, 100*off)
				}
			}
		})
	}
}
