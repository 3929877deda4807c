package resolving

import (
	"fmt"
	"math"
	"time"
)

// Case is a past incident, or one that goes on, as far as one stage of it goes.
type Case struct {
	Service    string
	Severity   string
	Similarity float64       // to the incident that is looked at, in [0, 1]
	Lasted     time.Duration // of the stage; not above zero: the case says nothing
	Open       bool          // it goes on: it lasts at least so long
}

// Asked is the incident that is looked at.
type Asked struct {
	Service  string
	Severity string
	Elapsed  time.Duration // since the stage began
}

// Forecast is how long a stage lasts. Quantiles are of the whole stage, given that
// it has lasted for Elapsed already, and zero when Reason says why they are not
// known.
type Forecast struct {
	P50, P80, P95 time.Duration
	BasedOn       int // comparable incidents that have ended
	Reason        string
}

// Known reports whether there are quantiles.
func (f Forecast) Known() bool { return f.Reason == "" }

// Remaining returns what is left of a quantile after some time.
func Remaining(q, elapsed time.Duration) time.Duration { return max(q-elapsed, 0) }

const (
	// Least is how many comparable incidents are asked for.
	Least = 5
	// kaplanFrom is from how many on their own distribution counts.
	kaplanFrom = 20
	// similarFrom is the similarity from which a case is comparable for its likeness.
	similarFrom = 0.5
	neighbours  = 15
	longest     = 90 * 24 * time.Hour
	shortest    = time.Second
	leastLeft   = 1e-9 // of all: an incident that old is unlike those before

	// What a case counts in the distribution of its own, by what it has in common.
	countsService  = 1.0
	countsSeverity = 0.3
	countsOther    = 0.1
)

// Predict tells how long a stage will last in all, from past cases in any order.
// It takes O(n log n).
func Predict(a Asked, past []Case) Forecast {
	var f Forecast
	var all, severity, service, near []observation
	kin := make([]observation, 0, len(past))
	for _, c := range past {
		if c.Lasted <= 0 {
			continue
		}
		o := observation{x: math.Log(math.Max(c.Lasted.Seconds(), 1)), weight: 1, censored: c.Open}
		all = append(all, o)
		comparable, counts := false, countsOther
		if c.Severity == a.Severity {
			severity, comparable, counts = append(severity, o), true, countsSeverity
		}
		if c.Service == a.Service && a.Service != "" {
			service, comparable, counts = append(service, o), true, countsService
		}
		if c.Similarity >= similarFrom {
			comparable = true
			o.weight = c.Similarity
			near = append(near, o)
			counts += c.Similarity
		}
		if comparable && !c.Open {
			f.BasedOn++
		}
		o.weight = counts
		kin = append(kin, o)
	}
	if f.BasedOn < Least {
		f.Reason = fmt.Sprintf("not enough history: %d comparable incidents have ended, want at least %d", f.BasedOn, Least)
		return f
	}
	model := shrunk(lognormal{firstMu, firstSigma}, priorFirst, all)
	model = shrunk(model, prior, severity)
	model = shrunk(model, prior, service)
	model = shrunk(model, prior, heaviest(near, neighbours))
	left := model.survival
	if n := effective(kin); n >= kaplanFrom && f.BasedOn >= kaplanFrom {
		// As if prior incidents of the model had been seen beside the n: the
		// posterior mean of Susarla and Van Ryzin, "Nonparametric Bayesian
		// Estimation of Survival Curves from Incomplete Observations", 1976.
		own := kaplanMeier(kin)
		left = func(t float64) float64 { return (prior*model.survival(t) + n*own.survival(t)) / (prior + n) }
	}
	now := left(a.Elapsed.Seconds())
	if now < leastLeft {
		f.Reason = fmt.Sprintf("it has lasted %s, longer than any of %d comparable incidents lets expect", a.Elapsed.Round(time.Minute), f.BasedOn)
		return f
	}
	f.P50 = quantile(left, now*0.50, a.Elapsed)
	f.P80 = quantile(left, now*0.20, a.Elapsed)
	f.P95 = quantile(left, now*0.05, a.Elapsed)
	return f
}

// quantile returns the time after which no more than so much is left, to the
// second: the root of a falling function between elapsed and longest.
func quantile(left func(float64) float64, share float64, elapsed time.Duration) time.Duration {
	low, high := math.Max(elapsed.Seconds(), shortest.Seconds()), longest.Seconds()
	if left(low) <= share {
		return max(elapsed, shortest)
	}
	if low >= high || left(high) > share {
		return max(longest, elapsed)
	}
	for range 60 {
		if mid := math.Sqrt(low * high); left(mid) > share {
			low = mid
		} else {
			high = mid
		}
		if high-low < 0.5 {
			break
		}
	}
	return time.Duration(math.Round(high)) * time.Second
}

// heaviest returns the n observations of the largest weight; of equals the first.
func heaviest(all []observation, n int) []observation {
	if len(all) <= n {
		return all
	}
	out := make([]observation, 0, n)
	used := make([]bool, len(all))
	for range n {
		best := -1
		for i, o := range all {
			if !used[i] && (best < 0 || o.weight > all[best].weight) {
				best = i
			}
		}
		used[best] = true
		out = append(out, all[best])
	}
	return out
}
