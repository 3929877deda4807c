package detector

import "math"

// What only fades, because a series shows the same value again and again, would after a few
// hundred or thousand samples be so small that it has fewer digits than its kind of number
// (subnormal, IEEE 754), and stay so: of the smallest such number a part is none or itself. A
// processor takes a hundred times as long for each of them.

// flushBelow is the size below which a number that fades is zero. It is far above subnormal
// ones, so that it is enough to look now and then, and as far below anything that is
// measured.
const flushBelow = 1e-25

// flushNot is the size of values below which errors of them may be as small as that, and
// nothing is taken to have faded.
const flushNot = 1e5 * flushBelow

// flush lets what has faded be zero. A series that is so small itself, as a likelihood may
// be, has not faded.
func (s *series) flush() {
	if s.X1 != 0 && math.Abs(s.X1) < flushNot {
		return
	}
	if s.MixErr < flushBelow {
		s.clear(flagEven)
	}
	for _, x := range []*float64{&s.Fast, &s.Mid, &s.Slow, &s.Level, &s.Long} {
		if math.Abs(*x) < flushBelow {
			*x = 0
		}
	}
	for _, x := range []*float32{&s.LongScale, &s.Held, &s.ChangeRate, &s.GapShare, &s.MixErr} {
		if abs32(*x) < flushBelow {
			*x = 0
		}
	}
	flushAll(s.Chart[:])
	flushAll(s.Storm[:])
	flushAll(s.Err[:])
}

func flushAll(all []float32) {
	for i, x := range all {
		if abs32(x) < flushBelow {
			all[i] = 0
		}
	}
}
