package slo_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/tocsinhq/tocsin/rules/slo"
)

func tail(k, n int, p float64) float64 {
	if k <= 0 {
		return 1
	}
	return 1 - distuv.Binomial{N: float64(n), P: p}.CDF(float64(k-1))
}

func TestEvidence_IsABoundOnTheExactTail(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		n := 1 + r.IntN(300)
		k := 1 + r.IntN(n)
		p := math.Pow(10, -4*r.Float64()) / 2
		exact, bound := tail(k, n, p), math.Exp(-slo.Evidence(float64(k), float64(n), p))
		if bound < exact*(1-1e-6)-1e-12 || bound > 1 {
			t.Fatalf("%d of %d at %g: bound %g, exact %g", k, n, p, bound, exact)
		}
	}
}

func TestEvidence_KnownValues(t *testing.T) {
	for _, c := range []struct{ bad, n, p, want float64 }{
		{1, 5, 0.001, 4.409}, {2, 5, 0.001, 10.4535}, {5, 5, 0.001, 5 * math.Log(1000)}, {0, 5, 0.001, 0}, {0, 0, 0.001, 0}, {1, 1000, 0.001, 0},
	} {
		if got := slo.Evidence(c.bad, c.n, c.p); math.Abs(got-c.want) > 0.001 {
			t.Errorf("%v of %v at %v: got %v, want %v", c.bad, c.n, c.p, got, c.want)
		}
	}
}

func TestInterval_AgainstTables(t *testing.T) {
	for _, c := range []struct{ bad, n, confidence, lower, upper float64 }{
		{0, 10, 0.95, 0, 0.3085}, {1, 5, 0.95, 0.00505, 0.71642}, {5, 10, 0.95, 0.18709, 0.81291},
		{10, 10, 0.95, 0.69150, 1}, {1, 5, 0.98, 0.00201, 0.77793}, {0, 0, 0.95, 0, 1},
	} {
		lower, upper := slo.Interval(c.bad, c.n, c.confidence)
		if math.Abs(lower-c.lower) > 2e-4 || math.Abs(upper-c.upper) > 2e-4 {
			t.Errorf("%v of %v: got %.5f to %.5f, want %.5f to %.5f", c.bad, c.n, lower, upper, c.lower, c.upper)
		}
	}
}
