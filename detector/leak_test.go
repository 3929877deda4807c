package detector_test

import (
	"math"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
)

func TestLeak_OfHalfADay_IsFoundAtShortSteps(t *testing.T) {
	for _, step := range []float64{5, 15, 30} {
		for _, wave := range []float64{0, 10} {
			if wave > 0 && step > 15 {
				continue // it is found later where fewer samples show it
			}
			for seed := range uint64(3) {
				r, n := noise(90+seed), int(4*86400/step)
				samples := feed(n+int(12*3600/step), step, func(i int) float64 {
					leak := max(0, float64(i-n)) * step / 3600 * 20 / 12
					return 100 + wave*swing(monday.Add(time.Duration(float64(i)*step*float64(time.Second)))) + leak + 2*r()
				})
				if _, ok := openedAfter(play(t, gauge("memory"), samples), samples[n].T); !ok {
					t.Errorf("step %g s, wave of %g, series %d: ten noise widths in half a day were not found", step, wave, seed)
				}
			}
		}
	}
}

// TestWander_OfHours_IsNoLeak has levels that wander by five noise widths and come back
// within about so many hours (an Ornstein-Uhlenbeck process), beside a day.
func TestWander_OfHours_IsNoLeak(t *testing.T) {
	const days = 10
	opened := 0
	for _, hours := range []float64{1, 6, 24} {
		for seed := range uint64(3) {
			r, x, a := noise(100+seed), 0.0, 15/(hours*3600)
			samples := feed(days*5760, 15, func(i int) float64 {
				x += -a*x + math.Sqrt(2*a)*r()
				return 100 + 30*swing(monday.Add(time.Duration(i)*15*time.Second)) + 5*x + r()
			})
			opened += countPhase(play(t, gauge("x"), samples), detector.PhaseOpened)
		}
	}
	if weeks := 9 * days / 7.0; float64(opened) > 1.3*weeks {
		t.Errorf("%d episodes in %.0f weeks of series that wander, want the budget of one a week at most", opened, weeks)
	}
}
