package bands

import (
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// What happens every day at that time is no anomaly, whatever its score.
func TestAnomaly_Excused_IsNothing(t *testing.T) {
	v := detector.Verdict{Value: 9, Expected: 2, Score: 0.9999, Lower: 0, Upper: 10}
	if got := anomaly(v); got != v.Score {
		t.Errorf("of an odd value: got %v, want its score", got)
	}
	v.Excused = true
	if got := anomaly(v); got != 0 {
		t.Errorf("of an excused one: got %v, want 0", got)
	}
	if got := figures(v); got[3] != v.Score {
		t.Errorf("the score of an excused one: got %v, want %v", got[3], v.Score)
	}
}
