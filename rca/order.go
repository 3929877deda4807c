package rca

// pick moves the k-th smallest of x to place k, everything smaller before it and
// everything larger behind it, and returns it. x must hold no NaN, k must be a
// place of x. Hoare's selection with the median of three as pivot; O(n) for
// series as they come, O(n^2) for the worst.
func pick(x []float64, k int) float64 {
	lo, hi := 0, len(x)-1
	for lo < hi {
		mid := lo + (hi-lo)/2
		if x[mid] < x[lo] {
			x[mid], x[lo] = x[lo], x[mid]
		}
		if x[hi] < x[lo] {
			x[hi], x[lo] = x[lo], x[hi]
		}
		if x[hi] < x[mid] {
			x[hi], x[mid] = x[mid], x[hi]
		}
		pivot := x[mid]
		i, j := lo, hi
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for pivot < x[j] {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return x[k]
		}
	}
	return x[k]
}

// pickQuantile interpolates between order statistics (type 7) of an x that is not
// empty. It moves x's values.
func pickQuantile(x []float64, q float64) float64 {
	at := q * float64(len(x)-1)
	i := int(at)
	low := pick(x, i)
	f := at - float64(i)
	if i+1 >= len(x) || f == 0 {
		return low
	}
	high := x[i+1]
	for _, v := range x[i+2:] {
		high = min(high, v)
	}
	return low*(1-f) + high*f // a difference of large values could overflow
}
