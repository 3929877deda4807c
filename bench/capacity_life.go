package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	lifeDays  = 21 // in which questions are asked
	aheadDays = 8  // for which the truth is known beyond
	quietDays = 2  // before the first question, or of the first hours of sudden growth
	askEvery  = 17. / 24
	wildStep  = 300      // seconds; what is slower shows nothing of the first hours
	truthStep = 1. / 288 // days between looks for the truth
	hourOfDay = 1. / 24
)

var (
	capacitySteps    = []int{15, 60, 300, 3600}
	capacityNoises   = []float64{0.02, 0.2, 1}
	capacityHorizons = []struct {
		name string
		days float64
		wild bool // for what is wild, others for all else
	}{{"6h", 0.25, false}, {"1d", 1, false}, {"3d", 3, false}, {"7d", 7, false}, {"2h", 2 * hourOfDay, true}, {"5h", 5 * hourOfDay, true}, {"12h", 12 * hourOfDay, true}}
	// onsetHours are those after the onset of sudden growth at which questions are asked,
	// wildHours those after the onset of wild growth.
	onsetHours = []float64{1, 2, 4, 8, 16, 32}
	wildHours  = []float64{0.5, 1, 1.5, 2, 4, 8}
)

// life is one made-up series: samples of a filling with noise, at a step. What falls is
// the room that is left.
type life struct {
	filling
	step    int     // seconds
	noise   float64 // standard deviation in percent
	falls   bool
	clean   func(day float64) float64 // in percent, rising
	onset   float64                   // day
	samples []telemetry.Sample
}

// lives calls do with one series after another, n of each kind whose name holds one of
// some texts, step, noise and
// direction; of what is exact only that which falls, without noise, and of what is wild
// none with a long step.
func lives(n int, kinds []string, do func(*life)) {
	for k, f := range fillings {
		for _, step := range capacitySteps {
			if f.wild && step > wildStep || !slices.ContainsFunc(kinds, func(k string) bool { return strings.Contains(f.name, k) }) {
				continue
			}
			for c, noise := range capacityNoises {
				for i := range 2 * n {
					if f.exact && (c > 0 || i%2 == 0) {
						continue
					}
					l := &life{filling: f, step: step, noise: noise, falls: i%2 == 1}
					if f.exact {
						l.noise = 0
					}
					r := rand.New(rand.NewPCG(uint64(k*100+c), uint64(i*4000+step)))
					l.clean, l.onset = f.make(r)
					l.live(r)
					do(l)
				}
			}
		}
	}
}

// live makes the samples.
func (l *life) live(r *rand.Rand) {
	rows := lifeDays * 86400 / l.step
	shift := r.Int64N(86400) // where in the day and hour it begins
	l.samples = make([]telemetry.Sample, rows)
	for i := range rows {
		v := l.clean(float64(i*l.step)/86400) + l.noise*r.NormFloat64()
		if !l.exact {
			v = max(v, 0)
		}
		l.samples[i] = telemetry.Sample{T: 1_700_000_000_000 + shift*1000 + int64(i*l.step)*1000, V: l.shown(v)}
	}
}

// shown returns what a series shows of a value in percent: itself, or the bytes that are
// free of a terabyte; of what is exact, the seconds that are left of two hundred days.
func (l *life) shown(v float64) float64 {
	switch {
	case l.exact:
		return (200 - v) * 86400
	case l.falls:
		return (1000 - v) * 1e9
	}
	return v
}

// day returns the time of a row in days since the first.
func (l *life) day(row int) float64 { return float64(row*l.step) / 86400 }

// question is one about when a threshold is reached that truly is after so many days.
type question struct {
	row       int
	horizon   int // index into capacityHorizons
	threshold float64
	days      float64
}

// questions returns what is asked of a series that fills, by row. The threshold is the
// highest that it comes to within the horizon: clear of noise, not reached in the days
// before, and not before half of the horizon.
func (l *life) questions() []question {
	var at []float64
	for d := float64(quietDays); d < lifeDays; d += askEvery {
		at = append(at, d)
	}
	if l.filling.onset {
		at = at[:0]
		for _, hours := range l.hours() {
			at = append(at, l.onset+hours*hourOfDay)
		}
	}
	var out []question
	for _, d := range at {
		row := int(d * 86400 / float64(l.step))
		now, before := l.day(row), math.Inf(-1)
		for x := now; x >= max(0, now-max(l.past, 2)); x -= truthStep {
			before = max(before, l.clean(x))
		}
		for h, horizon := range capacityHorizons {
			if horizon.wild != l.wild {
				continue
			}
			most, days := math.Inf(-1), 0.0
			for x := truthStep; x <= horizon.days; x += truthStep {
				if v := l.clean(now + x); v > most {
					most, days = v, x
				}
			}
			if days > horizon.days/2 && most-before > 3*l.noise {
				out = append(out, question{row, h, l.shown(most), days})
			}
		}
	}
	return out
}

// hours are those after the onset at which questions are asked.
func (l *life) hours() []float64 {
	if l.wild {
		return wildHours
	}
	return onsetHours
}

// beyond returns a threshold that a calm series stays clear of for days.
func (l *life) beyond() float64 {
	least, most := math.Inf(1), math.Inf(-1)
	for x := 0.0; x < lifeDays+aheadDays; x += truthStep {
		v := l.clean(x)
		least, most = min(least, v), max(most, v)
	}
	room := 3 + 5*l.noise
	if !l.near {
		room += 0.3 * (most - least)
	}
	return l.shown(most + room)
}
