package signal

import (
	"math"

	"github.com/tocsinhq/tocsin/telemetry"
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

// Format writes a value for people, as telemetry.Figure does.
func (u Unit) Format(v float64) string { return telemetry.Figure(v, string(u)) }
