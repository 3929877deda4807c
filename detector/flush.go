package detector

import "math"

// What only fades, because a series shows the same value again and again, would after a few
// hundred or thousand samples be so small that it has fewer digits than its kind of number
// (subnormal, IEEE 754), and stay so: of the smallest such number a part is none or itself. A
// processor takes a hundred times as long for each of them.

// flushBelow is the part of a series' size below which a number in its unit that fades is
// zero, as is one without a unit that is as small. It is as far below anything that is
// measured as it is above subnormal numbers, so that it is enough to look now and then.
const flushBelow = 1e-25

// flushLeast is where it is too small for a float32 to be less.
const flushLeast = 1e-37

// flush lets what has faded be zero.
func (s *series) flush() {
	size := math.Abs(s.X1)
	if size == 0 {
		size = float64(max(abs32(s.Hi), abs32(s.Lo)))
	}
	least := max(flushBelow*size, flushLeast)
	if float64(s.MixErr) < least {
		s.clear(flagEven)
	}
	for _, x := range [...]*float64{&s.Fast, &s.Mid, &s.Slow, &s.Level, &s.Long} {
		if math.Abs(*x) < least {
			*x = 0
		}
	}
	for _, x := range [...]*float32{&s.LongScale, &s.MixErr} {
		flushOne(x, float32(least))
	}
	flushAll(s.Err[:], float32(least))
	for _, x := range [...]*float32{&s.Held, &s.ChangeRate, &s.GapShare} {
		flushOne(x, flushBelow)
	}
	flushAll(s.Chart[:], flushBelow)
	flushAll(s.Storm[:], flushBelow)
}

func flushOne(x *float32, least float32) {
	if abs32(*x) < least {
		*x = 0
	}
}

func flushAll(all []float32, least float32) {
	for i := range all {
		flushOne(&all[i], least)
	}
}
