package main

import (
	"math"
	"math/rand/v2"
)

// filling makes what fills up, or looks as if it would. The value it returns is that
// without noise, on a day since the series began, in percent of what there is room for;
// it is asked about times in any order.
type filling struct {
	name string
	// onset says that growth begins suddenly: questions are asked in its first hours,
	// on the day that make returns.
	onset bool
	// wild is such growth that fills up within hours: it is asked sooner, for nearer times.
	wild bool
	// calm says that nothing will be full within days: whatever foretells so is wrong.
	calm bool
	// near is what is calm close to the threshold.
	near bool
	// exact is what tells its time without any noise, as the seconds until a date.
	exact bool
	// past is for how many days before a question the threshold must not have been
	// reached; 2 if it is 0.
	past float64
	make func(r *rand.Rand) (value func(day float64) float64, onset float64)
}

// fillings are the kinds of the bench capacity. Each is watched as used percent, which
// rise, and as free bytes, which fall: see lives.
var fillings = []filling{
	{name: "even", make: always(func(r *rand.Rand) func(float64) float64 {
		rate := evenly(r, 0.8, 3)
		return func(d float64) float64 { return 30 + rate*d }
	})},
	{name: "daily rhythm", make: always(func(r *rand.Rand) func(float64) float64 {
		rate, phase, depth := evenly(r, 0.8, 3), r.Float64(), evenly(r, 0.6, 1)
		return func(d float64) float64 { return 30 + rate*(d+depth*math.Sin(2*math.Pi*(d-phase))/(2*math.Pi)) }
	})},
	{name: "working days", make: always(func(r *rand.Rand) func(float64) float64 {
		rate, phase := evenly(r, 0.8, 3), 7*r.Float64()
		return func(d float64) float64 {
			weeks, day := wholes((d + phase) / 7)
			return 30 + rate*(5.2*weeks+min(7*day, 5)+0.1*max(7*day-5, 0))
		}
	})},
	{name: "swing of the day", make: always(func(r *rand.Rand) func(float64) float64 {
		rate, phase, size := evenly(r, 0.8, 3), r.Float64(), evenly(r, 2, 8)
		return func(d float64) float64 { return 30 + rate*d + size*math.Sin(2*math.Pi*(d-phase)) }
	})},
	{name: "nightly steps", make: always(func(r *rand.Rand) func(float64) float64 {
		rate, phase := evenly(r, 0.8, 3), r.Float64()
		return func(d float64) float64 { return 30 + 0.1*rate*d + 0.9*rate*math.Floor(d+phase) }
	})},
	{name: "nightly teeth", make: always(teeth(1, 1))},
	{name: "weekly teeth", past: 8, make: always(teeth(7, 0.3))},
	{name: "exponential", make: always(func(r *rand.Rand) func(float64) float64 {
		days := evenly(r, 8, 20)
		return func(d float64) float64 { return 10 * math.Exp(d/days) }
	})},
	{name: "resized", make: always(func(r *rand.Rand) func(float64) float64 {
		rate, at, larger := evenly(r, 0.8, 3), evenly(r, 5, 16), evenly(r, 1.2, 2)
		return func(d float64) float64 {
			if d < at {
				return 30 + rate*d
			}
			return (30 + rate*d) / larger
		}
	})},
	{name: "cleaned by hand", make: always(func(r *rand.Rand) func(float64) float64 {
		rate, at := evenly(r, 0.8, 3), evenly(r, 9, 14)
		return func(d float64) float64 {
			if d >= at {
				d -= 0.8 * at
			}
			return 30 + rate*d
		}
	})},
	{name: "expires", exact: true, make: always(func(r *rand.Rand) func(float64) float64 {
		return func(d float64) float64 { return d }
	})},
	{name: "sudden growth", onset: true, make: func(r *rand.Rand) (func(float64) float64, float64) {
		at, rate := evenly(r, 6, 15), math.Exp(evenly(r, math.Log(2), math.Log(20)))
		return func(d float64) float64 { return 30 + rate*max(d-at, 0) }, at
	}},
	{name: "sudden in a rhythm", onset: true, make: func(r *rand.Rand) (func(float64) float64, float64) {
		at, rate, phase := evenly(r, 6, 15), math.Exp(evenly(r, math.Log(4), math.Log(20))), r.Float64()
		return func(d float64) float64 { return 30 + rate*max(d-at, 0) + 2*math.Sin(2*math.Pi*(d-phase)) }, at
	}},
	{name: "grows faster", onset: true, make: func(r *rand.Rand) (func(float64) float64, float64) {
		at, rate, times := evenly(r, 6, 15), evenly(r, 0.4, 1), evenly(r, 4, 15)
		return func(d float64) float64 { return 30 + rate*(d+(times-1)*max(d-at, 0)) }, at
	}},
	{name: "lag", onset: true, make: func(r *rand.Rand) (func(float64) float64, float64) {
		at, rate := evenly(r, 6, 15), evenly(r, 5, 50)
		return func(d float64) float64 { return 1 + rate*max(d-at, 0) }, at
	}},

	{name: "steady", calm: true, make: always(func(*rand.Rand) func(float64) float64 {
		return func(float64) float64 { return 60 }
	})},
	{name: "calm swing", calm: true, make: always(func(r *rand.Rand) func(float64) float64 {
		phase, size := r.Float64(), evenly(r, 5, 20)
		return func(d float64) float64 { return 60 + size*math.Sin(2*math.Pi*(d-phase)) }
	})},
	{name: "calm nightly teeth", calm: true, make: always(teeth(1, 0))},
	{name: "calm weekly teeth", calm: true, make: always(teeth(7, 0))},
	{name: "teeth of hours", calm: true, make: always(teeth(0.2, 0))},
	{name: "restarts", calm: true, make: always(restarted)},
	{name: "one step", calm: true, make: always(func(r *rand.Rand) func(float64) float64 {
		at, size, takes := evenly(r, 6, 18), evenly(r, 5, 20), evenly(r, 0.003, 0.25)
		return func(d float64) float64 { return 40 + size*min(max((d-at)/takes, 0), 1) }
	})},
	{name: "nightly job", calm: true, make: always(func(r *rand.Rand) func(float64) float64 {
		phase, size, takes := r.Float64(), evenly(r, 5, 20), evenly(r, 0.04, 0.2)
		return func(d float64) float64 {
			if _, day := wholes(d + phase); day < takes {
				return 40 + size*day/takes
			}
			return 40
		}
	})},
	{name: "growth that stops", calm: true, make: always(func(r *rand.Rand) func(float64) float64 {
		at, takes, rate := evenly(r, 3, 9), evenly(r, 4, 8), evenly(r, 1, 3)
		return func(d float64) float64 { return 30 + rate*min(max(d-at, 0), takes) }
	})},
	{name: "slow growth", calm: true, make: always(func(r *rand.Rand) func(float64) float64 {
		rate := evenly(r, 0.1, 0.5)
		return func(d float64) float64 { return 30 + rate*d }
	})},
	{name: "large step", calm: true, near: true, make: always(func(r *rand.Rand) func(float64) float64 {
		at, size := evenly(r, 3, 18), math.Exp(evenly(r, math.Log(5), math.Log(60)))
		return func(d float64) float64 {
			if d < at {
				return 20
			}
			return 20 + size
		}
	})},
	{name: "runs wild", onset: true, wild: true, make: wild(0)},
	{name: "wild in a rhythm", onset: true, wild: true, make: wild(2)},
	{name: "jobs at any time", calm: true, make: always(jobs)},
	{name: "strays", calm: true, make: always(strays)},
}

// always makes a filling without an onset.
func always(f func(r *rand.Rand) func(float64) float64) func(*rand.Rand) (func(float64) float64, float64) {
	return func(r *rand.Rand) (func(float64) float64, float64) { return f(r), 0 }
}

// teeth is a rise that is taken back each so many days, but for trend of what it
// would be a day.
func teeth(days, trend float64) func(r *rand.Rand) func(float64) float64 {
	return func(r *rand.Rand) func(float64) float64 {
		phase, size, rate := r.Float64(), evenly(r, 4, 20), trend*evenly(r, 0.8, 3)
		return func(d float64) float64 {
			_, part := wholes(d/days + phase)
			return 30 + size*part + rate*d
		}
	}
}

// restarted is memory that grows until a process is started again, which is when
// somebody deploys: after half a day to three days.
func restarted(r *rand.Rand) func(float64) float64 {
	rate := evenly(r, 2, 6)
	var at []float64
	for d := 0.0; d < lifeDays+aheadDays; d += evenly(r, 0.5, 3) {
		at = append(at, d)
	}
	return func(d float64) float64 {
		last := 0.0
		for _, x := range at {
			if x <= d {
				last = x
			}
		}
		return 30 + rate*(d-last)
	}
}

// wild is growth by 1 to 12 percent an hour, as of a log that nobody rotates, for two days
// in a day that swings by so much.
func wild(size float64) func(r *rand.Rand) (func(float64) float64, float64) {
	return func(r *rand.Rand) (func(float64) float64, float64) {
		at, rate, phase := evenly(r, 6, 15), 24*math.Exp(evenly(r, 0, math.Log(12))), r.Float64()
		return func(d float64) float64 {
			return 30 + rate*min(max(d-at, 0), 2) + size*math.Sin(2*math.Pi*(d-phase))
		}, at
	}
}

// jobs take room for one to five hours and give it back, once in a day and a half to five
// days at no time of day that is known.
func jobs(r *rand.Rand) func(float64) float64 {
	type job struct{ at, takes, size float64 }
	var all []job
	for d := evenly(r, 0, 3); d < lifeDays+aheadDays; d += evenly(r, 1.5, 5) {
		all = append(all, job{d, evenly(r, 0.04, 0.2), evenly(r, 5, 20)})
	}
	return func(d float64) float64 {
		for _, j := range all {
			if d >= j.at && d < j.at+j.takes {
				return 40 + j.size*(d-j.at)/j.takes
			}
		}
		return 40
	}
}

// strays is a walk that comes back to its mean within some hours.
func strays(r *rand.Rand) func(float64) float64 {
	size, hours := evenly(r, 2, 8), evenly(r, 3, 12)
	keep := math.Exp(-24 * truthStep / hours)
	at := make([]float64, int((lifeDays+aheadDays)/truthStep)+2)
	for i := range at {
		at[i] = r.NormFloat64()
		if i > 0 {
			at[i] = keep*at[i-1] + math.Sqrt(1-keep*keep)*at[i]
		}
	}
	return func(d float64) float64 {
		i, part := wholes(d / truthStep)
		return 50 + size*((1-part)*at[int(i)]+part*at[int(i)+1])
	}
}

// wholes takes a number apart into its whole and the rest.
func wholes(x float64) (whole, rest float64) {
	whole = math.Floor(x)
	return whole, x - whole
}

func evenly(r *rand.Rand, from, to float64) float64 { return from + (to-from)*r.Float64() }
