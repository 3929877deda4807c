package noise_test

import (
	"math"
	"testing"

	"github.com/tocsinhq/tocsin/internal/noise"
)

func TestAt_SameEveryRun_NormalAndLimited(t *testing.T) {
	if noise.At(1, 5) != noise.At(1, 5) || noise.At(1, 5) == noise.At(1, 6) || noise.At(1, 5) == noise.At(2, 5) {
		t.Error("noise must depend on seed and position alone")
	}
	sum, squares, n := 0.0, 0.0, 20000
	for i := range n {
		x := noise.At(7, i)
		if math.Abs(x) > 3 {
			t.Fatalf("position %d: got %v, want at most 3", i, x)
		}
		sum, squares = sum+x, squares+x*x
	}
	if mean, dev := sum/float64(n), math.Sqrt(squares/float64(n)); math.Abs(mean) > 0.05 || math.Abs(dev-1) > 0.05 {
		t.Errorf("got mean %v and deviation %v, want 0 and 1", mean, dev)
	}
}
