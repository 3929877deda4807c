package telemetry

import (
	"math"
	"strconv"
	"time"
)

// Units of a signal, as they stand in a Series' catalogue entry, an alert and
// an occurrence. Any other unit is shown behind the number as it is.
const (
	UnitRatio     = "ratio"      // shown as percent
	UnitPercent   = "percent"    // of 100
	UnitSeconds   = "seconds"    // shown from ns to d
	UnitBytes     = "bytes"      // shown from B to PiB
	UnitPerSecond = "per_second" // events
)

// Figure writes a value with its unit for people, with three significant digits:
// Figure(0.312, "ratio") is "31.2%", Figure(0.0042, "seconds") "4.2 ms",
// Figure(3<<29, "bytes") "1.5 GiB". NaN is "unknown"; an infinite value "+Inf"
// or "-Inf".
func Figure(v float64, unit string) string { return figure(v, unit, leastDigits) }

// leastDigits are the significant digits of a figure by itself; with mostDigits any two that
// people care to tell apart are.
const leastDigits, mostDigits = 3, 9

// Figures writes a value and what it is held against, each as Figure does and all with as
// many digits as it takes to tell the value from each of the others that is another number:
// 99.95% and not 100% against an expected 99.99%.
func Figures(unit string, v float64, others ...float64) []string {
	out := make([]string, 1+len(others))
	for n := leastDigits; ; n++ {
		out[0] = figure(v, unit, n)
		alike := false
		for i, x := range others {
			out[1+i] = figure(x, unit, n)
			alike = alike || x != v && out[1+i] == out[0]
		}
		if !alike || n == mostDigits {
			return out
		}
	}
}

func figure(v float64, unit string, n int) string {
	switch {
	case math.IsNaN(v):
		return "unknown"
	case math.IsInf(v, 1):
		return "+Inf"
	case math.IsInf(v, -1):
		return "-Inf"
	}
	switch unit {
	case UnitRatio:
		if math.Abs(v) > math.MaxFloat64/100 {
			return digits(v, n)
		}
		return digits(v*100, n) + "%"
	case UnitPercent:
		return digits(v, n) + "%"
	case UnitSeconds:
		return scaled(v, []step{{86400, "d"}, {3600, "h"}, {60, "min"}, {1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}, {1e-9, "ns"}}, "s", n)
	case UnitBytes:
		return scaled(v, []step{{1 << 50, "PiB"}, {1 << 40, "TiB"}, {1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "B"}}, "B", n)
	case "milliseconds":
		return figure(v/1000, UnitSeconds, n)
	case "bytes_per_second":
		return figure(v, UnitBytes, n) + "/s"
	case UnitPerSecond:
		return large(v, n) + "/s"
	case "":
		return large(v, n)
	}
	return large(v, n) + " " + unit
}

// Clock writes a time of day as texts for people do: "14:03:10 UTC".
func Clock(t time.Time) string { return t.UTC().Format("15:04:05 UTC") }

type step struct {
	size float64
	name string
}

// scaled shows v in the largest step that leaves at least 1; zero and what is
// smaller than the last step are shown in the base unit.
func scaled(v float64, steps []step, base string, n int) string {
	for _, s := range steps {
		// 0.9995 rounds to 1.00 with three digits.
		if math.Abs(v) >= s.size*0.9995 {
			return digits(v/s.size, n) + " " + s.name
		}
	}
	return digits(v, n) + " " + base
}

// large shortens numbers of a million and more by k, M, G, T.
func large(v float64, n int) string {
	if math.Abs(v) < 999.5e3 {
		return digits(v, n)
	}
	for _, s := range []step{{1e12, "T"}, {1e9, "G"}, {1e6, "M"}} {
		if math.Abs(v) >= s.size*0.9995 {
			return digits(v/s.size, n) + " " + s.name
		}
	}
	return digits(v, n)
}

// digits writes n significant digits, all digits of larger integers, and never an
// exponent unless the number is tiny or huge. What no float32 can hold is zero: it is
// where the band of a series ends that has never been anything else.
func digits(v float64, n int) string {
	a := math.Abs(v)
	switch {
	case a < smallestFloat32:
		return "0"
	case a >= 1e15 || a < 1e-4:
		return strconv.FormatFloat(v, 'g', n, 64)
	case a >= 0.9995*math.Pow10(n-1):
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', n, 64), 64)
	return strconv.FormatFloat(r, 'f', -1, 64)
}

// smallestFloat32 is the smallest number that a float32 holds with all its digits.
const smallestFloat32 = 0x1p-126
