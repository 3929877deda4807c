package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// bootstrapDraws is how many times families are drawn with replacement.
const bootstrapDraws = 1000

// familyCounts is what each threshold of a method does to each family.
type familyCounts struct {
	weeks, events []float64   // by family
	alarms, found [][]float64 // by threshold, then by family
}

// byFamily adds up the tallies of a curve over families, which it puts in the
// order of their names.
func (c curve) byFamily() familyCounts {
	var names []string
	for _, l := range c.set {
		names = append(names, l.family)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	f := familyCounts{weeks: make([]float64, len(names)), events: make([]float64, len(names))}
	index := make([]int, len(c.set))
	for i, l := range c.set {
		index[i], _ = slices.BinarySearch(names, l.family)
		f.weeks[index[i]] += l.weeks()
		f.events[index[i]] += float64(len(l.events))
	}
	for _, tallies := range c.tallies {
		alarms, found := make([]float64, len(names)), make([]float64, len(names))
		for i, t := range tallies {
			alarms[index[i]] += float64(t.falseAlarms)
			found[index[i]] += float64(t.found())
		}
		f.alarms, f.found = append(f.alarms, alarms), append(f.found, found)
	}
	return f
}

// recall returns the best recall at no more than rate false alarms a week over
// the families drawn.
func (f familyCounts) recall(draw []int, rate float64) float64 {
	weeks, events, most := 0.0, 0.0, 0.0
	for _, i := range draw {
		weeks += f.weeks[i]
		events += f.events[i]
	}
	if events == 0 {
		return 0
	}
	for k := range f.alarms {
		alarms, found := 0.0, 0.0
		for _, i := range draw {
			alarms += f.alarms[k][i]
			found += f.found[k][i]
		}
		if alarms <= rate*weeks {
			most = max(most, found)
		}
	}
	return most / events
}

// bootstrap returns the bounds within which 95 of 100 draws of families, with
// replacement, put the difference in recall at one false alarm a week between
// two methods on the same set. Each draw chooses each method's threshold anew.
// The draws are the same in every run.
func bootstrap(a, b curve, draws int) (low, high float64) {
	ours, theirs := a.byFamily(), b.byFamily()
	random := rand.New(rand.NewPCG(1, 2))
	draw := make([]int, len(ours.weeks))
	differences := make([]float64, draws)
	for d := range differences {
		for i := range draw {
			draw[i] = random.IntN(len(draw))
		}
		differences[d] = ours.recall(draw, 1) - theirs.recall(draw, 1)
	}
	slices.SortFunc(differences, cmp.Compare[float64])
	return quantile(differences, 0.025), quantile(differences, 0.975)
}
