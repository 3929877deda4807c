package detector

import (
	"math"
	"slices"
	"testing"
)

// Of independent noise the quantile of a chart is soon that of its windows, or the floor where that is larger. It
// was half as large again after two weeks of minutes, and what noise never does was not odd.
func TestCharts_IndependentNoise_QuantileIsThatOfWindows(t *testing.T) {
	p := defaults()
	for seed := range uint64(3) {
		var largest [charts][]float64
		var most [charts]float64
		s, _ := noisySeries(t, seed, 60, 14*1440, func(i int, s *series) {
			for c := range s.Chart {
				if most[c] = max(most[c], math.Abs(float64(s.Chart[c]))); (i+1)%int(p.Charts.Window[c]) == 0 {
					if i > 7*1440 {
						largest[c] = append(largest[c], most[c])
					}
					most[c] = 0
				}
			}
		})
		for c, all := range largest {
			slices.Sort(all)
			want := max(all[int(0.98*float64(len(all)))], float64(p.chartFloor[c]))
			if got := float64(s.Persist[c].Q) / want; got < 0.75 || got > 1.7 {
				t.Errorf("seed %d, mean of %g: quantile %.3f, want about %.3f", seed, p.Charts.Window[c], s.Persist[c].Q, want)
			}
		}
	}
}
