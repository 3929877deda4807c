package main

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

// hourly returns days of hourly samples of a function of the hour.
func hourly(days int, value func(hour int) float64) *labelled {
	l := &labelled{step: 3600, name: "made"}
	for i := range days * 24 {
		l.samples = append(l.samples, telemetry.Sample{T: int64(i) * 3_600_000, V: value(i)})
	}
	return l
}

func TestTargets_Hourly_LieAtTheirHorizon(t *testing.T) {
	l := hourly(30, func(int) float64 { return 0 })
	l.samples = append(l.samples[:300], l.samples[304:]...) // four hours are missing
	got := l.targets()
	counts := make([]int, len(forecastHorizons))
	for i, x := range got {
		counts[x.horizon]++
		if want := int64(1000 * forecastHorizons[x.horizon].seconds); l.samples[x.row].T-l.samples[x.origin].T != want {
			t.Fatalf("origin %d, row %d: %d ms apart, want %d", x.origin, x.row, l.samples[x.row].T-l.samples[x.origin].T, want)
		}
		if x.origin < 107 || i > 0 && x.origin < got[i-1].origin {
			t.Fatalf("origin %d: within the first 15 %%, or out of order", x.origin)
		}
	}
	for h, n := range counts {
		if n < 150 || n > 200 {
			t.Errorf("horizon %s: got %d targets, want up to 200", forecastHorizons[h].name, n)
		}
	}
}

func TestTargets_ShortSeries_LeavesOutLongHorizons(t *testing.T) {
	for _, x := range hourly(5, func(int) float64 { return 0 }).targets() {
		if forecastHorizons[x.horizon].name == "3d" {
			t.Fatal("three days ahead in a series of five with two of learning: fewer targets than asked for")
		}
	}
}

func TestForetell_ExactSeason_SeasonalNaiveMissesNothing(t *testing.T) {
	l := hourly(40, func(i int) float64 { return math.Sin(2*math.Pi*float64(i%24)/24) + float64(i/24%7) })
	plan := l.targets()
	// The week repeats exactly; before two weeks are seen only the day is known.
	seen := plan[:0:0]
	for _, x := range plan {
		if x.origin >= 14*24 {
			seen = append(seen, x)
		}
	}
	for h, c := range l.foretell(&seasonalNaive{step: 3600}, seen) {
		if c.targets == 0 || c.missed > 1e-9 {
			t.Errorf("%s: missed by %v over %d targets, want 0", forecastHorizons[h].name, c.missed, c.targets)
		}
	}
}

func TestForetell_RandomWalk_LastValueIsCalibrated(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	inside, targets := make([]float64, len(forecastLevels)), 0
	for range 40 {
		x := 0.0
		l := hourly(40, func(int) float64 { x += random.NormFloat64(); return x })
		for _, c := range l.foretell(&lastValue{step: 3600}, l.targets()) {
			targets += c.targets
			for k := range inside {
				inside[k] += c.within[k]
			}
		}
	}
	for k, level := range forecastLevels {
		if got := inside[k] / float64(targets); math.Abs(got-level) > 0.03 {
			t.Errorf("level %v: got %v of %d targets inside", level, got, targets)
		}
	}
}

// silent has nothing to say.
type silent struct{}

func (silent) observe(int64, float64) {}
func (silent) at(float64, float64) (float64, float64, float64) {
	return math.NaN(), math.NaN(), math.NaN()
}

// oracle foretells a function of time that it knows, shifted.
type oracle struct {
	now   int64
	value func(hour int) float64
	shift float64
}

func (o *oracle) observe(t int64, _ float64) { o.now = t }
func (o *oracle) at(seconds, _ float64) (float64, float64, float64) {
	v := o.value(int((o.now+int64(seconds*1000))/3_600_000)) + o.shift
	return v, v - 1, v + 1
}

func TestCompareForecasts_KnownMethods_GetWhatTheyDeserve(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	noise := make([]float64, 40*24)
	for i := range noise {
		noise[i] = random.NormFloat64()
	}
	value := func(hour int) float64 { return noise[hour] }
	all := []*labelled{hourly(40, value), hourly(40, value)}
	for name, c := range map[string]struct {
		make               func(*labelled) forecaster
		coverage, low, top float64
	}{
		"knows all": {func(*labelled) forecaster { return &oracle{value: value} }, 1, 0, 0.01},
		"off by 2":  {func(*labelled) forecaster { return &oracle{value: value, shift: 2} }, 0, 1.5, 2.1},
		"silent":    {func(*labelled) forecaster { return silent{} }, 0, 0.9, 1.1},
	} {
		var out bytes.Buffer
		got, err := compareForecasts(all, []forecastMethod{{ours, c.make}}, &out)
		if err != nil {
			t.Fatal(err)
		}
		if got["coverage_90"] != c.coverage {
			t.Errorf("%s: got coverage %v, want %v", name, got["coverage_90"], c.coverage)
		}
		if e := got["error_vs_seasonal_naive"]; !(e >= c.low && e <= c.top) {
			t.Errorf("%s: got error ratio %v, want %v to %v", name, e, c.low, c.top)
		}
		if !strings.Contains(out.String(), "seasonal naive") {
			t.Errorf("%s: the base is missing from the table", name)
		}
	}
}
