package demo

import (
	"math"
	"math/rand/v2"
)

// wander is noise with a memory: an Ornstein-Uhlenbeck process around zero
// whose standard deviation is sigma and whose memory fades over tau seconds.
type wander struct {
	sigma, tau, value float64
}

// step moves the noise dt seconds on and returns it.
func (w *wander) step(r *rand.Rand, dt float64) float64 {
	keep := math.Exp(-dt / w.tau)
	w.value = w.value*keep + w.sigma*math.Sqrt(1-keep*keep)*r.NormFloat64()
	return w.value
}

// poisson draws how many events happen when mean are expected. It returns 0
// for a mean that is not positive.
func poisson(r *rand.Rand, mean float64) float64 {
	if !(mean > 0) {
		return 0
	}
	if mean > 50 {
		return math.Max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	limit, p, k := math.Exp(-mean), r.Float64(), 0.0
	for p > limit {
		p *= r.Float64()
		k++
	}
	return k
}

// binomial draws how many of n trials succeed, each with probability p. The
// result is a whole number in [0, n].
func binomial(r *rand.Rand, n, p float64) float64 {
	switch {
	case n <= 0 || !(p > 0):
		return 0
	case p >= 1:
		return n
	case p > 0.5:
		return n - binomial(r, n, 1-p)
	case n*p < 30:
		return math.Min(n, poisson(r, n*p))
	}
	k := math.Round(n*p + math.Sqrt(n*p*(1-p))*r.NormFloat64())
	return math.Min(n, math.Max(0, k))
}

// below returns the share of a log-normal distribution with the given median
// and sigma that lies at or below x.
func below(x, median, sigma float64) float64 {
	return 0.5 * math.Erfc(-math.Log(x/median)/(sigma*math.Sqrt2))
}
