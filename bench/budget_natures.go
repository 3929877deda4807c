package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// budgetNature is a kind of service in which nothing happens. make returns the next
// value of its i-th series, from the seconds since it began (a Monday, 00:00 UTC) and
// from what all of its series share: a normal number that wanders by the row.
type budgetNature struct {
	name, about string
	counter     bool
	make        func(random *rand.Rand, i int) func(second int, common float64) float64
}

// plainNatures are those of one kind.
var plainNatures = []budgetNature{
	{"white", "normal noise, each series its own", false, func(r *rand.Rand, _ int) func(int, float64) float64 {
		return func(int, float64) float64 { return 100 + r.NormFloat64() }
	}},
	{"wandering", "correlated by .7 with the row before, a fifth of its variance shared", false, func(r *rand.Rand, _ int) func(int, float64) float64 {
		x := 0.0
		return func(_ int, common float64) float64 {
			x = 0.7*x + 0.71*r.NormFloat64()
			return 50 + x + 0.5*common
		}
	}},
	{"heavy", "Student's t of three degrees", false, func(r *rand.Rand, _ int) func(int, float64) float64 {
		return func(_ int, common float64) float64 { return 50 + student3(r) + 0.3*common }
	}},
	{"day", "a daily sine with a twentieth of noise", false, func(r *rand.Rand, _ int) func(int, float64) float64 {
		return func(second int, common float64) float64 {
			return 100 + 20*math.Sin(dayAngle(second)) + r.NormFloat64() + 0.5*common
		}
	}},
	{"traffic", "Poisson of 5 to 35 by day, half on Saturday and Sunday", false, func(r *rand.Rand, i int) func(int, float64) float64 {
		return func(second int, _ float64) float64 { return poisson(r, workingTraffic(second, i)) }
	}},
	{"counter", "a total of Poisson counts of 10 to 30 by day", true, func(r *rand.Rand, _ int) func(int, float64) float64 {
		total := 0.0
		return func(second int, _ float64) float64 {
			total += poisson(r, 20-10*math.Cos(dayAngle(second)))
			return total
		}
	}},
	{"few", "Poisson of 1 to 3 by day", false, func(r *rand.Rand, _ int) func(int, float64) float64 {
		return func(second int, _ float64) float64 { return poisson(r, 2-math.Cos(dayAngle(second))) }
	}},
}

var budgetNatures = append(slices.Clone(plainNatures),
	budgetNature{"mixed", "each series another of those above but counters, log-normal ones and replicas", false, mixedNature})

func mixedNature(r *rand.Rand, i int) func(int, float64) float64 {
	kinds := []int{0, 1, 2, 3, 4, 6}
	switch k := i % (len(kinds) + 2); k {
	case len(kinds):
		return func(_ int, common float64) float64 { return math.Exp(0.5*r.NormFloat64() + 0.1*common) }
	case len(kinds) + 1:
		replicas := 3.0
		return func(int, float64) float64 {
			if r.IntN(2000) == 0 {
				replicas = float64(2 + r.IntN(3))
			}
			return replicas
		}
	default:
		return plainNatures[kinds[k]].make(r, i)
	}
}

// dayAngle returns the angle of the time of day, 0 at midnight.
func dayAngle(second int) float64 { return 2 * math.Pi * float64(second%86400) / 86400 }

// workingTraffic is what the i-th series of a service expects at a time.
func workingTraffic(second, i int) float64 {
	mean := (20 - 15*math.Cos(dayAngle(second))) * (1 + 0.5*float64(i%3))
	if day := second / 86400 % 7; day >= 5 {
		mean /= 2
	}
	return mean
}

// student3 draws from Student's t distribution of three degrees.
func student3(r *rand.Rand) float64 {
	a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
	return r.NormFloat64() / math.Sqrt((a*a+b*b+c*c)/3)
}
