package detector

import "testing"

// What hangs lies above normal or below it, whatever the forecasts say that have followed
// it: kind and band say so.
func TestTellHanging_ForecastsHaveFollowed_KindAndBandFitTheSide(t *testing.T) {
	for _, c := range []struct {
		x, anchor float64
		kind      Kind
	}{{39, 20, KindSpike}, {41, 20, KindDip}, {39, 80, KindSpike}, {41, 80, KindDip}} {
		s := series{EpisodeKind: c.kind}
		k := look{sight: sight{glance: glance{x: c.x}, expected: 40, anchor: c.anchor}, lower: 10, upper: 90}
		s.tellHanging(&k)
		above := c.x > c.anchor
		if want := map[bool]Kind{true: KindSpike, false: KindDip}[above]; k.kind != want || s.EpisodeKind != want || !k.odd {
			t.Errorf("%v where %v is normal: got %s and %s, want %s", c.x, c.anchor, k.kind, s.EpisodeKind, want)
		}
		if above != (c.x > k.upper) || above == (c.x < k.lower) || c.anchor < k.lower || c.anchor > k.upper {
			t.Errorf("%v where %v is normal: got band %v to %v", c.x, c.anchor, k.lower, k.upper)
		}
	}
}
