package detector_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// A new level of a series that has a job of four minutes each hour is told once, now and
// then twice. That the job is over some minutes before the hour's profile knows is no way
// back to the level before, of which each end would be another way up.
func TestLevel_JobEachHour_NewLevelIsToldOnce(t *testing.T) {
	const days, seeds = 12, 3
	for _, step := range []int{15, 60} {
		for _, by := range []float64{15, 25} {
			told := 0
			for seed := range uint64(seeds) {
				r := noise(seed)
				begin := days*86_400 + 11*3600 + 1800
				samples := feed((begin+12*3600)/step, float64(step), func(i int) float64 {
					x, second := 30+r(), i*step
					if second%3600 < 240 {
						x += 30
					}
					if second >= begin {
						x += by
					}
					return x
				})
				for _, v := range play(t, gauge("cpu"), samples) {
					if v.Phase == detector.PhaseOpened && v.Time >= samples[begin/step].T {
						told++
					}
				}
			}
			if told < seeds || told > 2*seeds {
				t.Errorf("%d s, %v up: told %d times by %d series, want once each", step, by, told, seeds)
			}
		}
	}
}
