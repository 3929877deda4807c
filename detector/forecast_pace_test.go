package detector_test

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestBank_Until_WhatATrendOfThreeDaysDoesNotKnow(t *testing.T) {
	var r *rand.Rand
	noise := func() float64 { return 0.05 * r.NormFloat64() }
	for name, c := range map[string]struct {
		days      float64 // lived
		value     func(day float64) float64
		threshold float64
		above     bool
		want      float64 // days from then; 0: not within three
	}{
		"began to fill eight hours ago": {8, func(d float64) float64 { return 40 + 12*max(d-7.67, 0) + noise() }, 80, true, 3},
		"made a step eight hours ago":   {8, func(d float64) float64 { return 40 + 4*step(d > 7.67) + noise() }, 50, true, 0},
		"cleaned two days ago":          {10.5, func(d float64) float64 { return 29 + 2*d - 15*step(d > 8.5) + noise() }, 39, true, 2},
		"resized yesterday":             {10, func(d float64) float64 { return 500 - 20*d + 300*step(d > 9) + noise() }, 560, false, 2},
		"a certificate":                 {4, func(d float64) float64 { return (7 - d) * 86400 }, 0, false, 3},
		"emptied every night":           {10, func(d float64) float64 { return 40 + 10*(d+0.3-float64(int(d+0.3))) + noise() }, 55, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r = rand.New(rand.NewPCG(1, 2))
			b, slot, last := lived(t, c.days, c.value)
			got, ok := b.Until(slot, c.threshold, c.above, 3.5*24*time.Hour)
			if !ok {
				t.Fatal("nothing is told")
			}
			days := func(at int64) float64 { return float64(at-last) / 86400e3 }
			if c.want == 0 {
				if got.Likely != 0 {
					t.Errorf("reached in %.2f days, want not", days(got.Likely))
				}
				return
			}
			if got.Likely == 0 {
				t.Fatalf("not reached, want in %.2f days", c.want)
			}
			if days(got.Likely) < 0.7*c.want || days(got.Likely) > 1.3*c.want {
				t.Errorf("reached in %.2f days, want %.2f", days(got.Likely), c.want)
			}
			if got.Earliest == 0 || days(got.Earliest) > c.want || got.Latest != 0 && days(got.Latest) < c.want {
				t.Errorf("from %.2f to %.2f days, want %.2f between", days(got.Earliest), days(got.Latest), c.want)
			}
		})
	}
}

// The level takes hours to follow a large step, for Clip, and moves evenly meanwhile.
func TestBank_Until_OneLargeStep_NeverLeadsOn(t *testing.T) {
	for _, size := range []float64{5, 20, 60, -5, -20, -60} {
		for hour := 0; hour < 25; hour += 5 {
			r := rand.New(rand.NewPCG(1, uint64(hour)))
			value := func(hours float64) float64 {
				return 70 - 40*step(size > 0) + size*step(hours > float64(120+hour)) + 0.1*r.NormFloat64()
			}
			b, slot, last := lived(t, 5, func(day float64) float64 { return value(day * 24) })
			threshold := 65 + size
			if size > 0 {
				threshold = 35 + size
			}
			for hours := 120.; hours < 240; hours += 1. / 12 {
				last += 300_000
				b.Observe(slot, last, value(hours))
				if c, _ := b.Until(slot, threshold, size > 0, 3*24*time.Hour); c.Likely > last {
					t.Errorf("a step of %v at hour %d: said to go on %.1f hours later", size, hour, hours-120-float64(hour))
					break
				}
			}
		}
	}
}
