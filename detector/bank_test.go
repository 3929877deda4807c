package detector_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

const start = int64(1_700_000_000_000) / 86_400_000 * 86_400_000 // midnight UTC

func gauge(name string) labels.Labels { return labels.FromStrings("__name__", name) }

func newBank(t testing.TB, change ...func(*detector.Config)) *detector.Bank {
	t.Helper()
	c := detector.DefaultConfig()
	for _, f := range change {
		f(&c)
	}
	b, err := detector.NewBank(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// feed makes n samples at the given step in seconds from f of the index.
func feed(n int, step float64, f func(i int) float64) []telemetry.Sample {
	out := make([]telemetry.Sample, n)
	for i := range out {
		out[i] = telemetry.Sample{T: start + int64(float64(i)*step*1000), V: f(i)}
	}
	return out
}

// play runs samples through a new bank and returns the transitions.
func play(t testing.TB, l labels.Labels, samples []telemetry.Sample) []detector.Verdict {
	t.Helper()
	b := newBank(t)
	slot := b.Register(l)
	var out []detector.Verdict
	for _, s := range samples {
		if v, tell := b.Observe(slot, s.T, s.V); tell {
			out = append(out, v)
		}
	}
	return out
}

func openedAfter(told []detector.Verdict, t int64) (detector.Verdict, bool) {
	for _, v := range told {
		if v.Phase == detector.PhaseOpened && v.Time >= t {
			return v, true
		}
	}
	return detector.Verdict{}, false
}

func countPhase(told []detector.Verdict, p detector.Phase) int {
	n := 0
	for _, v := range told {
		if v.Phase == p {
			n++
		}
	}
	return n
}

func TestRegister_SameLabels_SameSlotAndUnwatchedGetNone(t *testing.T) {
	b := newBank(t, func(c *detector.Config) { c.MaxSeries = 2 })
	one := b.Register(gauge("up"))
	if one == 0 || b.Register(gauge("up")) != one {
		t.Fatalf("got slots %d and %d, want the same above 0", one, b.Register(gauge("up")))
	}
	for _, l := range []labels.Labels{
		labels.FromStrings("__name__", "http_seconds_bucket", "le", "half"),
		labels.FromStrings("__name__", "tocsin_http_seconds_bucket", "le", "0.5"),
		labels.FromStrings("__name__", "tocsin_bucket", "le", "0.5"),
		gauge("ALERTS"), gauge("ALERTS_FOR_STATE"), gauge("tocsin_ingest_samples_total"),
	} {
		if got := b.Register(l); got != 0 {
			t.Errorf("%s: got slot %d, want 0", l, got)
		}
	}
	if got := b.Register(labels.FromStrings("__name__", "tocsin:error_rate", "service", "a")); got != 2 {
		t.Errorf("recorded signal: got slot %d, want 2", got)
	}
	if got := b.Register(gauge("third")); got.Watched() || b.Len() != 2 {
		t.Errorf("beyond max_series: got slot %d and length %d, want one that is not watched and 2", got, b.Len())
	}
	if got := b.Labels(one); !labels.Equal(got, gauge("up")) {
		t.Errorf("got labels %s", got)
	}
	if got := b.Labels(99); !got.IsEmpty() {
		t.Errorf("labels of a slot never given out: got %s", got)
	}
	if _, ok := b.Last(99); ok {
		t.Error("a slot never given out has a last verdict")
	}
	for _, slot := range []detector.Slot{0, 3, 1 << 30} {
		if _, tell := b.Observe(slot, start, 1); tell {
			t.Errorf("slot %d tells of something", slot)
		}
	}
}

func TestObserve_BadSamples_CountedAndIgnored(t *testing.T) {
	b := newBank(t)
	slot := b.Register(gauge("x"))
	b.Observe(slot, start, 1)
	for _, s := range []telemetry.Sample{{T: start + 1, V: math.NaN()}, {T: start + 2, V: math.Inf(1)}, {T: start, V: 5}, {T: start - 10, V: 5}} {
		b.Observe(slot, s.T, s.V)
	}
	got, ok := b.Last(slot)
	if !ok || got.Value != 1 || got.Time != start || got.Phase != detector.PhaseQuiet {
		t.Errorf("got last %+v, want the first sample", got)
	}
	set := metrics.NewSet()
	b.Expose(set)
	text := expose(set)
	for name, want := range map[string]float64{
		`tocsin_detector_samples_not_judged_total{reason="not_a_number"}`: 2,
		`tocsin_detector_samples_not_judged_total{reason="late"}`:         2,
		"tocsin_detector_series": 1,
	} {
		if text[name] != want {
			t.Errorf("%s: got %v, want %v", name, text[name], want)
		}
	}
}

func TestObserve_Restless_NoAllocation(t *testing.T) {
	b := newBank(t)
	slot := b.Register(gauge("x"))
	i := 0
	for ; i < 5000; i++ {
		b.Observe(slot, start+int64(i)*15000, rand.NormFloat64())
	}
	got := testing.AllocsPerRun(2000, func() {
		i++
		b.Observe(slot, start+int64(i)*15000, 10*rand.NormFloat64())
	})
	if got != 0 {
		t.Errorf("got %v allocations per sample, want 0", got)
	}
}

func TestBank_ConcurrentUse_SeriesStayApart(t *testing.T) {
	b := newBank(t)
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range 300 {
				slot := b.Register(gauge("s" + strconv.Itoa(i%600)))
				for j := range 20 {
					b.Observe(slot, start+int64(j*4+w)*1000, float64(i%600))
				}
				b.Last(slot)
				b.Labels(slot)
			}
		})
	}
	all.Go(func() {
		for range 5 {
			if err := b.Checkpoint(discard{}); err != nil {
				t.Error(err)
			}
			b.Sweep(start+1000, func(detector.Verdict) {})
		}
	})
	all.Wait()
	for slot := detector.Slot(1); int(slot) <= b.Len(); slot++ {
		v, ok := b.Last(slot)
		if want := b.Labels(slot).Get("__name__"); !ok || "s"+strconv.Itoa(int(v.Value)) != want {
			t.Fatalf("slot %d: got value %v of %s", slot, v.Value, want)
		}
	}
}

func TestReplay_SameSamples_SameVerdictsAsBank(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	samples := feed(4000, 60, func(i int) float64 {
		x := 50 + 10*math.Sin(float64(i)*2*math.Pi/1440) + r.NormFloat64()
		if i%700 == 699 {
			x += 40
		}
		return x
	})
	samples[1000].V = math.Float64frombits(value.StaleNaN)
	samples[2000].V = math.NaN()
	for _, name := range []string{"g", "c_total"} {
		b := newBank(t)
		slot := b.Register(gauge(name))
		i := 0
		detector.Replay(detector.DefaultConfig(), gauge(name), samples, func(got detector.Verdict) {
			want, tell := b.Observe(slot, samples[i].T, samples[i].V)
			i++
			if tell != (got.Phase != detector.PhaseQuiet && got.Phase != detector.PhaseOngoing) {
				t.Fatalf("sample %d: replay says phase %s, bank tells %v", i-1, got.Phase, tell)
			}
			if !tell || math.IsNaN(got.Value) {
				return // nothing to compare with, or dropped at the guards
			}
			want.Slot = 0
			if !same(got, want) {
				t.Fatalf("sample %d: replay %+v, bank %+v", i-1, got, want)
			}
		})
		if i != len(samples) {
			t.Errorf("got %d verdicts for %d samples", i, len(samples))
		}
	}
}

// same compares verdicts bit for bit, NaN equal to NaN.
func same(a, b detector.Verdict) bool {
	f := func(x, y float64) bool {
		return math.Float64bits(x) == math.Float64bits(y) || math.IsNaN(x) && math.IsNaN(y)
	}
	return a.Slot == b.Slot && a.Time == b.Time && a.Since == b.Since && a.Kind == b.Kind && a.Phase == b.Phase && a.Rate == b.Rate &&
		f(a.Value, b.Value) && f(a.Expected, b.Expected) && f(a.Lower, b.Lower) && f(a.Upper, b.Upper) && f(a.Score, b.Score) && f(a.Peak, b.Peak)
}
