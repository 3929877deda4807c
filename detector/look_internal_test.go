package detector

import (
	"math"
	"testing"
)

func TestChances_SamplesCloserThanALook_AsFarAsTheyDoNotFollow(t *testing.T) {
	p := defaults()
	for _, x := range []struct{ step, again, want float32 }{
		{15, 0, 1}, {60, 0.5, 1}, {1, 0, 15}, {1, 1, 1}, {1, 0.5, 8}, {5, 0, 3}, {0, 0, 1},
	} {
		s := series{Step: x.step, Again: x.again}
		if got := s.chances(p); math.Abs(got-float64(x.want)) > 1e-6 {
			t.Errorf("step %v, followed by another %v: got %v, want %v", x.step, x.again, got, x.want)
		}
	}
}
