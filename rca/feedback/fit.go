package feedback

import (
	"maps"
	"math"
	"slices"

	"github.com/tocsinhq/tocsin/rca"
)

// How a fit is held back.
const (
	// ridge is how many units of information the weights of the house count for:
	// about those of ten labels.
	ridge = 12.0
	// leastWeight and mostWeight bound what labels can make of a term.
	leastWeight, mostWeight = 0.25, 3.0
	leastSlope, mostSlope   = 0.25, 3.0
	mostOffset              = 3.0
	// isotonicFrom is from how many labels on the form of the calibration is free.
	isotonicFrom = 50
)

// Fit returns the weights that labels speak for: multipliers of terms, held back
// towards 1, then slope and offset of all log odds after Platt, "Probabilistic
// Outputs for Support Vector Machines", 1999. Those multipliers are fitted on the
// same labels; what they are worth is for Refit to say. Labels must be usable.
func Fit(labels []Label) rca.Weights { return fit(labels, rca.Weights{}) }

func fit(labels []Label, start rca.Weights) rca.Weights {
	names := terms(labels)
	center, from := make([]float64, len(names)), make([]float64, len(names))
	all := make([]choice, len(labels))
	for i, n := range names {
		center[i], from[i] = 1, 1
		if m, ok := start.Multipliers[n]; ok {
			from[i] = m
		}
	}
	for i, l := range labels {
		c := choice{chosen: l.Right, not: l.Wrong, base: make([]float64, len(l.Rows))}
		for _, f := range l.Rows {
			row := make([]float64, len(names))
			for _, t := range f.Terms {
				at, _ := slices.BinarySearch(names, t.Name)
				row[at] += t.Raw()
			}
			c.rows = append(c.rows, row)
		}
		all[i] = c
	}
	x := logit(all, center, ridge, from)
	w := rca.Weights{Multipliers: make(map[string]float64, len(names))}
	for i, n := range names {
		w.Multipliers[n] = math.Min(math.Max(x[i], leastWeight), mostWeight)
	}
	return platt(labels, w, start)
}

// platt adds slope and offset to weights.
func platt(labels []Label, w, start rca.Weights) rca.Weights {
	all := make([]choice, len(labels))
	for i, l := range labels {
		c := choice{chosen: l.Right, not: l.Wrong, base: make([]float64, len(l.Rows))}
		for _, f := range l.Rows {
			sum, change := 0.0, 0.0
			for _, t := range f.Terms {
				sum += t.Raw() * w.Multipliers[t.Name]
			}
			if f.Change != nil {
				change = 1
			}
			c.rows = append(c.rows, []float64{sum, change})
		}
		all[i] = c
	}
	from := []float64{1, 0}
	if start.Slope > 0 {
		from = []float64{start.Slope, start.Offset}
	}
	x := logit(all, []float64{1, 0}, ridge, from)
	w.Slope = math.Min(math.Max(x[0], leastSlope), mostSlope)
	w.Offset = math.Min(math.Max(x[1], -mostOffset), mostOffset)
	return w
}

// isotonic adds the curve of how often rows of a probability were right, by pooling
// of adjacent violators (Zadrozny and Elkan, "Transforming Classifier Scores into
// Accurate Multiclass Probability Estimates", 2002). Each step counts as if one row
// more had been right and one wrong, so that nothing is certain.
func isotonic(labels []Label, w rca.Weights) rca.Weights {
	type pool struct{ from, right, n float64 }
	var rows []pool
	for _, l := range labels {
		if l.Right < 0 {
			continue // which of the others was right is not known
		}
		name := NameOf(l.Rows[l.Right])
		for _, f := range rca.Reweigh(l.Rows, w) {
			x := pool{from: f.Probability, n: 1}
			if NameOf(f) == name {
				x.right = 1
			}
			rows = append(rows, x)
		}
	}
	slices.SortStableFunc(rows, func(a, b pool) int {
		switch {
		case a.from < b.from:
			return -1
		case a.from > b.from:
			return 1
		}
		return 0
	})
	var stack []pool
	for _, x := range rows {
		stack = append(stack, x)
		for n := len(stack); n > 1; n = len(stack) {
			a, b := stack[n-2], stack[n-1]
			if a.right/a.n < b.right/b.n && a.from < b.from {
				break
			}
			stack = append(stack[:n-2], pool{a.from, a.right + b.right, a.n + b.n})
		}
	}
	w.Curve = nil
	for i, x := range stack {
		if i == 0 {
			x.from = 0
		}
		p := (x.right + smoothing) / (x.n + 2*smoothing)
		if i > 0 {
			p = math.Max(p, w.Curve[i-1].Probability) // smoothing must not turn the order around
		}
		w.Curve = append(w.Curve, rca.Step{From: x.from, Probability: p})
	}
	return w
}

const smoothing = 0.5

// terms names the terms of all rows, in order.
func terms(labels []Label) []string {
	seen := map[string]bool{}
	for _, l := range labels {
		for _, f := range l.Rows {
			for _, t := range f.Terms {
				seen[t.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
