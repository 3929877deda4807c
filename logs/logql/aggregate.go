package logql

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// aggregate makes few series of many.
func (ev *evaluation) aggregate(x *VectorAgg, of []Series) []Series {
	groups := map[string][]Series{}
	labels := map[string]map[string]string{}
	for _, s := range of {
		l := x.groupOf(s.Labels)
		key := LabelKey(l)
		groups[key], labels[key] = append(groups[key], s), l
	}
	var out []Series
	for _, key := range sortedNames(groups) {
		if x.Op == "topk" || x.Op == "bottomk" {
			out = append(out, ev.extremes(x, groups[key])...)
			continue
		}
		values := ev.empty()
		for i := range values {
			values[i] = fold(x.Op, groups[key], i)
		}
		out = append(out, Series{labels[key], values})
	}
	if ev.steps == 1 && (x.Op == "topk" || x.Op == "bottomk") {
		slices.SortStableFunc(out, func(a, b Series) int { return x.order(a.Values[0], b.Values[0]) })
	}
	return out
}

// groupOf returns the labels that the series of a group share.
func (x *VectorAgg) groupOf(have map[string]string) map[string]string {
	out := map[string]string{}
	switch {
	case x.Group && x.Without:
		out = maps.Clone(have)
		for _, n := range x.Labels {
			delete(out, n)
		}
	case x.Group:
		for _, n := range x.Labels {
			if v, ok := have[n]; ok {
				out[n] = v
			}
		}
	}
	return out
}

// fold computes a point of a group, NaN if no series has one.
func fold(op string, of []Series, i int) float64 {
	n, sum, least, most := 0, 0.0, math.Inf(1), math.Inf(-1)
	for _, s := range of {
		v := s.Values[i]
		if math.IsNaN(v) {
			continue
		}
		n++
		sum += v
		least, most = min(least, v), max(most, v)
	}
	if n == 0 {
		return math.NaN()
	}
	switch op {
	case "sum":
		return sum
	case "avg":
		return sum / float64(n)
	case "min":
		return least
	case "max":
		return most
	default: // count
		return float64(n)
	}
}

// order compares by value, the wanted ones first.
func (x *VectorAgg) order(a, b float64) int {
	if x.Op == "topk" {
		a, b = b, a
	}
	return cmp.Compare(a, b)
}

// extremes keeps, at each step, the points of the highest or lowest series.
func (ev *evaluation) extremes(x *VectorAgg, of []Series) []Series {
	kept := make([][]float64, len(of))
	for i := range kept {
		kept[i] = ev.empty()
	}
	for step := range ev.steps {
		var at []int
		for i := range of {
			if !math.IsNaN(of[i].Values[step]) {
				at = append(at, i)
			}
		}
		slices.SortStableFunc(at, func(a, b int) int { return x.order(of[a].Values[step], of[b].Values[step]) })
		for _, i := range at[:min(x.Param, len(at))] {
			kept[i][step] = of[i].Values[step]
		}
	}
	var out []Series
	for i := range of {
		if slices.ContainsFunc(kept[i], func(v float64) bool { return !math.IsNaN(v) }) {
			out = append(out, Series{of[i].Labels, kept[i]})
		}
	}
	return out
}

// binary joins series of the same labels, or each series with a number.
func (ev *evaluation) binary(x *Binary, a, b []Series) []Series {
	numberA, numberB := isNumber(x.A), isNumber(x.B)
	byKey := map[string][]float64{}
	for _, s := range b {
		byKey[LabelKey(s.Labels)] = s.Values
	}
	var out []Series
	switch {
	case numberA && !numberB:
		for _, s := range b {
			out = append(out, Series{s.Labels, ev.apply(x, a[0].Values, s.Values, true)})
		}
	default:
		for _, s := range a {
			other, ok := byKey[LabelKey(s.Labels)]
			if numberB {
				other, ok = b[0].Values, true
			}
			if ok {
				out = append(out, Series{s.Labels, ev.apply(x, s.Values, other, false)})
			}
		}
	}
	return out
}

// isNumber says whether a query is one of numbers alone.
func isNumber(x Expr) bool {
	switch x := x.(type) {
	case *Number:
		return true
	case *Binary:
		return isNumber(x.A) && isNumber(x.B)
	}
	return false
}

// apply computes the points of a operation. A comparison keeps the points of the series
// for which it holds; series is in b if second.
func (ev *evaluation) apply(x *Binary, a, b []float64, second bool) []float64 {
	out := ev.empty()
	for i := range out {
		if math.IsNaN(a[i]) || math.IsNaN(b[i]) {
			continue
		}
		switch x.Op {
		case "+":
			out[i] = a[i] + b[i]
		case "-":
			out[i] = a[i] - b[i]
		case "*":
			out[i] = a[i] * b[i]
		case "/":
			out[i] = a[i] / b[i]
		default:
			holds := compare(x.Op, a[i], b[i])
			switch {
			case x.Bool && holds:
				out[i] = 1
			case x.Bool:
				out[i] = 0
			case holds && second:
				out[i] = b[i]
			case holds:
				out[i] = a[i]
			}
		}
	}
	return out
}
