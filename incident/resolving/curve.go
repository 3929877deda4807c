package resolving

import (
	"cmp"
	"math"
	"slices"
)

// curve is a weighted estimate of how many last longer than a time: a step at each
// end, after Kaplan and Meier, "Nonparametric Estimation from Incomplete
// Observations", 1958.
type curve struct {
	at   []float64 // log seconds, rising
	left []float64 // share that lasts longer
}

// kaplanMeier takes O(n log n). Of a tie, ends come before those that are censored.
func kaplanMeier(all []observation) curve {
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b observation) int {
		if a.x != b.x {
			return cmp.Compare(a.x, b.x)
		}
		switch {
		case a.censored == b.censored:
			return 0
		case a.censored:
			return 1
		}
		return -1
	})
	risk := 0.0
	for _, o := range sorted {
		risk += o.weight
	}
	var c curve
	left := 1.0
	for _, o := range sorted {
		if !o.censored && risk > 0 {
			left *= math.Max(1-o.weight/risk, 0)
			c.at, c.left = append(c.at, o.x), append(c.left, left)
		}
		risk -= o.weight
	}
	return c
}

// survival is the share that lasts longer than t seconds; after the last end it
// stays where it is.
func (c curve) survival(t float64) float64 {
	if t <= 0 {
		return 1
	}
	i, found := slices.BinarySearch(c.at, math.Log(t))
	for found && i+1 < len(c.at) && c.at[i+1] == c.at[i] {
		i++
	}
	if !found {
		i--
	}
	if i < 0 {
		return 1
	}
	return c.left[i]
}

// effective is how many equally weighted observations weigh as much.
func effective(all []observation) float64 {
	sum, squares := 0.0, 0.0
	for _, o := range all {
		sum += o.weight
		squares += o.weight * o.weight
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / squares
}
