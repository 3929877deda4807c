package main

import (
	"math"

	"github.com/tocsinhq/tocsin/telemetry"
)

// The reference lines are what a few lines of code reach. A detector that does
// not beat the best of them on a set has earned nothing there.

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
		h := (s.T / 3600000) % 24
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

func each(samples []telemetry.Sample, score func(int, telemetry.Sample) float64) []float64 {
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = score(i, s)
	}
	return out
}
