package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// cleaned makes a disk in percent that fills by day, slower at the weekend, and is cleaned up
// at three each night, down to 40 to 43.
func cleaned(days, step int, seed uint64) func(i int) float64 {
	r, at := rand.New(rand.NewPCG(seed, 11)), 40.0
	levels := make([]float64, days*86400/step)
	for i := range levels {
		second := i * step
		load := 0.3 + 0.7*math.Max(0, math.Sin((float64(second%86400)/3600-6)/16*math.Pi))
		if second/86400%7 >= 5 {
			load /= 2
		}
		if at += float64(step) / 86400 * 14.4 * load; second%86400 >= 3*3600 && second%86400 < 3*3600+step {
			at = 40 + 3*r.Float64()
		}
		levels[i] = at
	}
	return func(i int) float64 { return levels[i] }
}

// No cleanup leaves as much as the one before, and a weekend whose edge at midnight does not
// come goes on as it was. Both were told three to five times a week in the fourth to sixth.
func TestEdge_DiskThatIsCleanedEachNight_IsQuiet(t *testing.T) {
	const days, step = 42, 60
	told := 0
	for seed := range uint64(6) {
		samples := feed(days*86400/step, step, cleaned(days, step, seed))
		told += countPhase(since(play(t, gauge("disk_percent"), samples), samples[21*86400/step].T), detector.PhaseOpened)
	}
	if told > 27 {
		t.Errorf("got %d alarms in three weeks of six disks, want at most 27", told)
	}
}

// What leaves the edge by its height is told all the same, and so is a cleanup that has not
// come within the half hour in which it may.
func TestEdge_MuchMoreOrNothing_IsToldAllTheSame(t *testing.T) {
	const days, step = 30, 60
	at := (28*86400 + 3*3600) / step
	for name, odd := range map[string]func(i int, x, before float64) float64{
		"twice as deep": func(i int, x, before float64) float64 { return x - during(i, at, at+60)*(before-x) },
		"no cleanup":    func(i int, x, before float64) float64 { return x + during(i, at, at+21*60)*(before-x) },
	} {
		found := 0
		for seed := range uint64(6) {
			level := cleaned(days, step, seed)
			before := level(at - 1)
			samples := feed(days*86400/step, step, func(i int) float64 { return odd(i, level(i), before) })
			for _, v := range since(play(t, gauge("disk_percent"), samples), samples[at].T) {
				if v.Phase == detector.PhaseOpened && v.Time < samples[at+120].T {
					found++
					break
				}
			}
		}
		if found < 5 {
			t.Errorf("%s: told within two hours in %d of 6", name, found)
		}
	}
}

func during(i, from, to int) float64 {
	if i >= from && i < to {
		return 1
	}
	return 0
}
