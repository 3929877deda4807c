package main

import (
	"math"
	"slices"

	"github.com/tocsinhq/tocsin/telemetry"
)

// forecastReferences are what a forecast must beat. The first is the base of the
// ratios in the table.
var forecastReferences = []forecastMethod{
	{"seasonal naive", func(l *labelled) forecaster { return &seasonalNaive{step: l.step} }},
	{"last value", func(l *labelled) forecaster { return &lastValue{step: l.step} }},
}

// halfWidth returns by how many standard deviations the bounds of a normal
// distribution with that probability lie from its middle.
func halfWidth(level float64) float64 { return math.Sqrt2 * math.Erfinv(level) }

// seasonalNaive expects the value of the same time of the day, of the same time
// of the week once two weeks have been seen. Its bounds take the errors that
// this would have made for normal ones.
type seasonalNaive struct {
	step    float64
	samples []telemetry.Sample
	square  float64 // running mean of squared errors
	n       float64
}

func (s *seasonalNaive) observe(t int64, v float64) {
	if past, ok := s.value(t, 1000); ok {
		s.n++
		d := v - past
		s.square += max(1/s.n, 0.001) * (d*d - s.square)
	}
	s.samples = append(s.samples, telemetry.Sample{T: t, V: v})
}

// value returns the newest value a whole number of seasons before t that is at
// least ahead ms before it.
func (s *seasonalNaive) value(t, ahead int64) (float64, bool) {
	if len(s.samples) == 0 {
		return 0, false
	}
	season := int64(86_400_000)
	if s.samples[len(s.samples)-1].T-s.samples[0].T >= 14*season {
		season *= 7
	}
	at := t - (ahead+season-1)/season*season
	i, exact := slices.BinarySearchFunc(s.samples, at, func(x telemetry.Sample, at int64) int { return int(max(-1, min(1, x.T-at))) })
	if !exact {
		i--
	}
	if i < 0 || float64(at-s.samples[i].T) > 2000*s.step {
		return 0, false
	}
	return s.samples[i].V, true
}

func (s *seasonalNaive) at(seconds, level float64) (value, lower, upper float64) {
	newest := s.samples[len(s.samples)-1]
	ahead := int64(seconds * 1000)
	value, ok := s.value(newest.T+ahead, ahead)
	if !ok {
		value = newest.V
	}
	half := halfWidth(level) * math.Sqrt(s.square)
	return value, value - half, value + half
}

// lastValue expects that nothing changes. Its bounds widen as those of a random
// walk with the steps seen.
type lastValue struct {
	step, last, square, n float64
}

func (l *lastValue) observe(_ int64, v float64) {
	if l.n > 0 {
		d := v - l.last
		l.square += max(1/l.n, 0.001) * (d*d - l.square)
	}
	l.last = v
	l.n++
}

func (l *lastValue) at(seconds, level float64) (value, lower, upper float64) {
	half := halfWidth(level) * math.Sqrt(l.square*max(seconds/l.step, 1))
	return l.last, l.last - half, l.last + half
}
