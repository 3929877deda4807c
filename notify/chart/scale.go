package chart

import (
	"math"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/telemetry"
)

// span is a range of values.
type span struct{ low, high float64 }

func (s *span) take(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return
	}
	// Beyond an eighth of what float64 can hold, distances could overflow.
	v = min(max(v, -math.MaxFloat64/8), math.MaxFloat64/8)
	s.low, s.high = min(s.low, v), max(s.high, v)
}

func (s span) size() float64 { return s.high - s.low }

// limits returns the values that the picture covers. The band and the threshold
// may widen what the series needs, but not so far that the series becomes a flat
// line: a band that is still wide, or a threshold far away, is cut off.
func limits(c *notify.Chart) span {
	s := span{math.Inf(1), math.Inf(-1)}
	for _, v := range c.Values {
		s.take(float64(v))
	}
	need := s.size()
	if need <= 0 {
		need = max(math.Abs(s.high)/10, 1e-9)
	}
	room := span{s.low - need, s.high + need}
	widen := func(v telemetry.Number) {
		if f := float64(v); f >= room.low && f <= room.high {
			s.take(f)
		}
	}
	for i := range c.Times {
		if len(c.Lower) > 0 {
			widen(c.Lower[i])
		}
		if len(c.Upper) > 0 {
			widen(c.Upper[i])
		}
	}
	widen(c.Threshold)
	// A figure that cannot be negative gets its zero when that is near.
	if s.low >= 0 && s.low < s.size()*0.6 {
		s.low = 0
	}
	if s.size() <= 0 {
		if s.high == 0 {
			return span{0, 1}
		}
		pad := math.Abs(s.high) / 10
		s = span{s.low - pad, s.high + pad}
	}
	pad := s.size() * 0.06
	if s.low != 0 {
		s.low -= pad
	}
	s.high += pad
	return s
}

// ticks returns three to six round values within the span, in a unit's own steps:
// sixties for long times, powers of two for bytes.
func ticks(s span, unit string) []float64 {
	base := 1.0
	top := max(math.Abs(s.low), math.Abs(s.high))
	switch unit {
	case telemetry.UnitBytes, "bytes_per_second":
		for base*1024 <= top && base < 1<<50 {
			base *= 1024
		}
	case telemetry.UnitSeconds:
		switch {
		case top >= 2*86400:
			base = 86400
		case top >= 2*3600:
			base = 3600
		case top >= 120:
			base = 60
		}
	}
	step := roundStep(s.size()/base/4) * base
	if step <= 0 || math.IsInf(step, 0) || math.IsNaN(step) {
		return nil
	}
	var out []float64
	for v := math.Ceil(s.low/step) * step; v <= s.high && len(out) < 8; v += step {
		if math.Abs(v) < step/1000 {
			v = 0
		}
		out = append(out, v)
	}
	return out
}

// roundStep returns the next of 1, 2, 2.5 and 5 times a power of ten.
func roundStep(v float64) float64 {
	if v <= 0 {
		return 0
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 2.5, 5} {
		if f*power >= v*0.9999 {
			return f * power
		}
	}
	return 10 * power
}

var timeSteps = []time.Duration{
	time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour,
}

// instant is one mark of the time axis.
type instant struct {
	at    time.Time
	label string
}

// instants returns at most nine round times of the zone within the range.
func instants(from, to time.Time, zone *time.Location) []instant {
	length := to.Sub(from)
	i := slices.IndexFunc(timeSteps, func(d time.Duration) bool { return length/d <= 8 })
	if i < 0 {
		return nil
	}
	step := timeSteps[i]
	layout := "15:04"
	switch {
	case step < time.Minute:
		layout = "15:04:05"
	case step >= 24*time.Hour:
		layout = "2 Jan"
	}
	// Round by the clock of the zone, not by that of the epoch.
	_, offset := from.In(zone).Zone()
	shift := time.Duration(offset) * time.Second
	at := from.Add(shift).Truncate(step).Add(-shift)
	var out []instant
	for ; !at.After(to) && len(out) < 10; at = at.Add(step) {
		if at.Before(from) {
			continue
		}
		out = append(out, instant{at, at.In(zone).Format(layout)})
	}
	return out
}

// gapAfter is the time between two samples above which the line is broken: three
// times what is usual.
func gapAfter(times []int64) int64 {
	gaps := make([]int64, 0, len(times))
	for i := 1; i < len(times); i++ {
		gaps = append(gaps, times[i]-times[i-1])
	}
	if len(gaps) == 0 {
		return math.MaxInt64
	}
	slices.Sort(gaps)
	return 3 * gaps[len(gaps)/2]
}
