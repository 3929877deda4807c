package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// coarseThenFine gives times a minute apart, then so many seconds.
func coarseThenFine(coarse, fine int, seconds float64, f func(i int, step float64) float64) []telemetry.Sample {
	out, at := make([]telemetry.Sample, 0, coarse+fine), start
	for i := range coarse + fine {
		step := 60.0
		if i >= coarse {
			step = seconds
		}
		at += int64(1000 * step)
		out = append(out, telemetry.Sample{T: at, V: f(i, step)})
	}
	return out
}

// poisson draws how many events happen when mean are expected.
func poisson(r *rand.Rand, mean float64) float64 {
	k := 0.0
	for at := r.ExpFloat64(); at < mean; at += r.ExpFloat64() {
		k++
	}
	return k
}

func TestStep_MinuteToFiveSeconds_CounterKeepsBudget(t *testing.T) {
	const coarse, fine = 2880, 2160
	total := 0
	for _, rate := range []float64{0.05, 0.5, 3, 20} {
		alarms := 0
		for seed := range uint64(50) {
			r, sum := rand.New(rand.NewPCG(seed, 9)), 0.0
			samples := coarseThenFine(coarse, fine, 5, func(_ int, step float64) float64 {
				sum += poisson(r, rate*step)
				return sum
			})
			for _, v := range play(t, gauge("requests_total"), samples) {
				if v.Phase == detector.PhaseOpened && v.Time > samples[coarse].T {
					alarms++
				}
			}
		}
		t.Logf("rate %v: %d", rate, alarms)
		total += alarms
	}
	// The budget is 200 series * 3 hours / 168 = 3.6.
	if total > 9 {
		t.Errorf("got %d alarms in 200 series, want at most 9", total)
	}
}

func TestStep_MinuteToFiveSeconds_GaugeStillSeesAStep(t *testing.T) {
	const coarse = 2880
	for seed := range uint64(10) {
		r := noise(seed)
		samples := coarseThenFine(coarse, 80, 5, func(i int, _ float64) float64 {
			if i >= coarse+60 {
				return math.Abs(0.3 + 0.02*r())
			}
			return math.Abs(0.005 + 0.002*r())
		})
		told := play(t, gauge("tocsin:error_rate"), samples)
		v, ok := openedAfter(told, samples[coarse].T)
		if !ok || v.Time < samples[coarse+60].T || v.Time > samples[coarse+62].T {
			t.Errorf("seed %d: opened %v, %d samples after the step", seed, ok, (v.Time-samples[coarse+60].T)/5000)
		}
	}
}

// A slow wander that a minute's step shows as noise is nearly a line at five
// seconds: charts over a number of samples then see other spans of time.
func TestStep_MinuteToFiveSeconds_WanderingGaugeKeepsBudget(t *testing.T) {
	const coarse, fine = 2880, 2160
	for _, tau := range []float64{30, 300, 3000} {
		alarms := 0
		for seed := range uint64(50) {
			r, x := noise(seed), 0.0
			samples := coarseThenFine(coarse, fine, 5, func(_ int, step float64) float64 {
				keep := math.Exp(-step / tau)
				x = keep*x + math.Sqrt(1-keep*keep)*r()
				return 100 + x + 0.1*r()
			})
			for _, v := range play(t, gauge("x"), samples) {
				if v.Phase == detector.PhaseOpened && v.Time > samples[coarse].T {
					alarms++
				}
			}
		}
		// The budget is 50 series * 3 hours / 168 = 0.9.
		if alarms > 4 {
			t.Errorf("wander of %v s: got %d alarms in 50 series", tau, alarms)
		}
	}
}

// A gauge written every three minutes repeats itself more often at a finer step.
func TestStep_MinuteToFiveSeconds_RepeatedValuesAreNoFlatline(t *testing.T) {
	const coarse = 2880
	r, x := noise(50), 0.0
	samples := coarseThenFine(coarse, 2000, 5, func(i int, _ float64) float64 {
		if i < coarse && i%3 == 0 || i%36 == 0 {
			x = 100 + r()
		}
		return x
	})
	for _, v := range play(t, gauge("x"), samples) {
		if v.Kind == detector.KindFlatline {
			t.Errorf("got %+v after %d samples", v, (v.Time-samples[coarse].T)/5000)
		}
	}
}

// Rows of the first quarter of an hour are left out: what is young is another matter.
func TestStep_OneSecond_NoiseKeepsBudget(t *testing.T) {
	const series, rows, young = 100, 20_000, 1000
	for _, keep := range []float64{0, 0.9, 0.99} {
		alarms := 0
		for seed := range uint64(series) {
			r, x := noise(200+seed), 0.0
			samples := feed(rows, 1, func(int) float64 {
				x = keep*x + math.Sqrt(1-keep*keep)*r()
				return 100 + x
			})
			for _, v := range play(t, gauge("x"), samples) {
				if v.Phase == detector.PhaseOpened && v.Time > samples[young].T {
					alarms++
				}
			}
		}
		// The budget is 100 series * 5.3 hours / 168 = 3.1.
		if alarms > 4 {
			t.Errorf("correlated by %v: got %d alarms in %d series of %d rows, want at most 4", keep, alarms, series, rows)
		}
	}
}
