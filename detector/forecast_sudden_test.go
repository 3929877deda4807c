package detector_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// suddenSeeds is how many made-up series there are of each kind.
const suddenSeeds = 20

// sudden is a series, by the hours since something happens, 200 hours after it began.
type sudden struct {
	step  int // seconds
	value func(r *rand.Rand) func(hours float64) float64
}

// feed gives a new bank all samples until some hours after it and calls asked with each
// from then on until the end.
func (x sudden) feed(t *testing.T, seed uint64, from, to float64, asked func(b *detector.Bank, slot detector.Slot, at int64, hours float64)) {
	t.Helper()
	b, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(labels.FromStrings("__name__", "tocsin:disk_percent"))
	r := rand.New(rand.NewPCG(seed, 7))
	value, shift := x.value(r), r.Int64N(86400)
	for s := 0; ; s += x.step {
		hours := float64(s)/3600 - 200
		if hours > to {
			return
		}
		at := 1_700_000_000_000 + (shift+int64(s))*1000
		b.Observe(slot, at, value(hours))
		if hours >= from {
			asked(b, slot, at, hours)
		}
	}
}

// noisy adds noise to what a series is without.
func noisy(size float64, clean func(hours float64) float64) func(*rand.Rand) func(float64) float64 {
	return func(r *rand.Rand) func(float64) float64 {
		return func(hours float64) float64 { return clean(hours) + size*r.NormFloat64() }
	}
}

func TestBank_Until_WhatRunsWild_IsSeenWithinHours(t *testing.T) {
	day := func(hours float64) float64 { return 2 * math.Sin(2*math.Pi*hours/24) }
	for _, c := range []struct {
		name      string
		noise     float64
		clean     func(hours float64) float64
		threshold float64
		full      float64 // hours after it began
		asked     float64 // hours after that
	}{
		{"a log that runs wild", 0.2, func(h float64) float64 { return 40 + 11*max(h, 0) }, 95, 5, 2},
		{"room that shrinks", 0.2, func(h float64) float64 { return 60 - 11*max(h, 0) }, 5, 5, 2},
		{"slower", 0.1, func(h float64) float64 { return 50 + 5*max(h, 0) }, 90, 8, 2},
		{"in a rhythm", 0.2, func(h float64) float64 { return 40 + 11*max(h, 0) + day(h) }, 95, 5, 2},
		{"stood still until then", 0, func(h float64) float64 { return 40 + 11*max(h, 0) }, 95, 5, 3.75}, // it has been taken as normal meanwhile
	} {
		for _, step := range []int{15, 60, 300} {
			t.Run(fmt.Sprintf("%s, each %d s", c.name, step), func(t *testing.T) {
				seen, within := 0, 0
				for seed := range uint64(suddenSeeds) {
					first := true
					sudden{step, noisy(c.noise, c.clean)}.feed(t, seed, c.asked, c.asked, func(b *detector.Bank, slot detector.Slot, at int64, _ float64) {
						got, _ := b.Until(slot, c.threshold, c.threshold > 50, 24*time.Hour)
						if !first || got.Likely == 0 {
							return
						}
						first = false
						hours := func(ms int64) float64 { return c.asked + float64(ms-at)/3600e3 }
						if math.Abs(hours(got.Likely)-c.full) <= 0.3*(c.full-c.asked) {
							seen++
						}
						if hours(got.Earliest) <= c.full && (got.Latest == 0 || hours(got.Latest) >= c.full) {
							within++
						}
					})
				}
				if seen < suddenSeeds*4/5 || within < suddenSeeds*4/5 {
					t.Errorf("of %d series the time is known for %d and within its bounds for %d", suddenSeeds, seen, within)
				}
			})
		}
	}
}

// What rises for a time and is over is not said to lead on, but for the first of a kind.
func TestBank_Until_WhatOnlyLooksSudden_ClaimsNothing(t *testing.T) {
	part := func(hours, every float64) float64 { return hours/every - math.Floor(hours/every) }
	for _, c := range []struct {
		name      string
		noise     float64
		clean     func(hours float64) float64
		threshold float64
	}{
		{"a step", 0.2, func(h float64) float64 { return 40 + 20*step(h >= 0) }, 70},
		{"a small step near the threshold", 0.2, func(h float64) float64 { return 40 + 5*step(h >= 0) }, 46},
		{"a step of half an hour", 0.2, func(h float64) float64 { return 40 + 20*min(max(2*h, 0), 1) }, 70},
		{"a sawtooth each night", 0.2, func(h float64) float64 { return 40 + 20*part(h, 24) }, 65},
		{"teeth of five hours", 0.2, func(h float64) float64 { return 40 + 20*part(h, 5) }, 65},
		{"a job of three hours each night", 0.2, func(h float64) float64 { return 40 + 20*math.Min(8*part(h, 24), 1)*step(part(h, 24) < 0.125) }, 65},
		{"a swing of the day", 0.5, func(h float64) float64 { return 50 + 15*math.Sin(2*math.Pi*h/24) }, 70},
		{"noise alone", 1, func(float64) float64 { return 50 }, 60},
	} {
		for _, step := range []int{15, 60, 300} {
			t.Run(fmt.Sprintf("%s, each %d s", c.name, step), func(t *testing.T) {
				claims := 0
				for seed := range uint64(suddenSeeds) {
					next, claimed := -24.0, false
					sudden{step, noisy(c.noise, c.clean)}.feed(t, seed, -24, 30, func(b *detector.Bank, slot detector.Slot, at int64, hours float64) {
						if hours < next {
							return
						}
						next = hours + 0.25
						if got, _ := b.Until(slot, c.threshold, true, 24*time.Hour); got.Likely > at {
							claimed = true
						}
					})
					if claimed {
						claims++
					}
				}
				if claims > 0 {
					t.Errorf("%d of %d series are said to be full soon", claims, suddenSeeds)
				}
			})
		}
	}
}
