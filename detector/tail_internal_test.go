package detector

import (
	"math"
	"testing"
)

func TestShape_NothingLearned_IsWhatTheTailStartsFrom(t *testing.T) {
	p := defaults()
	var s series
	s.restart(p)
	var g group
	g.begin(p)
	for name, x := range map[string]struct {
		tail  tail
		prior float64
	}{
		"sample": {s.Up, p.Tail.Prior}, "chart": {s.Persist[0], p.Charts.Shape}, "storm": {s.Burst[1], p.Charts.Shape},
		"still": {s.Calm, p.Evidence.StillShape}, "group": {g.Tail, p.Group.Prior},
	} {
		if got := x.tail.shape(p, x.prior); math.Abs(got/x.prior-1) > 1e-6 {
			t.Errorf("%s: got shape %v, want %v", name, got, x.prior)
		}
	}
}
