package detector

import "math"

// gain is what a bucket and all below it have gained.
type gain struct {
	bound float64 // le
	count float64
}

// smallGain is the relative difference between neighbouring buckets that PromQL
// takes for an error of floating-point sums.
const smallGain = 1e-12

// smooth makes counts grow from bucket to bucket: what falls, or rises by next to
// nothing, stays at the bucket before. It is what PromQL's histogram_quantile
// does first, and doing it twice changes nothing.
func smooth(all []gain) {
	if len(all) == 0 {
		return
	}
	before := all[0].count
	for i := 1; i < len(all); i++ {
		n := all[i].count
		if n > before && (before == 0 || n-before >= smallGain*(n+before)) {
			before = n
			continue
		}
		all[i].count = before
	}
}

// bucketQuantile returns the quantile q in (0, 1) of smoothed counts in order of
// bounds, as histogram_quantile of PromQL does: linear within a bucket; the lowest
// begins at 0, or is its bound when that is not above 0; the highest is the bound
// below it. It is NaN when the last bound is not infinite, when there are fewer
// than two buckets, and when nothing was observed.
func bucketQuantile(q float64, all []gain) float64 {
	n := len(all)
	if n < 2 || !math.IsInf(all[n-1].bound, 1) || all[n-1].count == 0 {
		return math.NaN()
	}
	rank := q * all[n-1].count
	i := 0
	for i < n-1 && all[i].count < rank {
		i++
	}
	switch {
	case i == n-1:
		return all[n-2].bound
	case i == 0 && all[0].bound <= 0:
		return all[0].bound
	}
	start, count := 0.0, all[i].count
	if i > 0 {
		start = all[i-1].bound
		count -= all[i-1].count
		rank -= all[i-1].count
	}
	return start + (all[i].bound-start)*(rank/count)
}
