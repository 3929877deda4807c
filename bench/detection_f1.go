package main

import "math"

// delayF1 returns the pooled F1 over rows from..to of each series: an event is
// found if an alarm falls within its first eight rows, and then all its rows
// are true positives; false positives count by row.
func delayF1(set []*labelled, scores [][]float64, test bool, threshold float64) float64 {
	tp, fp, fn := 0, 0, 0
	for i, l := range set {
		from, to := l.skip, l.split
		if test {
			from, to = l.split, len(l.samples)
		}
		marked := make([]bool, len(l.samples))
		for _, e := range l.events {
			a, z := max(e.from, from), min(e.to, to-1)
			if a > z {
				continue
			}
			hit := false
			for j := a; j <= min(z, a+delayRows); j++ {
				hit = hit || scores[i][j] >= threshold
			}
			for j := a; j <= z; j++ {
				marked[j] = true
			}
			if hit {
				tp += z - a + 1
			} else {
				fn += z - a + 1
			}
		}
		for j := from; j < to; j++ {
			if !marked[j] && scores[i][j] >= threshold {
				fp++
			}
		}
	}
	return 2 * float64(tp) / float64(max(2*tp+fp+fn, 1))
}

// trainedDelayF1 picks the threshold with the best F1 on the train halves and
// returns its F1 on the test halves. Of thresholds that tie it is the one amid them: the
// highest is the lowest peak of the train half's events, which an event of the test half
// that is by a hair less odd does not reach; the lowest is by a hair above its noise.
func trainedDelayF1(set []*labelled, scores [][]float64) float64 {
	best, high, low, tie := -1.0, 0.0, 0.0, false
	for _, t := range thresholds(set, scores) {
		f := delayF1(set, scores, false, t)
		switch {
		case f > best:
			best, high, low, tie = f, t, t, true
		case f == best && tie:
			low = t
		default:
			tie = false
		}
	}
	// Down to the next score of the train halves nothing changes there.
	below := math.Inf(-1)
	for i, l := range set {
		for _, x := range scores[i][l.skip:l.split] {
			if x < low {
				below = max(below, x)
			}
		}
	}
	if !math.IsInf(below, -1) {
		low = below
	}
	return delayF1(set, scores, true, amid(low, high))
}

// amid returns the middle of two thresholds, above the lower, in powers of ten of the chance that they
// stand for, 1 minus a score; of scores that are no such chance in powers of themselves.
func amid(low, high float64) float64 {
	const digits = 1e-16 // of a score next to 1
	middle := (low + high) / 2
	switch {
	case high <= 1:
		middle = 1 - math.Sqrt((1-low)*max(1-high, digits))
	case low > 0:
		middle = math.Sqrt(low) * math.Sqrt(high)
	}
	if middle <= low {
		return high
	}
	return min(middle, high)
}
