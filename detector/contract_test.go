package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestVerdict_ManyShapes_OutsideOfBandIfAndOnlyIfOdd(t *testing.T) {
	c := detector.DefaultConfig()
	least := c.Threshold()
	odd := map[detector.Kind]int{}
	for seed := range uint64(60) {
		samples := restlessShape(seed)
		i := 0
		detector.ReplayShare(c, 0, gauge("x"), samples, func(v detector.Verdict) {
			i++
			if v.Score >= least && v.Kind != detector.KindNone {
				odd[v.Kind]++
			}
			if math.IsNaN(v.Upper) {
				if v.Phase == detector.PhaseOpened && v.Kind != detector.KindFlatline && v.Kind != detector.KindShape {
					t.Fatalf("seed %d, sample %d: %+v has no band", seed, i-1, v)
				}
				return
			}
			if outside := v.Value < v.Lower || v.Value > v.Upper; outside != (v.Score >= least) {
				t.Fatalf("seed %d, sample %d: outside %v, %+v", seed, i-1, outside, v)
			}
		})
		if i != len(samples) {
			t.Fatalf("seed %d: got %d verdicts for %d samples", seed, i, len(samples))
		}
	}
	if len(odd) < 5 {
		t.Errorf("odd samples are of kinds %v only: the comparison shows little", odd)
	}
}

// restlessShape makes a series of several days from a random base, with spikes,
// shifts, ramps, flat and noisy stretches, gaps and zeros.
func restlessShape(seed uint64) []telemetry.Sample {
	r := rand.New(rand.NewPCG(seed, 11))
	step := []float64{15, 60, 300, 3600}[r.IntN(4)]
	base, day, sigma := []float64{0, 1, 50, 1e6}[r.IntN(4)], r.Float64()*float64(r.IntN(2)), r.ExpFloat64()
	size, mode, left, ramp, skip := 1+base/20, 0, 0, 0.0, int64(0)
	samples := feed(4000, step, func(i int) float64 {
		if left--; left < 0 {
			mode, left, ramp = 0, 100+r.IntN(400), 0
			if r.IntN(2) == 0 {
				mode, left = 1+r.IntN(7), 1+r.IntN(60)
			}
		}
		x := base + size*(sigma*r.NormFloat64()+5*day*math.Sin(float64(i)*step*2*math.Pi/86400))
		switch mode {
		case 1:
			x += 20 * size
		case 2:
			x -= 8 * size
		case 3:
			ramp += size / 3
			x += ramp
		case 4:
			x = base
		case 5:
			x = base + 5*(x-base)
		case 6:
			x = 0
		case 7:
			x = math.Floor(x)
		}
		return x
	})
	for i := range samples {
		if r.IntN(300) == 0 {
			skip += int64(r.IntN(50)) * int64(step*1000)
		}
		samples[i].T += skip
	}
	return samples
}

func TestLast_QuietSeries_BandIsThatOfTheNextSample(t *testing.T) {
	compared := 0
	for _, step := range []float64{60, 300} {
		b := newBank(t)
		slot := b.Register(gauge("x"))
		r := noise(98)
		all := feed(3000, step, func(i int) float64 {
			return 100 + 20*math.Sin(float64(i)*step*2*math.Pi/86400) + 2*r()
		})
		for i, s := range all[:len(all)-1] {
			b.Observe(slot, s.T, s.V)
			if i < 2900 || i%9 != 0 {
				continue
			}
			told, ok := b.Last(slot)
			if !ok || told.Phase != detector.PhaseQuiet || math.IsNaN(told.Upper) {
				continue
			}
			compared++
			samples := append(append([]telemetry.Sample{}, all[:i+1]...), telemetry.Sample{T: all[i+1].T, V: told.Expected})
			var last detector.Verdict
			detector.Replay(detector.DefaultConfig(), gauge("x"), samples, func(v detector.Verdict) { last = v })
			most := 0.01 * (last.Upper - last.Lower)
			if !(math.Abs(last.Upper-told.Upper) <= most && math.Abs(last.Lower-told.Lower) <= most) {
				t.Fatalf("step %v s, sample %d: the next one's band is %v to %v, told was %v to %v", step, i, last.Lower, last.Upper, told.Lower, told.Upper)
			}
		}
	}
	if compared < 10 {
		t.Errorf("compared %d bands, want at least 10", compared)
	}
}

// The band is drawn before the sample is looked at: what lies a little beyond it
// is odd, and what lies a little within is not.
func TestBand_ValueNearItsEdge_OddOnTheFarSideOnly(t *testing.T) {
	c := detector.DefaultConfig()
	r := noise(99)
	level := feed(2000, 60, func(int) float64 { return 100 + r() })
	for name, of := range map[string]struct {
		all   []telemetry.Sample
		shift float64 // of the last samples before
	}{
		"noise": {level, 0},
		"shift": {level, 2},
		"a day": {feed(2000, 300, func(i int) float64 { return 100 + 20*math.Sin(2*math.Pi*float64(i)/288) + r() }), 0},
	} {
		for n := 1000; n < len(of.all); n += 130 {
			judge := func(x float64) (last detector.Verdict) {
				samples := append(append([]telemetry.Sample{}, of.all[:n]...), telemetry.Sample{T: of.all[n].T, V: x})
				for i := n - 24; i < n; i++ {
					samples[i].V += of.shift
				}
				detector.ReplayShare(c, 0, gauge("x"), samples, func(v detector.Verdict) { last = v })
				return last
			}
			v := judge(judge(of.all[n-1].V + of.shift).Expected)
			near := 0.05 * (v.Upper - v.Lower)
			for _, at := range []struct {
				x   float64
				odd bool
			}{{v.Upper + near, true}, {v.Upper - near, false}, {v.Lower - near, true}, {v.Lower + near, false}} {
				if got := judge(at.x); (got.Score >= c.Threshold()) != at.odd {
					t.Errorf("%s, sample %d: value %.2f, band %.2f to %.2f, score %v: odd is not %v", name, n, at.x, v.Lower, v.Upper, got.Score, at.odd)
				}
			}
		}
	}
}
