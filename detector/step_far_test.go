package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// Samples half a day or a day apart are watched like others: bands are as wide as the noise,
// episodes end, leaps are told, and nothing is missing in between.
func TestObserve_DailySamples_EpisodesEndAndLeapsAreTold(t *testing.T) {
	for _, hours := range []int64{6, 12, 24} {
		leaps, told, alarms, narrow, days := 0, 0, 0, 0, 0
		for seed := range uint64(6) {
			b := newBank(t)
			slot := b.Register(gauge("m"))
			r := rand.New(rand.NewPCG(seed, 6))
			n := 400 * 24 / hours
			for i := range n {
				at := start + i*hours*3_600_000
				x, leap := 100+5*r.NormFloat64(), i > n/2 && i%(n/9) == 0
				if leap {
					x += 60
					leaps++
				}
				for look := at - hours*3_600_000 + 60_000; look < at && i > 0; look += 1_800_000 {
					b.Sweep(look, func(v detector.Verdict) { t.Fatalf("%d h apart: got %+v between two samples", hours, v) })
				}
				v, tell := b.Observe(slot, at, x)
				switch opened := tell && v.Phase == detector.PhaseOpened; {
				case opened && leap:
					told++
				case opened:
					alarms++
				}
				if v, _ := b.Last(slot); i > 30 {
					if days++; math.IsNaN(v.Upper) || v.Upper-v.Lower < 5 {
						narrow++
					}
				}
			}
		}
		if weeks := 6 * 400.0 / 7; float64(told) < 0.6*float64(leaps) || float64(alarms) > 1.2*weeks || narrow > days/50 {
			t.Errorf("%d h apart: told %d of %d leaps, %d other alarms in %.0f weeks, %d of %d bands too narrow", hours, told, leaps, alarms, weeks, narrow, days)
		}
	}
}
