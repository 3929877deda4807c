package detector

import (
	"math"
	"runtime"
	"testing"
)

func TestParams_Octave_IsTheValueOfEach(t *testing.T) {
	p := defaults()
	for i := range math.MaxUint16 + 1 {
		o := octaves(i)
		got, want := p.octave(o), o.value()
		if got != want && (runtime.GOARCH == "amd64" || math.Abs(got/want-1) > 1e-15) {
			t.Fatalf("%d of 65536: got %v, want %v", i, got, want)
		}
	}
}
