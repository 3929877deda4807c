package watch

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// atLeast is the chance of a count of at least x of a negative binomial with this mean
// and variance; of Poisson if the variance is no larger than the mean.
func atLeast(x uint64, mean, variance float64) float64 {
	if x == 0 {
		return 1
	}
	if variance <= mean*1.000001 {
		return 1 - mathext.GammaIncRegComp(float64(x), mean) // P(X >= x) = P(x, mean)
	}
	size := mean * mean / (variance - mean)
	return mathext.RegIncBeta(float64(x), size, mean/(size+mean))
}

// atMost is the chance of a count of at most x.
func atMost(x uint64, mean, variance float64) float64 {
	if variance <= mean*1.000001 {
		return mathext.GammaIncRegComp(float64(x)+1, mean)
	}
	size := mean * mean / (variance - mean)
	return mathext.RegIncBeta(size, float64(x)+1, size/(size+mean))
}

// discoveries returns which chances are too small to be due to chance, so that of those
// that are returned at most the given share is, on average, in a family of n.
func discoveries(chances []float64, n int, share float64) []bool {
	order := make([]int, len(chances))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(chances[a], chances[b]) })
	last := -1
	for k, i := range order {
		if chances[i] <= share*float64(k+1)/float64(max(n, len(chances))) {
			last = k
		}
	}
	out := make([]bool, len(chances))
	for k := 0; k <= last; k++ {
		out[order[k]] = true
	}
	return out
}

// divergence is that of Jensen and Shannon between two counts by template, in bits: 0 for
// the same shares, 1 for nothing in common.
func divergence(a, b map[uint64]float64) float64 {
	var na, nb float64
	for _, n := range a {
		na += n
	}
	for _, n := range b {
		nb += n
	}
	if na == 0 || nb == 0 {
		return 0
	}
	sum := 0.0
	half := func(p, q float64) float64 {
		if p == 0 {
			return 0
		}
		return p * math.Log2(2*p/(p+q)) / 2
	}
	for id, n := range a {
		sum += half(n/na, b[id]/nb)
	}
	for id, n := range b {
		sum += half(n/nb, a[id]/na)
	}
	return min(max(sum, 0), 1)
}
