package detector

import "testing"

func TestNovelty_Ends_WithAsManySamplesAsMakeABlock(t *testing.T) {
	p := defaults()
	block := p.Novelty.Block
	for _, step := range []float64{0, 1e-4, 1, 15, block / 255, block / 254.5, block / 254.49, block / 120.5, 60, 61, block / 3.5, 3600, block, 3 * block} {
		for count := 1; count <= 255; count++ {
			n := novelty{Count: uint8(count)}
			if got, want := n.ends(p, step), float64(count) >= n.samples(p, step); got != want {
				t.Errorf("step %v, %d samples: got %v, want %v of %v", step, count, got, want, n.samples(p, step))
			}
		}
	}
}

func TestAtLeastAndAtMost_AreMaxAndMin(t *testing.T) {
	for _, v := range []float64{-2, -1, 0, 1, 2} {
		for _, bound := range []float64{-1, 0, 1} {
			if got, want := atLeast(v, bound), max(v, bound); got != want {
				t.Errorf("at least %v of %v: got %v", bound, v, got)
			}
			if got, want := atMost(v, bound), min(v, bound); got != want {
				t.Errorf("at most %v of %v: got %v", bound, v, got)
			}
		}
	}
	for _, a := range []float64{0, 5e-324, 1, 1e300} {
		for _, b := range []float64{0, 5e-324, 1, 1e300} {
			if got := larger64(a, b); got != max(a, b) {
				t.Errorf("the larger of %v and %v is %v", a, b, got)
			}
		}
	}
}
