package detector

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// swing is traffic each minute that is so many times as high at noon as at midnight,
// with noise that is part of the level to a power: sigma(level).
func swing(length int, times, part, power float64) (samples []telemetry.Sample, sigma []float64) {
	r := rand.New(rand.NewPCG(11, 5))
	for i := range length * 24 * 60 {
		level := 1000 * math.Pow(times, (1-math.Cos(2*math.Pi*float64(i)/(24*60)))/2-1)
		s := 1000 * part * math.Pow(level/1000, power)
		samples = append(samples, telemetry.Sample{T: (1700006400 + 60*int64(i)) * 1000, V: max(level+s*r.NormFloat64(), 0)})
		sigma = append(sigma, s)
	}
	return samples, sigma
}

// learned returns the state of a series after samples, and the mean of how many sigmas
// its upper bound was above what was expected within two hours of midnight and of noon
// in the last week.
func learned(samples []telemetry.Sample, sigma []float64) (s series, night, noon float64) {
	p := DefaultConfig().params()
	var slab days
	s.restart(&p)
	nights, noons := 0.0, 0.0
	for i, x := range samples {
		k := look{sight: sight{glance: glance{t: x.T, fine: 1}}, full: true}
		s.observe(&p, &slab, &k, x.V)
		if i < len(samples)-7*24*60 || math.IsNaN(k.upper) {
			continue
		}
		wide, hour := (k.upper-k.expected)/sigma[i], i/60%24
		switch {
		case hour < 2 || hour >= 22:
			night, nights = night+wide, nights+1
		case hour >= 10 && hour < 14:
			noon, noons = noon+wide, noons+1
		}
	}
	return s, night / nights, noon / noons
}

func TestPower_NoiseThatIsAPartOfTheLevel_BandIsNearlyAsWideAtNightAsAtNoon(t *testing.T) {
	p := DefaultConfig().params()
	for _, times := range []float64{20, 100} {
		for _, part := range []float64{0.05, 0.2} {
			t.Run(fmt.Sprintf("%v times, %v of the level", times, part), func(t *testing.T) {
				s, night, noon := learned(swing(21, times, part, 1))
				if b := s.power(&p); b < 0.2 {
					t.Errorf("errors grow with power %.2f of the level after three weeks, want more", b)
				}
				if night > 2.5*noon || night > 25 {
					t.Errorf("the band is %.1f deviations wide at night and %.1f at noon", night, noon)
				}
			})
		}
	}
}

func TestPower_NoiseOfOneSize_NoneIsLearned(t *testing.T) {
	p := DefaultConfig().params()
	for _, times := range []float64{1.2, 5, 20} {
		s, night, noon := learned(swing(14, times, 0.01, 0))
		if b := s.power(&p); b != 0 {
			t.Errorf("%v times: errors are taken to grow with power %.2f of the level", times, b)
		}
		if night > 1.5*noon || noon > 1.5*night {
			t.Errorf("%v times: the band is %.1f deviations wide at night and %.1f at noon", times, night, noon)
		}
	}
}

func TestPower_SpikeAtNight_IsFound(t *testing.T) {
	samples, sigma := swing(28, 20, 0.05, 1)
	at := len(samples) - 30 // half past eleven at night
	samples[at].V += 10 * sigma[at]
	found := false
	i := 0
	Replay(DefaultConfig(), labels.FromStrings("__name__", "requests"), samples, func(v Verdict) {
		if i == at {
			found = v.Phase == PhaseOpened
		}
		i++
	})
	if !found {
		t.Errorf("ten deviations of its noise at night are not found")
	}
}

func TestPower_LevelsWithoutALogarithm_LeaveErrorsAlone(t *testing.T) {
	p := DefaultConfig().params()
	for name, s := range map[string]series{
		"negative": {Flags: flagNegative, Power: powerUnit, Typical: octavesOf(10), Long: -5},
		"unknown":  {Power: 0, Typical: 0, Long: 5},
	} {
		k := look{}
		s.readPower(&p, &k.sight)
		if k.power != 1 || k.floorLong != 1 || k.floorRange != 1 {
			t.Errorf("%s: factors are %v, %v and %v, want 1", name, k.power, k.floorLong, k.floorRange)
		}
	}
	s := series{Power: powerUnit, Typical: octavesOf(10)}
	k := look{}
	if s.readPower(&p, &k.sight); !(k.power > 0) || k.power > 1 || !(k.floorRange > 0) || math.IsNaN(k.floorLong) {
		t.Errorf("at zero: factors are %v, %v and %v, want small ones", k.power, k.floorLong, k.floorRange)
	}
}
