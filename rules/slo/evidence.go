package slo

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Evidence says how much bad of n events speak against a service that keeps to
// the share p of bad ones: n times the Kullback-Leibler divergence of bad/n from
// p. A service that keeps to p shows at least so many with a chance of at most
// e^-Evidence, whatever n is. From: W. Hoeffding, Probability Inequalities for
// Sums of Bounded Random Variables, JASA 58 (1963), theorem 1; H. Chernoff, Annals
// of Mathematical Statistics 23 (1952). It is 0 when n is 0 or the share is not
// above p.
//
// The bound is used instead of the exact tail, which is what a Clopper-Pearson
// interval inverts, because PromQL has a logarithm and no incomplete beta
// function, and because it errs on the quiet side: 2 of 5 at p = 0.1 % have an
// exact chance of 1e-5 and a bound of 3e-5. A Wilson interval errs on the other:
// its lower end for 1 of 5 is 2.8 % at 99 %, where the exact one is 0.2 %.
func Evidence(bad, n, p float64) float64 {
	if n <= 0 || bad/n <= p {
		return 0
	}
	r := bad / n
	e := r * math.Log(r/p)
	if r < 1 {
		e += (1 - r) * math.Log((1-r)/(1-p))
	}
	return n * e
}

// Interval returns the ends of the Clopper-Pearson interval for the share of bad
// events: the values that bad of n do not contradict at the confidence, such as
// 0.95. From: C. Clopper, E. Pearson, Biometrika 26 (1934). Counts need not be
// whole; with n of 0 it is 0 to 1.
func Interval(bad, n, confidence float64) (lower, upper float64) {
	if !(n > 0) {
		return 0, 1
	}
	bad = min(max(bad, 0), n)
	alpha := (1 - confidence) / 2
	upper = 1
	if bad > 0 {
		lower = mathext.InvRegIncBeta(bad, n-bad+1, alpha)
	}
	if bad < n {
		upper = mathext.InvRegIncBeta(bad+1, n-bad, 1-alpha)
	}
	return lower, upper
}
