package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// A gauge whose unit becomes a thousand times as large, or whose load falls to a
// twentieth, is told once; from then on it is watched as closely as before, and when it
// comes back within a day no one is called again.
func TestRelearn_FractionOfTheLevel_NoiseGoesWithIt(t *testing.T) {
	const seeds, hours = 6, 3600
	for _, c := range []struct {
		step int64
		part float64
		back int64 // seconds, 0 never
	}{{1800, 1e-3, 0}, {900, 0.05, 0}, {300, 1e-3, 0}, {900, 1e-3, 30 * hours}, {300, 0.05, 30 * hours}} {
		first, soon, spikes, told, foretold, looked := 0, 0, 0, 0, 0, 0
		for seed := range uint64(seeds) {
			b := newBank(t)
			slot := b.Register(gauge("m"))
			r := rand.New(rand.NewPCG(seed, 8))
			changed := 23*86400/c.step + int64(seed)*5
			for i := range 33 * 86400 / c.step {
				after := (i - changed) * c.step
				x := 100 + 30*math.Sin(2*math.Pi*float64(i*c.step)/86400) + 3*r.NormFloat64()
				spike := c.back == 0 && after > 4*86400 && (i-changed)%(26*hours/c.step) == 0
				if spike {
					x += 45
					spikes++
				}
				if after >= 0 && (c.back == 0 || after < c.back) {
					x *= c.part
				}
				v, tell := b.Observe(slot, start+i*c.step*1000, x)
				if c.back == 0 && after > 2*86400 && after%(7*hours) == 0 {
					looked++
					at := i*c.step + 25*hours
					want := c.part * (100 + 30*math.Sin(2*math.Pi*float64(at)/86400))
					f, ok := b.Forecast(slot, start+at*1000, 0.9)
					if ok && math.Abs(f.Value-want) < 0.12*100*c.part && f.Upper-f.Lower < 0.6*100*c.part {
						foretold++
					}
				}
				if !tell || v.Phase != detector.PhaseOpened || after < 0 {
					continue
				}
				switch {
				case spike:
					told++
				case after <= 2*c.step:
					first++
				case after < 4*86400:
					soon++
				}
			}
		}
		if foretold < looked*3/4 {
			t.Errorf("%d s, times %g: %d of %d forecasts for 25 h are right", c.step, c.part, foretold, looked)
		}
		if first != seeds || soon > seeds/2 || float64(told) < 0.8*float64(spikes) {
			t.Errorf("%d s, times %g, back after %d h: got %d of %d told, %d more within four days, and %d of %d spikes after that",
				c.step, c.part, c.back/hours, first, seeds, soon, told, spikes)
		}
	}
}
