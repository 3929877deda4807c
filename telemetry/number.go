package telemetry

import (
	"encoding/json"
	"math"
)

// Number is a float64 that may be unknown (NaN) or infinite. JSON has no word
// for either, so both are written as null, and null is read as NaN.
type Number float64

// MarshalJSON writes the shortest text that reads back equal, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads a number, or null as NaN.
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}
