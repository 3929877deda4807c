package rca

import (
	"math"
	"time"
)

// onsetBack is how long before the onset that was told the trouble may have begun.
const onsetBack = 10 * time.Minute

// window returns the interval in which the trouble began, and the one in which it is
// looked for, which starts at the earlier end. The earlier end is where a symptom of
// the incident's service was first odd in two of three points and stayed so up to
// the onset that was told, less a step; the later one is the onset that was told. A
// rule that waits some minutes before it fires tells the onset late, and late is
// what a ranking cannot stand: the trouble would be in the baseline.
func (r *ranker) window() (began, looked span) {
	began = span{r.in.Onset.Add(-r.in.Step), r.in.Onset}
	back := span{r.in.Onset.Add(-onsetBack), r.in.Onset}
	quiet := span{back.from.Add(-time.Duration(r.cfg.Baseline)), back.from}
	for _, s := range r.of[r.in.Service] {
		if k := kindOf(s); k != kindErrors && k != kindLatency {
			continue
		}
		before, bad := s.values(quiet)
		during, _ := s.values(back)
		if len(before) < minBaseline || len(during) < minRecent {
			continue
		}
		largest := 0.0
		for _, x := range before {
			largest = max(largest, math.Abs(x))
		}
		for _, x := range during {
			largest = max(largest, math.Abs(x))
		}
		y := newYardstick(before, s.Unit, largest)
		at := firstOdd(s, y, back)
		if at.IsZero() {
			continue
		}
		since, _ := s.values(span{at, r.in.Onset.Add(time.Millisecond)})
		odd := 0
		for _, x := range since {
			if y.one(x, bad) >= noise {
				odd++
			}
		}
		if n := len(since); n >= minRecent && float64(odd) >= 0.8*float64(n) && y.one(since[n-1], bad) >= noise && at.Add(-r.in.Step).Before(began.from) {
			began.from = at.Add(-r.in.Step)
		}
	}
	return began, span{began.from, r.post.to}
}
