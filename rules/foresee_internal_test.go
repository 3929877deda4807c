package rules

import (
	"math"
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

func TestForeseenFigures_BoundsInWords(t *testing.T) {
	const hour = telemetry.Number(3600)
	never := telemetry.Number(math.Inf(1))
	for _, x := range []struct {
		alert Alert
		want  string
	}{
		{Alert{Foreseen: "until 95%", Value: 5 * hour, Bounds: &Bounds{3 * hour, 9 * hour}}, "disk is expected to reach 95% in 5 h (3 h to 9 h)"},
		{Alert{Foreseen: "until 95%", Value: 5 * hour, Bounds: &Bounds{3 * hour, never}}, "disk is expected to reach 95% in 5 h (3 h at the earliest)"},
		{Alert{Foreseen: "until 95%", Value: 5 * hour, Bounds: &Bounds{3 * hour, unknown}}, "disk is expected to reach 95% in 5 h (3 h at the earliest)"},
		{Alert{Foreseen: "until 95%", Value: 5 * hour, Bounds: &Bounds{unknown, unknown}}, "disk is expected to reach 95% in 5 h"},
		{Alert{Foreseen: "until 95%", Value: 5 * hour}, "disk is expected to reach 95% in 5 h"},
		{Alert{Foreseen: "until 95%", Value: never, Bounds: &Bounds{3 * hour, never}}, "disk is not expected to reach 95%"},
		{Alert{Foreseen: "until 95%", Value: 0, Bounds: &Bounds{0, hour}}, "disk has reached 95%"},
		{Alert{Foreseen: "in 3d", Unit: "percent", Value: 92, Bounds: &Bounds{88, 96}}, "disk is expected to be 92% in 3d (88% to 96%)"},
	} {
		if got := foreseenFigures("disk", x.alert); got != x.want {
			t.Errorf("got %q, want %q", got, x.want)
		}
	}
}
