package detector

import (
	"math"
	"testing"
)

func TestChances_SamplesCloserThanALook_AsFarAsTheyDoNotFollow(t *testing.T) {
	p := defaults()
	p.Evidence.LooksCloser = 1
	for _, x := range []struct{ step, again, want float32 }{
		{15, 0, 1}, {60, 0.5, 1}, {1, 0, 15}, {1, 1, 1}, {1, 0.5, 8}, {5, 0, 3}, {0, 0, 1},
	} {
		s := series{Step: x.step, Again: x.again}
		if got := s.chances(p); math.Abs(got-float64(x.want)) > 1e-6 {
			t.Errorf("step %v, followed by another %v: got %v, want %v", x.step, x.again, got, x.want)
		}
	}
	p.Evidence.LooksCloser = 0.5
	if s := (&series{Step: 15.0 / 4}); s.chances(p) != 2 {
		t.Errorf("four independent samples in a look to the power of a half: got %v, want 2", s.chances(p))
	}
}
