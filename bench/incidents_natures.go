package main

import (
	"math"
	"math/rand/v2"
)

// incidentNature is a kind of series to which something happens. make returns its next
// value, from the seconds since it began (00:00 UTC), the seconds that one sample is from
// the next, and whether the incident has begun.
type incidentNature struct {
	name    string
	counter bool
	make    func(r *rand.Rand) func(second, step int, odd bool) float64
}

// plainly is a kind whose values depend on nothing before them.
func plainly(name string, value func(r *rand.Rand, second int, odd bool) float64) incidentNature {
	return incidentNature{name, false, func(r *rand.Rand) func(int, int, bool) float64 {
		return func(second, _ int, odd bool) float64 { return value(r, second, odd) }
	}}
}

// countsOf is of Poisson counts that are so many times as many in the incident.
func countsOf(name string, mean, times float64) incidentNature {
	return plainly(name, func(r *rand.Rand, _ int, odd bool) float64 { return poisson(r, mean*during(odd, 1, times)) })
}

// totalOf is of the sum of Poisson counts of a rate, by the second.
func totalOf(name string, rate, times float64) incidentNature {
	return incidentNature{name, true, func(r *rand.Rand) func(int, int, bool) float64 {
		sum := 0.0
		return func(_, step int, odd bool) float64 {
			sum += poisson(r, rate*float64(step)*during(odd, 1, times))
			return sum
		}
	}}
}

// partOf is of traffic of a day, ten times as much at noon as at night, with noise that is a
// part of it.
func partOf(name string, noise, times float64) incidentNature {
	return plainly(name, func(r *rand.Rand, second int, odd bool) float64 {
		return during(odd, 1, times) * (60 - 50*math.Cos(dayAngle(second))) * (1 + noise*r.NormFloat64())
	})
}

func during(odd bool, before, then float64) float64 {
	if odd {
		return then
	}
	return before
}

var incidentNatures = []incidentNature{
	plainly("noise, 8 deviations up", func(r *rand.Rand, _ int, odd bool) float64 { return 100 + 5*r.NormFloat64() + during(odd, 0, 40) }),
	plainly("noise, 5 up", func(r *rand.Rand, _ int, odd bool) float64 { return 100 + 5*r.NormFloat64() + during(odd, 0, 25) }),
	plainly("noise, 8 down", func(r *rand.Rand, _ int, odd bool) float64 { return 100 + 5*r.NormFloat64() - during(odd, 0, 40) }),
	plainly("noise, none", func(r *rand.Rand, _ int, odd bool) float64 { return during(odd, 100+5*r.NormFloat64(), 0) }),
	plainly("noise, five times the noise", func(r *rand.Rand, _ int, odd bool) float64 { return 100 + during(odd, 5, 25)*r.NormFloat64() }),
	{"noise, stuck", false, func(r *rand.Rand) func(int, int, bool) float64 {
		x := 0.0
		return func(_, _ int, odd bool) float64 {
			if !odd {
				x = 100 + 5*r.NormFloat64()
			}
			return x
		}
	}},
	{"noise correlated by .95, 8 up", false, func(r *rand.Rand) func(int, int, bool) float64 {
		x := 0.0
		return func(_, _ int, odd bool) float64 {
			x = 0.95*x + 0.31*r.NormFloat64()
			return 100 + 5*x + during(odd, 0, 40)
		}
	}},
	{"a level that wanders, 30 steps up", false, func(r *rand.Rand) func(int, int, bool) float64 {
		x := 0.0
		return func(_, _ int, odd bool) float64 {
			x = 0.999*x + r.NormFloat64()
			return 100 + x + during(odd, 0, 30)
		}
	}},
	plainly("a day, 8 deviations up", func(r *rand.Rand, second int, odd bool) float64 {
		return 125 - 25*math.Cos(dayAngle(second)) + 3*r.NormFloat64() + during(odd, 0, 24)
	}),
	partOf("a tenth of a day's traffic as noise, thrice", 0.1, 3),
	partOf("the same, twice", 0.1, 2),
	partOf("the same, none", 0.1, 0),
	partOf("a fifth, thrice", 0.2, 3),
	plainly("1, 2 or 3, then 9", func(r *rand.Rand, _ int, odd bool) float64 { return during(odd, float64(1+r.IntN(3)), 9) }),
	plainly("1, 2 or 3, then 5", func(r *rand.Rand, _ int, odd bool) float64 { return during(odd, float64(1+r.IntN(3)), 5) }),
	plainly("always 1, then 0", func(_ *rand.Rand, _ int, odd bool) float64 { return during(odd, 1, 0) }),
	plainly("always 5, then 6", func(_ *rand.Rand, _ int, odd bool) float64 { return during(odd, 5, 6) }),
	plainly("1, and 0 once in a thousand, then 0", func(r *rand.Rand, _ int, odd bool) float64 {
		return during(odd || r.IntN(1000) == 0, 1, 0)
	}),
	plainly("0, and 2 % about 10, then 40", func(r *rand.Rand, _ int, odd bool) float64 {
		return during(odd, during(r.IntN(50) == 0, 0, 10*r.ExpFloat64()), 40)
	}),
	plainly("0, and 2 % about 10, then each", func(r *rand.Rand, _ int, odd bool) float64 {
		return during(odd || r.IntN(50) == 0, 0, 10*r.ExpFloat64())
	}),
	plainly("log-normal of .5, five times", func(r *rand.Rand, _ int, odd bool) float64 {
		return during(odd, 1, 5) * math.Exp(0.5*r.NormFloat64())
	}),
	plainly("log-normal of 1, ten times", func(r *rand.Rand, _ int, odd bool) float64 {
		return during(odd, 1, 10) * math.Exp(r.NormFloat64())
	}),
	countsOf("a tenth of a count, twenty times", 0.1, 20),
	countsOf("1 count, five times", 1, 5),
	countsOf("5 counts, thrice", 5, 3),
	countsOf("5 counts, none", 5, 0),
	countsOf("50 counts, twice", 50, 2),
	countsOf("50 counts, half", 50, 0.5),
	totalOf("50 a second as a total, twice", 50, 2),
	totalOf("50 a second as a total, none", 50, 0),
	totalOf("one in 5 s as a total, five times", 0.2, 5),
	totalOf("one in 5 s as a total, none", 0.2, 0),
	totalOf("one in 17 min as a total, 500 times", 0.001, 500),
}
