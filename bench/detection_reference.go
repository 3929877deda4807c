package main

import (
	"cmp"
	"container/heap"
	"math"

	"github.com/tocsinhq/tocsin/telemetry"
)

// The reference lines are what a few lines of code reach. A detector that does
// not beat the best of them on a set has earned nothing there. All are causal.
// Distances are divided by their own running mean, because one threshold serves
// all series of a set and these differ in unit.
var referenceLines = []method{
	{"ewma z", ewmaZ},
	{"hour of day z", hourOfDayZ},
	{"|dx|/EW|dx|", relativeDifference},
	{"|dx| held", func(l *labelled) []float64 { return held(relativeDifference(l)) }},
	{"|dx| pooled .6", func(l *labelled) []float64 { return pooled(l, relativeDifference(l)) }},
	{"|x-med|/EW|x-med|", medianDistance},
	{"|x-med| held", func(l *labelled) []float64 { return held(medianDistance(l)) }},
	{"spectral residual", spectralResidual},
}

func ewmaZ(l *labelled) []float64 {
	var mean, variance float64
	return each(l.samples, func(i int, s telemetry.Sample) float64 {
		a := max(1/float64(i+1), 0.01)
		d := s.V - mean
		z := math.Abs(d) / (math.Sqrt(variance) + 1e-9)
		if i < 2 {
			z = 0
		}
		mean += a * d
		variance = (1 - a) * (variance + a*d*d)
		return z
	})
}

func relativeDifference(l *labelled) []float64 {
	var last, usual float64
	return each(l.samples, func(i int, s telemetry.Sample) float64 {
		d := math.Abs(s.V - last)
		last = s.V
		if i == 0 {
			return 0
		}
		z := d / (usual + 1e-9)
		usual += max(1/float64(i), 0.01) * (d - usual)
		return z
	})
}

func hourOfDayZ(l *labelled) []float64 {
	var n, mean, m2 [24]float64
	return each(l.samples, func(_ int, s telemetry.Sample) float64 {
		h := (s.T/3600000%24 + 24) % 24 // times before 1970 are below 0
		z := 0.0
		if n[h] > 2 {
			z = math.Abs(s.V-mean[h]) / (math.Sqrt(m2[h]/n[h]) + 1e-9)
		}
		n[h]++
		d := s.V - mean[h]
		mean[h] += d / n[h]
		m2[h] += d * (s.V - mean[h])
		return z
	})
}

// medianDistance is the distance from the median of all values so far over its
// running mean.
func medianDistance(l *labelled) []float64 {
	var low, high halves // low holds its values negated, so that both keep the one nearest the middle on top
	usual := 0.0
	return each(l.samples, func(i int, s telemetry.Sample) float64 {
		z := 0.0
		if i > 0 {
			d := math.Abs(s.V + low[0])
			z = d / (usual + 1e-9)
			usual += max(1/float64(i), 0.01) * (d - usual)
		}
		heap.Push(&low, -s.V)
		heap.Push(&high, -heap.Pop(&low).(float64))
		if len(high) > len(low) {
			heap.Push(&low, -heap.Pop(&high).(float64))
		}
		return z
	})
}

// halves is a heap with the smallest value on top.
type halves []float64

func (h halves) Len() int           { return len(h) }
func (h halves) Less(i, j int) bool { return cmp.Less(h[i], h[j]) }
func (h halves) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *halves) Push(x any)        { *h = append(*h, x.(float64)) }
func (h *halves) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// held lets a score sink by no more than 3 % a row: smoothing that lifts
// measures by rank, and is worth little once episodes are counted.
func held(scores []float64) []float64 {
	h := 0.0
	for i, s := range scores {
		h = max(s, 0.97*h)
		scores[i] = h
	}
	return scores
}

// pooled takes off a score, in logarithms, six tenths of how much the daily
// maximum of its series lies above the usual one of a series.
func pooled(l *labelled, scores []float64) []float64 {
	const kappa, usual, weight = 0.6, 1.791759469228055, 3 // ln 6
	m, days := usual, 0.0
	today, most := int64(math.MinInt64), 0.0
	for i, s := range l.samples {
		if day := s.T / 86400000; day != today {
			if today != math.MinInt64 {
				days++
				m += max(1/(days+weight), 0.05) * (min(most, m+1) - m)
			}
			today, most = day, 0
		}
		x := math.Log1p(scores[i])
		most = max(most, x)
		scores[i] = x - kappa*(m-usual)
	}
	return scores
}

// each scores samples, telling how many came before. A sample that is NaN is none: it
// scores 0, for one in a running mean would silence all rows behind it.
func each(samples []telemetry.Sample, score func(int, telemetry.Sample) float64) []float64 {
	out := make([]float64, len(samples))
	n := 0
	for i, s := range samples {
		if math.IsNaN(s.V) {
			continue
		}
		out[i] = score(n, s)
		n++
	}
	return out
}
