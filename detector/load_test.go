package detector_test

import (
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// cpuSeconds counts seconds of a mode of a processor: noise about quiet, bursts
// in some samples, and from sample n on busy.
func cpuSeconds(seed uint64, n int, step, quiet, busy, sigma, bursts float64) []telemetry.Sample {
	r, total := rand.New(rand.NewPCG(seed, 8)), 1000.0
	return feed(n+int(45/step), step, func(i int) float64 {
		x := quiet + sigma*r.NormFloat64()
		if r.Float64() < bursts {
			x = 0.4 + 0.3*r.Float64()
		}
		if i >= n {
			x = busy + 0.005*r.NormFloat64()
		}
		total += step * max(x, 0)
		return total
	})
}

func TestNodeCPU_NoisyMinutesOfHistory_AlarmsOnLoad(t *testing.T) {
	modes := map[string][2]float64{"idle": {0.93, 0.01}, "user": {0.03, 0.95}}
	for mode, level := range modes {
		for _, step := range []float64{1, 2, 5} {
			for _, c := range []struct{ sigma, bursts, within float64 }{
				{0.02, 0, 15}, {0.05, 0, 15}, {0.1, 0, 15}, {0.05, 0.05, 30}, {0.1, 0.05, 30}, {0.1, 0.1, 30},
			} {
				missed, early, worst := 0, 0, 0.0
				for seed := range uint64(20) {
					n := 150
					samples := cpuSeconds(seed, n, step, level[0], level[1], c.sigma, c.bursts)
					open, late := false, -1.0
					for _, v := range play(t, labels.FromStrings("__name__", "node_cpu_seconds_total", "mode", mode), samples) {
						open = v.Phase != detector.PhaseClosed && v.Phase != detector.PhaseLost
						if v.Phase == detector.PhaseOpened && v.Time < samples[n].T {
							early++
						} else if late < 0 && open {
							late = float64(v.Time-samples[n].T) / 1000
						}
					}
					worst = max(worst, late)
					if !open || late > max(c.within, 4*step) {
						missed++
					}
				}
				if missed > 0 || early > 3 {
					t.Errorf("%s step %v sigma %v bursts %v: missed %d of 20, worst %v s, early %d", mode, step, c.sigma, c.bursts, missed, worst, early)
				}
			}
		}
	}
}

// Bursts that last for some seconds make runs usual; load lasts for longer.
func TestNodeCPU_BurstsThatLast_AlarmsOnLoad(t *testing.T) {
	const n, runs = 150, 40
	missed := 0
	for seed := range uint64(runs) {
		r, total, held, burst := rand.New(rand.NewPCG(seed, 8)), 1000.0, 0, 0.0
		samples := feed(n+45, 1, func(i int) float64 {
			x := 0.93 + 0.1*r.NormFloat64()
			if held > 0 {
				held--
				x = burst
			} else if r.Float64() < 0.033 {
				burst, held = 0.4+0.3*r.Float64(), r.IntN(5)
				x = burst
			}
			if i >= n {
				x = 0.01 + 0.005*r.NormFloat64()
			}
			total += max(x, 0)
			return total
		})
		v, ok := openedAfter(play(t, gauge("node_cpu_seconds_total"), samples), samples[n].T)
		if !ok || v.Time > samples[n+30].T {
			missed++
		}
	}
	if missed > runs/10 {
		t.Errorf("missed %d of %d", missed, runs)
	}
}
