package detector

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestBand_WhatIsTooFarToNarrowIt_IsLeftOut draws the bands of random states in full.
func TestBand_WhatIsTooFarToNarrowIt_IsLeftOut(t *testing.T) {
	p, r := DefaultConfig().params(), rand.New(rand.NewPCG(1, 2))
	charts, storms, records, drawn := 0, 0, 0, 0
	for range 20_000 {
		k := look{sight: sight{anchor: 100, scale: 1, expected: 100}, low: 100, high: 100, unit: 1 + r.Float64(), closer: r.Float64(), need: 1 + 5*r.Float64()}
		k.lower, k.upper = 100-20*r.Float64(), 100+20*r.Float64()
		s := series{N: 5000, Changes: uint32(10 + r.IntN(5000)), Hi: float32(100 + 8*r.Float64()), Lo: float32(100 - 8*r.Float64())}
		for i := range s.Chart {
			s.Persist[i] = tail{Q: float32(0.2 + r.ExpFloat64()), H: float32(0.05 + 0.3*r.Float64())}
			s.Chart[i], s.Drift[i] = float32(r.NormFloat64()), uint8(r.IntN(12))
		}
		for i := range s.Storm {
			s.Burst[i] = tail{Q: float32(1.2 + r.ExpFloat64()), H: float32(0.05 + 0.3*r.Float64())}
			s.Storm[i] = float32(1 + r.Float64())
		}
		whole, parts := k, k
		for i := range s.Chart {
			w, need := float64(p.Charts.Window[i]), k.need-p.chartBonus(i, k.closer)+s.fade(&p, i)
			g, most := float64(s.Chart[i]), s.Persist[i].reach(&p, p.Charts.Shape, need)
			if at := max(g+w*(most-g), p.Charts.Least); at <= p.Charts.Clip {
				whole.upper = min(whole.upper, k.anchor+at*k.unit)
				charts++
			}
			if at := max(-g+w*(most+g), p.Charts.Least); at <= p.Charts.Clip {
				whole.lower = max(whole.lower, k.anchor-at*k.unit)
			}
		}
		for i := range s.Storm {
			w, need := float64(p.Storms.Window[i]), k.need-p.stormBonus(i, k.closer)+s.gustFade(&p, i)
			g, most := float64(s.Storm[i]), s.Burst[i].reach(&p, p.Charts.Shape, need)
			if at := max(g+w*(most-g), float64(p.Storms.Least)); at <= float64(p.Storms.Clip) {
				whole.upper, whole.lower = min(whole.upper, k.high+at*k.scale), max(whole.lower, k.low-at*k.scale)
				storms++
			}
		}
		s.narrowByCharts(&p, &parts)
		s.narrowByStorms(&p, &parts)
		if parts.upper != whole.upper || parts.lower != whole.lower {
			t.Fatalf("band of %+v is %v to %v, want %v to %v", s, parts.lower, parts.upper, whole.lower, whole.upper)
		}
		var x record
		if !x.look(&p, &s, &k) {
			t.Fatal("no record can be looked at")
		}
		s.rank(&p, &x)
		at := x.reach(k.need)
		whole.upper, whole.lower = min(whole.upper, x.hi+at), max(whole.lower, x.lo-at)
		if s.recordIsFar(&p, &x, &parts) {
			records++
		} else if whole.upper < parts.upper || whole.lower > parts.lower {
			drawn++
		}
		if s.narrowByRecord(&p, &parts); parts.upper != whole.upper || parts.lower != whole.lower {
			t.Fatalf("with the record the band of %+v is %v to %v, want %v to %v", s, parts.lower, parts.upper, whole.lower, whole.upper)
		}
	}
	if least := min(charts, storms, records, drawn); least < 100 {
		t.Errorf("charts narrow %d bands, storms %d, records %d, and %d are too far to: nothing was shown", charts, storms, drawn, records)
	}
	if (&tail{Q: 1}).isFar(&p, 0.5, 0, 1e6, 6) {
		t.Error("what is needed lies within the quantile, and is taken to be beyond")
	}
	var x record
	if s := (series{N: 10, Changes: 10}); s.recordIsFar(&p, &x, &look{sight: sight{}, upper: math.Inf(1), need: 4}) {
		t.Error("a bound at infinity is not narrowed")
	}
}
