package rca

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Weights are what people's words on earlier rankings have taught: by how much each
// term counts more or less than it would, and how far the probabilities can be
// trusted. The zero value changes nothing. It is not changed once it is in use.
type Weights struct {
	Multipliers map[string]float64 `json:"multipliers,omitempty"` // by Term.Name; 1 when absent, above zero
	Slope       float64            `json:"slope,omitempty"`       // of all log odds; 0 counts as 1
	Offset      float64            `json:"offset,omitempty"`      // added to the log odds of changes, and not to those of "no recent change fits"
	Curve       []Step             `json:"curve,omitempty"`       // probabilities as they turned out; nil: as they are
}

// Step says what probabilities of at least From turned out to be, up to the next
// step.
type Step struct {
	From        float64 `json:"from"`
	Probability float64 `json:"probability"`
}

// of returns by how much a term counts.
func (w Weights) of(name string) float64 {
	if m, ok := w.Multipliers[name]; ok && m > 0 && finite(m) {
		return m
	}
	return 1
}

func (w Weights) slope() float64 {
	if w.Slope > 0 && finite(w.Slope) {
		return w.Slope
	}
	return 1
}

// Raw is the term as it was before weights.
func (t Term) Raw() float64 {
	if t.Weight > 0 {
		return t.Points / t.Weight
	}
	return t.Points
}

// summed weighs the terms of a finding, whose points must be raw, and sums them up.
func summed(f Finding, w Weights) Finding {
	f.LogOdds = 0
	for i := range f.Terms {
		t := &f.Terms[i]
		if m := w.of(t.Name); m != 1 {
			t.Points, t.Weight = t.Points*m, m
		}
		f.LogOdds += t.Points
	}
	return f
}

// spread turns log odds into probabilities that sum to 1, and orders the rows by
// them. rows is not empty and sorted.
func spread(rows []Finding, w Weights) {
	odds := make([]float64, len(rows))
	most := math.Inf(-1)
	for i, f := range rows {
		odds[i] = w.slope() * f.LogOdds
		if f.Change != nil {
			odds[i] += w.Offset
		}
		most = max(most, odds[i])
	}
	sum := 0.0
	for i := range rows {
		rows[i].Probability = math.Exp(odds[i] - most)
		sum += rows[i].Probability
	}
	for i := range rows {
		rows[i].Probability /= sum
	}
	w.correct(rows)
	if w.Slope != 0 || w.Offset != 0 || w.Curve != nil {
		slices.SortStableFunc(rows, func(a, b Finding) int { return cmp.Compare(b.Probability, a.Probability) })
	}
}

// correct replaces probabilities by what such ones turned out to be.
func (w Weights) correct(rows []Finding) {
	if len(w.Curve) == 0 {
		return
	}
	sum := 0.0
	for i := range rows {
		at := sort.Search(len(w.Curve), func(k int) bool { return w.Curve[k].From > rows[i].Probability })
		rows[i].Probability = w.Curve[max(at-1, 0)].Probability
		sum += rows[i].Probability
	}
	for i := range rows {
		if sum > 0 {
			rows[i].Probability /= sum
		} else {
			rows[i].Probability = 1 / float64(len(rows))
		}
	}
}

// Reweigh returns the findings of a ranking as they would have been with other
// weights. The ranking is not changed. It must not be empty.
func Reweigh(old []Finding, w Weights) []Finding {
	out := slices.Clone(old)
	for i, f := range out {
		f.Terms = slices.Clone(f.Terms)
		for k, t := range f.Terms {
			f.Terms[k] = Term{Name: t.Name, Points: t.Raw(), Text: t.Text}
		}
		out[i] = summed(f, w)
	}
	slices.SortStableFunc(out, order)
	spread(out, w)
	return out
}
