package watch

import (
	"math"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Max(1, math.Abs(b)) }

func TestTails_ByHand(t *testing.T) {
	// Poisson of mean 2: P(0) = e^-2, P(1) = 2 e^-2.
	e := math.Exp(-2)
	if got := atMost(1, 2, 2); !near(got, 3*e) {
		t.Errorf("P(X <= 1) of Poisson 2: got %v, want %v", got, 3*e)
	}
	if got := atLeast(2, 2, 2); !near(got, 1-3*e) {
		t.Errorf("P(X >= 2) of Poisson 2: got %v, want %v", got, 1-3*e)
	}
	// Negative binomial of mean 2 and variance 4: size 2, p = 1/2: P(0) = 1/4, P(1) = 1/4.
	if got := atMost(1, 2, 4); !near(got, 0.5) {
		t.Errorf("P(X <= 1): got %v, want 0.5", got)
	}
	if got := atLeast(2, 2, 4); !near(got, 0.5) {
		t.Errorf("P(X >= 2): got %v, want 0.5", got)
	}
	if atLeast(0, 5, 9) != 1 {
		t.Error("a count of at least 0 is certain")
	}
}

func TestDiscoveries_AreThoseOfBenjaminiAndHochberg(t *testing.T) {
	// Their own example: 15 tests at 0.05, of which the four smallest are discoveries.
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	for i, yes := range discoveries(p, len(p), 0.05) {
		if yes != (i < 4) {
			t.Errorf("chance %v: got %v", p[i], yes)
		}
	}
	if got := discoveries([]float64{0.01}, 100, 0.05); got[0] {
		t.Error("one of a hundred tests at 0.01 is a discovery")
	}
}

func TestDivergence_ByHand(t *testing.T) {
	a := map[uint64]float64{1: 10, 2: 10}
	for _, c := range []struct {
		b    map[uint64]float64
		want float64
	}{{map[uint64]float64{1: 3, 2: 3}, 0}, {map[uint64]float64{3: 1}, 1}, {map[uint64]float64{}, 0}, {map[uint64]float64{1: 1}, 0.311278}} {
		if got := divergence(a, c.b); math.Abs(got-c.want) > 1e-5 {
			t.Errorf("%v: got %v, want %v", c.b, got, c.want)
		}
	}
}
