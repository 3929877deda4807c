package main

import (
	"errors"
	"io"
	"math"
	"math/cmplx"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// week returns a series of one scored week at five minutes with one-row events.
func week(family string, events ...int) *labelled {
	l := &labelled{samples: make([]telemetry.Sample, 2016), step: 300, family: family}
	for _, e := range events {
		l.events = append(l.events, span{e, e})
	}
	return l
}

func TestCurve_Area_IsMeanRecallOverLogRate(t *testing.T) {
	// Half of the events are found from the first threshold on, all from two
	// false alarms a week on.
	l := week("a", 100, 200)
	scores := make([]float64, 2016)
	scores[100], scores[300], scores[400], scores[200] = 9, 8, 7, 6
	for i := 500; i < 2000; i += 20 {
		scores[i] = 1
	}
	c := sweep([]*labelled{l}, [][]float64{scores})
	want := (0.5*math.Log(2/0.5) + math.Log(7.0/2)) / math.Log(7/0.5)
	if got := c.area(); math.Abs(got-want) > 1e-9 {
		t.Errorf("got %v, want %v", got, want)
	}
	if best := c.best(); best[0].recall != 0.5 || best[2].recall != 1 {
		t.Errorf("got recalls %v and %v at 0.5 and 2, want 0.5 and 1", best[0].recall, best[2].recall)
	}
}

func TestCurve_Together_WeighsSetsAlike(t *testing.T) {
	// Set a has two series, b one. Each has an event that its own threshold finds
	// for nothing; b's scores are a hundred times as large, its noise too.
	var set []*labelled
	var scores [][]float64
	for i, name := range []string{"a", "a", "b"} {
		l := week(string(rune('f'+i)), 100)
		l.set = name
		scale := map[string]float64{"a": 1, "b": 100}[name]
		s := make([]float64, 2016)
		s[100] = 9 * scale
		for j := 500; j < 2000; j += 20 {
			s[j] = scale
		}
		set, scores = append(set, l), append(scores, s)
	}
	got := sweep(set, scores).together()
	// At one false alarm a week a's events stay below b's noise.
	if got[1] != 0.5 {
		t.Errorf("got recall %v, want 0.5: all of one set, none of the other", got[1])
	}
	for j := range scores[2] {
		scores[2][j] /= 100
	}
	if got := sweep(set, scores).together(); got[0] != 1 {
		t.Errorf("scores of one meaning: got recall %v, want 1", got[0])
	}
}

func TestBootstrap_SameMethodAndBetterMethod_AreToldApart(t *testing.T) {
	var set []*labelled
	var good, bad [][]float64
	for i := range 12 {
		set = append(set, week(string(rune('a'+i)), 100, 200, 300))
		g, b := make([]float64, 2016), make([]float64, 2016)
		g[100], g[200], g[300], b[100] = 9, 8, 7, 6
		if i%3 == 0 {
			b[200] = 5
		}
		for j := 500; j < 1000; j += 20 {
			g[j], b[j] = 1, 1
		}
		good, bad = append(good, g), append(bad, b)
	}
	a, z := sweep(set, good), sweep(set, bad)
	if low, high := bootstrap(a, a, 200); low != 0 || high != 0 {
		t.Errorf("a method against itself: got %v to %v, want 0", low, high)
	}
	low, high := bootstrap(a, z, 200)
	mean := 2.0/3 - 1.0/9
	if !(low > 0.3 && low < mean && high > mean && high <= 2.0/3+1e-9) {
		t.Errorf("got %v to %v, want an interval around %v", low, high, mean)
	}
}

func TestHeld_Spike_SinksSlowly(t *testing.T) {
	got := held([]float64{0, 10, 0, 0, 20})
	for i, want := range []float64{0, 10, 9.7, 9.409, 20} {
		if math.Abs(got[i]-want) > 1e-9 {
			t.Errorf("row %d: got %v, want %v", i, got[i], want)
		}
	}
}

func TestMedianDistance_KnownValues_UsesTheMedianSoFar(t *testing.T) {
	l := &labelled{}
	for _, v := range []float64{5, 1, 9, 5, 100} {
		l.samples = append(l.samples, telemetry.Sample{V: v})
	}
	// Distances 4, 4 or 8 from the lower median of {1, 5}, 0 from 5, 95 from 5.
	got := medianDistance(l)
	if got[3] != 0 {
		t.Errorf("a value at the median: got %v, want 0", got[3])
	}
	if got[4] < 10 {
		t.Errorf("a value far out: got %v, want much", got[4])
	}
}

func TestFourier_AgainstTheDefinition_Agrees(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	x := make([]complex128, 16)
	for i := range x {
		x[i] = complex(random.NormFloat64(), random.NormFloat64())
	}
	want := make([]complex128, len(x))
	for k := range want {
		for n := range x {
			want[k] += x[n] * cmplx.Rect(1, -2*math.Pi*float64(k*n)/float64(len(x)))
		}
	}
	newFourier(len(x)).forward(x)
	for k := range x {
		if cmplx.Abs(x[k]-want[k]) > 1e-9 {
			t.Errorf("term %d: got %v, want %v", k, x[k], want[k])
		}
	}
}

func TestSpectralResidual_SpikeOnSine_IsItsHighestScore(t *testing.T) {
	l := &labelled{}
	for i := range 400 {
		v := 10 + math.Sin(float64(i)/4)
		if i == 300 {
			v = 20
		}
		l.samples = append(l.samples, telemetry.Sample{V: v})
	}
	scores := spectralResidual(l)
	for i, s := range scores {
		if i != 300 && s >= scores[300] {
			t.Fatalf("row %d scores %v, the spike %v", i, s, scores[300])
		}
	}
}

func TestDisturbances_MadeUpSeries_DoWhatTheySay(t *testing.T) {
	l := &labelled{step: 300, skip: 100}
	for i := range 4000 {
		l.samples = append(l.samples, telemetry.Sample{T: int64(i) * 300_000, V: float64(i % 7)})
	}
	random := rand.New(rand.NewPCG(1, 1))
	for _, how := range disturbances {
		d := how.apply(l, random)
		if len(d.samples) != len(d.origin) {
			t.Fatalf("%s: %d samples and %d origins", how.name, len(d.samples), len(d.origin))
		}
		backward, same := 0, 0
		for i := 1; i < len(d.samples); i++ {
			switch step := d.samples[i].T - d.samples[i-1].T; {
			case step < 0:
				backward++
			case step == 0:
				same++
			}
		}
		n := len(d.samples)
		ok := map[string]bool{
			"duplicated":     n > 4040 && n < 4160 && same == n-4000,
			"late":           n == 4000 && backward > 40 && backward < 160,
			"missing":        n > 3700 && n < 3900,
			"unit_x1000":     n == 4000 && d.samples[3].V == 3000,
			"unit_x1024":     n == 4000 && d.samples[3].V == 3072,
			"clock_change":   n == 4000-12 && same == 0 && d.samples[2000].V == float64(2012%7),
			"step_1s":        n == 4000 && d.samples[1].T-d.samples[0].T == 1000,
			"step_1h":        n == 4000 && d.samples[1].T-d.samples[0].T == 3_600_000,
			"counter":        n == 4000 && d.counter && d.samples[6].V == 21,
			"counter_resets": n == 4000 && d.counter && d.samples[499].V < d.samples[498].V,
			"clean":          n == 4000,
		}[how.name]
		if !ok {
			t.Errorf("%s: got %d rows, %d backward, %d at the same time", how.name, n, backward, same)
		}
	}
}

func TestRestarts_CheckpointHalfWay_ChangesNothing(t *testing.T) {
	differ, err := restarts([]*labelled{uneventful[0].series(0), uneventful[8].series(1)}, detector.DefaultConfig())
	if err != nil || differ != 0 {
		t.Errorf("got %d rows that differ, %v", differ, err)
	}
}

func TestUneventful_Series_AreTheSameInEveryRunAndDiffer(t *testing.T) {
	for _, k := range uneventful {
		a, b, other := k.series(3), k.series(3), k.series(4)
		differs := false
		for i := range a.samples {
			if a.samples[i] != b.samples[i] {
				t.Fatalf("%s: row %d differs between runs", k.name, i)
			}
			differs = differs || a.samples[i] != other.samples[i]
		}
		if fixed := k.name == "constant" || k.name == "zero" || k.name == "office_hours"; differs == fixed {
			t.Errorf("%s: two series differ: %v", k.name, differs)
		}
		if a.weeks() <= 0 {
			t.Errorf("%s: nothing is scored", k.name)
		}
	}
}

func TestPoisson_ManyDraws_HaveTheirMean(t *testing.T) {
	random, sum := rand.New(rand.NewPCG(1, 1)), 0.0
	for range 20_000 {
		sum += poisson(random, 0.3)
	}
	if mean := sum / 20_000; math.Abs(mean-0.3) > 0.02 {
		t.Errorf("got mean %v, want 0.3", mean)
	}
}

func TestQuiet_ByChance_KnowsSeriesThatDiffer(t *testing.T) {
	alike, differ := quiet{}, quiet{}
	for i := range 40 {
		alike.lasted, differ.lasted = append(alike.lasted, 9), append(differ.lasted, 9)
		alike.each = append(alike.each, []float64{0.5, 1, 1, 1, 1.5}[i%5])
		differ.each = append(differ.each, float64(i%10)) // 0 to 9 a week
	}
	alike.alarms, alike.weeks = 40*9, 40*9
	differ.alarms, differ.weeks = 40*9*4.5, 40*9
	for _, x := range []struct {
		name        string
		q           quiet
		least, most float64 // share of draws below
	}{{"all alike", alike, 0, 0.6}, {"differ", differ, 1 - 1e-9, 1 + 1e-9}} {
		chance, below := x.q.byChance()
		if chance < 1.2 || chance > 1.8 {
			t.Errorf("%s: spread by chance %.2f, want that of Poisson counts with a mean of 9 to 40", x.name, chance)
		}
		if below < x.least || below > x.most {
			t.Errorf("%s: spread %.2f, %.3f of draws below; want %.2f to %.2f", x.name, x.q.spread(), below, x.least, x.most)
		}
	}
	none := quiet{lasted: []float64{1, 2}, each: []float64{0, 0}, weeks: 3}
	if chance, below := none.byChance(); !math.IsNaN(chance) || below != 0 {
		t.Errorf("without an alarm: %v, %v", chance, below)
	}
}

func TestLoadDetection_ListedFileMissing_IsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "detection"), 0o755); err != nil {
		t.Fatal(err)
	}
	manifest := "dataset,series,file,step_s,points,label_points,events,note,family\nMSCloud,b,series/b.csv,300,1,0,0,,b\n"
	if err := os.WriteFile(filepath.Join(dir, "detection", "manifest.csv"), []byte(manifest), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := loadDetection(dir, io.Discard); !errors.Is(err, errLacking) || !strings.Contains(err.Error(), "b.csv") {
		t.Errorf("got %v, want a complaint about b.csv", err)
	}
}

// Labels that a data frame wrote are numbers with a point, those of unmarked rows too.
func TestLoadDetection_LabelsWithAPoint_OnlyOnesAreEvents(t *testing.T) {
	all, err := loadDetection(folder(t, map[string]string{
		"detection/manifest.csv":         manifestHead + "MSCloud,a,series/a.csv,300,900,0,0,,a\n",
		"detection/MSCloud/series/a.csv": strings.Replace(strings.ReplaceAll(level(900), ",5,0\n", ",5,0.0\n"), "1500210000,5,0.0", "1500210000,5,1.0", 1),
	}), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if got := all[0].events; len(got) != 1 || got[0] != (span{700, 700}) {
		t.Errorf("got %v, want row 700 alone", got)
	}
}
