package main

import (
	"math"
	"math/rand/v2"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// uneventfulKind is a kind of made-up series in which nothing happens, so that
// every alarm is a false one.
type uneventfulKind struct {
	name, about string
	step        int // seconds
	make        func(random *rand.Rand) func(row int) float64
}

// Of each kind so many series of so many weeks are watched, or of fewer rows.
const (
	uneventfulSeries = 20
	uneventfulWeeks  = 8
	uneventfulRows   = 20_000
)

var uneventful = []uneventfulKind{
	{"constant", "42 for ever", 300, func(*rand.Rand) func(int) float64 { return func(int) float64 { return 42 } }},
	{"zero", "0 for ever", 300, func(*rand.Rand) func(int) float64 { return func(int) float64 { return 0 } }},
	{"rare_ones", "0, one row in 50 is 1", 300, func(random *rand.Rand) func(int) float64 {
		return func(int) float64 { return chance(random, 0.02) }
	}},
	{"coin", "0 or 1 alike", 300, func(random *rand.Rand) func(int) float64 {
		return func(int) float64 { return chance(random, 0.5) }
	}},
	{"on_off", "0 or 1 for two hours on average", 300, func(random *rand.Rand) func(int) float64 {
		on := 0.0
		return func(int) float64 {
			if random.IntN(24) == 0 {
				on = 1 - on
			}
			return on
		}
	}},
	{"office_hours", "1 from 8 to 18 o'clock, else 0", 300, func(*rand.Rand) func(int) float64 {
		return func(row int) float64 {
			if h := row / 12 % 24; h >= 8 && h < 18 {
				return 1
			}
			return 0
		}
	}},
	{"few_counts", "Poisson with mean 0.3", 300, func(random *rand.Rand) func(int) float64 {
		return func(int) float64 { return poisson(random, 0.3) }
	}},
	{"noise_1m", "normal noise each minute", 60, normal},
	{"noise", "normal noise each 5 minutes", 300, normal},
	{"noise_1h", "normal noise each hour", 3600, normal},
	{"sticky", "normal, correlated by .95 with the row before", 300, func(random *rand.Rand) func(int) float64 {
		x := 0.0
		return func(int) float64 {
			x = 0.95*x + random.NormFloat64()
			return 100 + x
		}
	}},
	{"heavy", "log-normal noise", 300, func(random *rand.Rand) func(int) float64 {
		return func(int) float64 { return math.Exp(random.NormFloat64()) }
	}},
	{"daily", "a daily sine with a twentieth of noise", 300, func(random *rand.Rand) func(int) float64 {
		return func(row int) float64 {
			return 100 + 20*math.Sin(2*math.Pi*float64(row%288)/288) + random.NormFloat64()
		}
	}},
	{"traffic", "Poisson with a daily mean of 2 to 40", 300, func(random *rand.Rand) func(int) float64 {
		return func(row int) float64 { return poisson(random, 21-19*math.Cos(2*math.Pi*float64(row%288)/288)) }
	}},
}

func normal(random *rand.Rand) func(int) float64 {
	return func(int) float64 { return 100 + random.NormFloat64() }
}

// series returns the n-th series of a kind, the same in every run.
func (k uneventfulKind) series(n int) *labelled {
	value := k.make(rand.New(rand.NewPCG(7, uint64(n))))
	l := &labelled{set: "made up", name: k.name, step: float64(k.step)}
	for i := range min(uneventfulRows, uneventfulWeeks*7*86400/k.step) {
		l.samples = append(l.samples, telemetry.Sample{T: 1_700_006_400_000 + int64(i)*int64(k.step)*1000, V: value(i)})
	}
	l.skip = max(len(l.samples)*15/100, 86400/k.step)
	return l
}

// watch counts the episodes that open at the default threshold in the scored
// rows of all series of a kind.
func (k uneventfulKind) watch(cfg detector.Config) effect {
	var e effect
	for n := range uneventfulSeries {
		l := k.series(n)
		_, opened := tocsinScores(cfg, l)
		for _, i := range opened {
			if i >= l.skip {
				e.alarms++
			}
		}
		e.weeks += l.weeks()
		e.rows += float64(len(l.samples) - l.skip)
	}
	return e
}

func chance(random *rand.Rand, p float64) float64 {
	if random.Float64() < p {
		return 1
	}
	return 0
}

// poisson draws a count with the given mean by multiplication of uniform numbers
// (D. E. Knuth, The Art of Computer Programming, volume 2, 3.4.1), where that is large a
// normal one, whose error is a hundredth of the deviation then.
func poisson(random *rand.Rand, mean float64) float64 {
	if mean > 200 {
		return max(math.Round(mean+math.Sqrt(mean)*random.NormFloat64()), 0)
	}
	n, product, floor := 0.0, random.Float64(), math.Exp(-mean)
	for product > floor {
		n++
		product *= random.Float64()
	}
	return n
}
