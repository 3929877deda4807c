package telemetry

import (
	"fmt"
	"math"
	"strconv"
)

// Counted writes a number, or what stands for one, with the noun that goes with it: "1 row",
// "0.5 hours".
func Counted[N any](n N, one, more string) string {
	text := fmt.Sprint(n)
	if text == "1" {
		return text + " " + one
	}
	return text + " " + more
}

// wholeDigits are those that every float64 has.
const wholeDigits = 15

// Level writes v for a text that takes something apart: with as many digits as it takes to
// tell a hundredth of a width that values like it vary by, and so many at least.
func Level(v, width float64, least int) string {
	n := least
	if times := math.Abs(v) / width; times > 1 && !math.IsInf(times, 1) {
		n = min(max(n, int(math.Ceil(math.Log10(times)))+3), wholeDigits)
	}
	return strconv.FormatFloat(v, 'g', n, 64)
}
