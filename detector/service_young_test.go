package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// In the first two weeks of a service of a hundred series that share one daily wave and a
// fifth of their noise nothing happens, until half of them move a little at the end.
func TestGroup_LargeServiceInItsFirstWeeks_QuietAndAFaultTold(t *testing.T) {
	const series, step, day = 100, 300, 288
	metrics := make([]labels.Labels, series)
	for i := range metrics {
		metrics[i] = gauge("m")
	}
	times := make([]int64, 14*day)
	for i := range times {
		times[i] = start + int64(i)*step*1000
	}
	fault := len(times) - 6
	quiet, told := 0, 0
	for seed := range uint64(4) {
		r, common := rand.New(rand.NewPCG(seed, 11)), 0.0
		values := make([]float64, series)
		row := 0
		detector.ReplayGroup(detector.DefaultConfig(), metrics, times, func(i int) []float64 {
			row, common = i, wander(r, common)
			for j := range values {
				values[j] = 100 + 20*math.Sin(2*math.Pi*float64(i)/day) + r.NormFloat64() + 0.5*common
				if i >= fault && j%2 == 0 {
					values[j] += 4
				}
			}
			return values
		}, func(x detector.GroupRow) {
			switch {
			case x.Phase != detector.PhaseOpened:
			case row < fault:
				quiet++
			default:
				told++
			}
		})
	}
	if quiet > 4 || told != 4 {
		t.Errorf("four services: got %d groups in two weeks in which nothing happens and %d of 4 faults; want 4 at most and all", quiet, told)
	}
}
