package detector_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// coarse is how many samples come a minute apart before the step changes.
const coarse = 2880

// What is read now and then is as noisy at any step: a leap by ten deviations five coarse
// after the step has become shorter is told in most series.
func TestStep_MinuteToQuarter_LeapOfAGaugeIsTold(t *testing.T) {
	for after, least := range map[int]int{10: 6, 20: 11} {
		told := 0
		for seed := range uint64(20) {
			r := noise(seed)
			samples := coarseThenFine(coarse, 100, 15, func(i int, _ float64) float64 {
				if i >= coarse+after {
					return 110 + r()
				}
				return 100 + r()
			})
			if v, ok := openedAfter(play(t, gauge("x"), samples), samples[coarse+after].T); ok && v.Time <= samples[coarse+after+3].T {
				told++
			}
		}
		if told < least {
			t.Errorf("%d samples after the step: told in %d of 20 series, want at least %d", after, told, least)
		}
	}
}

// Means over the step are noisier when it is shorter. Once that is known they are quiet.
func TestStep_MinuteToQuarter_MeanOverTheStepKeepsBudget(t *testing.T) {
	alarms := 0
	for seed := range uint64(100) {
		r := noise(seed)
		samples := coarseThenFine(coarse, 100, 15, func(_ int, step float64) float64 {
			sum := 0.0
			for range int(step / 5) {
				sum += r() / (step / 5)
			}
			return 100 + sum
		})
		for _, v := range play(t, gauge("x"), samples) {
			if v.Phase == detector.PhaseOpened && v.Time >= samples[coarse+8].T {
				alarms++
			}
		}
	}
	if alarms > 2 { // the budget is .2
		t.Errorf("got %d alarms in 100 series", alarms)
	}
}
