package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// dayMinutes is how many samples of a minute a day has.
const dayMinutes = 24 * 60

// whenAsked gives a latency each minute in which there was a request: all minutes of the
// day, and one in eight at night.
func whenAsked(seed uint64, days int) []telemetry.Sample {
	r := rand.New(rand.NewPCG(seed, 11))
	var out []telemetry.Sample
	for i := range days * dayMinutes {
		busy := 0.66 - 0.54*math.Cos(2*math.Pi*(float64(i)/dayMinutes-1.0/6))
		if v := math.Exp(0.4 * r.NormFloat64()); r.Float64() < busy {
			out = append(out, telemetry.Sample{T: start + int64(i)*60_000, V: v})
		}
	}
	return out
}

// missed counts how often a series was missed, by a sweep every ten seconds, from a day
// on, and returns the bank as it was after the last sample.
func missed(t *testing.T, samples []telemetry.Sample, from int64) (*detector.Bank, int) {
	b, n := newBank(t), 0
	slot := b.Register(gauge("latency"))
	last := samples[0].T
	for _, s := range samples {
		for at := last + 10_000; s.T-last > 60_000 && at < s.T; at += 10_000 {
			b.Sweep(at, func(v detector.Verdict) {
				if v.Kind == detector.KindMissing && v.Phase == detector.PhaseOpened && at >= from {
					n++
				}
			})
		}
		b.Observe(slot, s.T, s.V)
		last = s.T
	}
	return b, n
}

// A series that sends where there was a request misses most steps of each night. After
// the first nights that is told seldom, and that it stops by day is still told.
func TestSilence_FewSamplesAtNight_SeldomMissedAndItsEndIs(t *testing.T) {
	const days, from, series = 12, 3, 4
	told := 0
	for seed := range uint64(series) {
		samples := whenAsked(seed, days)
		end := start + (days-1)*86_400_000 + 14*3600_000
		for samples[len(samples)-1].T > end {
			samples = samples[:len(samples)-1]
		}
		b, n := missed(t, samples, start+from*86_400_000)
		told += n
		last, at := samples[len(samples)-1].T, int64(0)
		for now := last; now < last+3600_000 && at == 0; now += 10_000 {
			b.Sweep(now, func(v detector.Verdict) {
				if v.Kind == detector.KindMissing && v.Phase == detector.PhaseOpened {
					at = now
				}
			})
		}
		if at == 0 || at-last > 20*60_000 {
			t.Errorf("seed %d: the end by day was told after %d minutes, want at most 20", seed, (at-last)/60_000)
		}
	}
	if weeks := float64(series*(days-from)) / 7; float64(told) > 5*weeks {
		t.Errorf("missed %d times in %.1f weeks", told, weeks)
	}
}
