package detector

import "math"

// brief is a number in two bytes: the upper half of a float32, rounded, which
// keeps its range and eight bits of its digits.
type brief uint16

// briefLeast is the smallest above zero that is not subnormal.
const briefLeast brief = 1 << 7

func briefOf(v float64) brief { return brief((math.Float32bits(float32(v)) + 0x8000) >> 16) }

func (b brief) value() float64 { return float64(math.Float32frombits(uint32(b) << 16)) }

// octaves is a number not below zero in two bytes, as its logarithm in steps of
// a quarter of a percent: from 2^-128 to 2^128, and zero.
type octaves uint16

const (
	octaveSteps = 256
	octaveZero  = 1 << 15
)

func octavesOf(v float64) octaves {
	if !(v > 0) {
		return 0
	}
	return octaves(min(max(math.Round(math.Log2(v)*octaveSteps)+octaveZero, 1), math.MaxUint16))
}

func (o octaves) value() float64 {
	if o == 0 {
		return 0
	}
	return math.Exp2((float64(o) - octaveZero) / octaveSteps)
}

// octaveParts are the powers of two within an octave, from -1/2 to below 1/2: what an exponential is
// for. The others are these times whole powers, which changes no digit.
type octaveParts [octaveSteps]float64

func (x *octaveParts) fill() {
	for i := range x {
		x[i] = math.Exp2((float64(i) - octaveSteps/2) / octaveSteps)
	}
}

// octave is o.value from a table.
func (p *params) octave(o octaves) float64 {
	if o == 0 {
		return 0
	}
	n := int(o) - octaveZero
	whole := (n + octaveSteps/2) >> 8 // by octaveSteps, rounding down
	part := math.Float64bits(p.octaveParts[n-whole*octaveSteps+octaveSteps/2])
	return math.Float64frombits(part + uint64(whole)<<52)
}

// log returns the natural logarithm of a number above zero.
func (o octaves) log() float64 { return (float64(o) - octaveZero) * (math.Ln2 / octaveSteps) }

// step returns the number larger by up steps, or smaller by down steps.
func (o octaves) step(grow bool, up, down octaves) octaves {
	if grow {
		return o + min(up, math.MaxUint16-o)
	}
	return o - min(down, o-min(o, 1))
}

// share is a weight from 0 to 1.3 in one byte.
type share uint8

const shareSteps = 196 // of one

func shareOf(v float64) share {
	return share(math.Round(min(max(v, 0), math.MaxUint8/float64(shareSteps)) * shareSteps))
}

func (s share) value() float64 { return float64(s) / shareSteps }

// move takes a step against the error off that was made with this weight on
// part, both in mean errors: the larger the more part weighed in it, and never
// by more than would have halved the error. It stays within 0 and most.
func (s share) move(rate, off, part, most float64) share {
	if part == 0 {
		return s
	}
	step := min(rate*min(math.Abs(part), 1), math.Abs(off/part)/2)
	if (off > 0) != (part > 0) {
		step = -step
	}
	return shareOf(min(s.value()+step, most))
}

// floorDiv divides, rounding down also below zero.
func floorDiv[T int32 | int64](a, b T) T {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func isNaN32(v float32) bool { return v != v }
