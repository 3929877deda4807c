package detector_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/detector"
)

// seriesOfKinds are ten days of made-up values, a minute or five apart, with what is odd.
func seriesOfKinds(kind string, seed uint64, n int, step int64) []float64 {
	r := rand.New(rand.NewPCG(seed, 5))
	values, state := make([]float64, n), 0.0
	for i := range values {
		day := 2 * math.Pi * float64(int64(i)*step%86400) / 86400
		x := 0.0
		switch kind {
		case "noise":
			x = 100 + 5*r.NormFloat64()
		case "below zero":
			x = 5 * r.NormFloat64()
		case "wave":
			x = 100 + 30*math.Sin(day) + 3*r.NormFloat64()
		case "traffic":
			x = 50 * math.Exp(1.2*math.Sin(day)) * (1 + 0.2*r.NormFloat64())
		case "walk":
			state += r.NormFloat64()
			x = 1000 + state
		case "counts":
			x = poisson(r, 0.5)
		case "seldom":
			x = 3
			if r.IntN(300) == 0 {
				x = 4
			}
		case "mostly zero":
			if r.IntN(400) == 0 {
				x = r.ExpFloat64()
			}
		}
		if i > n/2 && r.IntN(int(120_000/step)) == 0 { // too seldom to be known as what recurs
			x += 60
		}
		if i > 4*n/5 {
			x *= 3
		}
		values[i] = x
	}
	return values
}

// A series in another unit gets the same verdicts: of one times a power of two all numbers
// are times that power, as far as a float32 has room for what is learned of it, and what
// recurs, as counts and what seldom changes do here, as far as its size has: from 2^-64 to 2^64.
func TestObserve_TimesAPowerOfTwo_SameVerdicts(t *testing.T) {
	for _, kind := range []string{"noise", "below zero", "wave", "traffic", "walk", "counts", "seldom", "mostly zero"} {
		for _, step := range []int64{60, 300} {
			t.Run(fmt.Sprint(kind, " ", step), func(t *testing.T) {
				t.Parallel()
				n := int(10 * 86400 / step)
				values := seriesOfKinds(kind, 3, n, step)
				run := func(by float64) (out []detector.Verdict) {
					b := newBank(t)
					slot := b.Register(gauge("m"))
					for i, x := range values {
						b.Observe(slot, start+int64(i)*step*1000, x*by)
						v, _ := b.Last(slot)
						out = append(out, v)
					}
					return out
				}
				want, odd := run(1), 0
				for _, power := range []int{-93, -60, -30, 40, 55, 85} {
					if (power < -60 || power > 60) && (kind == "counts" || kind == "seldom") {
						continue
					}
					by := math.Ldexp(1, power)
					for i, got := range run(by) {
						w := want[i]
						w.Value, w.Expected, w.Lower, w.Upper = w.Value*by, w.Expected*by, w.Lower*by, w.Upper*by
						if w.Kind != detector.KindNone {
							odd++
						}
						least := 1e-9 * (math.Abs(w.Upper) + math.Abs(w.Lower))
						if got.Kind != w.Kind || got.Phase != w.Phase || math.Abs(got.Score-w.Score) > 1e-6 ||
							!near(got.Lower, w.Lower, least) || !near(got.Upper, w.Upper, least) || !near(got.Expected, w.Expected, least) {
							t.Fatalf("2^%d, sample %d:\ngot  %+v\nwant %+v", power, i, got, w)
						}
					}
				}
				if odd == 0 {
					t.Error("nothing is odd: the comparison shows little")
				}
			})
		}
	}
}

func near(a, b, least float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-6*math.Abs(b)+least
}

// What is too small to reckon with is zero, and what is too large is counted; a leap from
// the one is told.
func TestObserve_BeyondTheRange_IsZeroOrCounted(t *testing.T) {
	for _, power := range []int{-120, -126, -140, -149, -150, -300, -1000} {
		b := newBank(t)
		slot := b.Register(gauge("m"))
		for i, x := range seriesOfKinds("below zero", 1, 2000, 300) {
			v, told := b.Observe(slot, start+int64(i)*300_000, math.Ldexp(x, power))
			if told || v.Value != 0 || v.Lower > 0 || v.Upper < 0 || math.IsNaN(v.Score) {
				t.Fatalf("2^%d, sample %d: got %+v", power, i, v)
			}
		}
		if v, told := b.Observe(slot, start+2000*300_000, 1e-29); !told || v.Kind != detector.KindSpike {
			t.Errorf("2^%d: a leap to 1e-29 got %+v", power, v)
		}
	}
	for _, x := range []float64{1e31, 1e36, 1e300, math.MaxFloat64, -1e36} {
		b := newBank(t)
		slot := b.Register(gauge("m"))
		b.Observe(slot, start, x)
		if _, known := b.Last(slot); known {
			t.Errorf("%g was taken", x)
		}
		var out bytes.Buffer
		set := metrics.NewSet()
		b.Expose(set)
		if set.WritePrometheus(&out); !strings.Contains(out.String(), `samples_not_judged_total{reason="not_a_number"} 1`) {
			t.Errorf("%g is not counted", x)
		}
	}
}
