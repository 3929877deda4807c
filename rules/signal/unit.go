package signal

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Unit is what a signal is measured in.
type Unit string

// The units. Plain is a number without one.
const (
	Plain     Unit = ""
	Ratio     Unit = "ratio"      // 0 to 1
	Percent   Unit = "percent"    // 0 to 100
	Seconds   Unit = "seconds"    // of duration, 0 or more
	Bytes     Unit = "bytes"      // 0 or more
	PerSecond Unit = "per_second" // events per second, 0 or more
)

// Units lists all units in the order in which help texts show them.
var Units = []Unit{Plain, Ratio, Percent, Seconds, Bytes, PerSecond}

// Bounds returns the least and greatest value that a signal of the unit can
// have. They are infinite where nothing binds.
func (u Unit) Bounds() (lo, hi float64) {
	switch u {
	case Ratio:
		return 0, 1
	case Percent:
		return 0, 100
	case Seconds, Bytes, PerSecond:
		return 0, math.Inf(1)
	default:
		return math.Inf(-1), math.Inf(1)
	}
}

// Format writes a value for people: 0.0523 of Ratio is "5.23%", 1.5 of Seconds
// is "1.5s". NaN is "unknown".
func (u Unit) Format(v float64) string {
	if math.IsNaN(v) {
		return "unknown"
	}
	switch u {
	case Ratio:
		return short(v*100) + "%"
	case Percent:
		return short(v) + "%"
	case Seconds:
		return formatSeconds(v)
	case Bytes:
		return formatBytes(v)
	case PerSecond:
		return short(v) + "/s"
	default:
		return short(v)
	}
}

func short(v float64) string {
	if a := math.Abs(v); a >= 1000 && a < 1e15 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func formatSeconds(v float64) string {
	switch a := math.Abs(v); {
	case math.IsInf(v, 0) || v == 0:
		return short(v) + "s"
	case a >= 120 && a < 1e9:
		return time.Duration(math.Round(v) * float64(time.Second)).String()
	case a >= 1:
		return short(v) + "s"
	case a >= 1e-3:
		return short(v*1e3) + "ms"
	case a >= 1e-6:
		return short(v*1e6) + "us"
	default:
		return short(v*1e9) + "ns"
	}
}

func formatBytes(v float64) string {
	names := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for i < len(names)-1 && math.Abs(v) >= 1024 && !math.IsInf(v, 0) {
		v /= 1024
		i++
	}
	return fmt.Sprintf("%s%s", short(v), names[i])
}
