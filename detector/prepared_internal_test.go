package detector

import (
	"math"
	"math/rand/v2"
	"testing"
)

// defaults returns the default configuration in the units of the inner loop.
func defaults() *params {
	p := DefaultConfig().params()
	return &p
}

func TestParams_TurnOf_IsThatOfADivision(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, every := range []int64{60, 97, 180, 900} {
		c, of := DefaultConfig(), DefaultParameters()
		of.Glide.Every = every
		c.Parameters = &of
		p := c.params()
		check := func(at int64) {
			if got, want := p.turnOf(at), uint16(at/(every*1000)); got != want {
				t.Fatalf("every %d s: turn of %d is %d, want %d", every, at, got, want)
			}
		}
		for range 100_000 {
			at := r.Int64N(1 << (1 + r.IntN(53)))
			edge := at / (every * 1000) * every * 1000
			for _, at := range []int64{at, -at, edge, edge - 1, edge + 1} {
				check(at)
			}
		}
		for _, at := range []int64{0, math.MaxInt64, math.MinInt64, math.MaxInt64 - every*1000} {
			check(at)
		}
	}
}

func TestMultiple_Divides_IsThatOfARemainder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []uint32{1, 2, 3, 6, 24, 96, 641, 10_000, math.MaxUint32} {
		m := multipleOf(n)
		for range 10_000 {
			x := r.Uint32() >> r.IntN(32)
			for _, x := range []uint32{x, x / n * n, x/n*n - 1, 0, math.MaxUint32} {
				if got, want := m.divides(x), x%n == 0; got != want {
					t.Fatalf("%d divides %d: got %v", n, x, got)
				}
			}
		}
	}
}
