package detector_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// agrees holds the parts of an explanation against their sums, by the formulas in
// its documentation only.
func agrees(t *testing.T, e detector.Explanation) {
	t.Helper()
	near := func(what string, got, want float64) {
		if math.Abs(got-want) > 2e-5*(1+math.Abs(want)) {
			t.Errorf("%s: got %v from the parts, want %v in\n%s", what, got, want, e)
		}
	}
	mixture, weight := 0.0, 0.0
	for _, x := range e.Forecasts {
		mixture, weight = mixture+x.Weight*x.Value, weight+x.Weight
	}
	near("weights", weight, 1)
	if e.Mixture != 0 { // 0 may have been lifted
		near("forecast", mixture, e.Mixture)
	}
	if !math.IsNaN(e.Lower) {
		near("expected", min(max(e.Mixture, e.Lower), e.Upper), e.Expected)
	}
	season := e.Season.Day
	if e.Season.WeekUsed {
		season += e.Season.Week
	}
	if e.Season.HourUsed {
		season += e.Season.Hour
	}
	near("season", season, e.Season.Total)
	near("normal", e.Long+season, e.Normal)
	s := e.Scale
	near("error", s.Mean*s.Spread*s.Level*s.Fresh*s.Fine*s.Gap/s.Total, s.Error/s.Total)
	near("scale", (s.Error+s.Rounding+s.Long+s.Range+s.Still+s.Counts)/s.Total, 1)
	if s.Counts < -1e-9*s.Total {
		t.Errorf("counts take %v from the floor", s.Counts)
	}
	off := e.Value - e.Normal
	off -= min(max(off, -e.Season.Below), e.Season.Above)
	near("deviation", min(max(off/e.Unit, -6), 6), e.Deviation)
	if at := e.Normal + e.Season.Above; e.Season.Above > 0 && e.High < at-1e-9*math.Abs(at) {
		t.Errorf("%v is ordinary at an edge, and the ordinary ends at %v", at, e.High)
	}
	total, shape, still := math.Inf(-1), 0.0, math.Inf(-1)
	for _, x := range e.Evidence {
		if x.Silent != "" {
			continue
		}
		tail := 1.69897 * (x.Size / x.Quantile) * (x.Size / x.Quantile)
		if x.Size > x.Quantile {
			tail = 1.69897 + math.Log10(x.Size/x.Quantile)/x.Shape
		}
		d := min(tail+x.Bonus, x.Most) - x.Against
		switch x.Channel {
		case "shape":
			shape = 0.7 * (math.Log10(x.Size) - 1)
			near("evidence of shape", shape, x.Decades)
			continue
		case "record":
			d = math.Log10(float64(x.Seen+2)/float64(x.Excesses+2)) + math.Log10(min(float64(x.Excesses), 1000)/2+1) + math.Log10(x.Size)
			total = max(total, d)
		case "still":
			still = d
		case "above":
			near("size", max(e.Value-e.High-e.Part, 0)/s.Total, x.Size)
			total = max(total, d)
		case "below":
			near("size", max(e.Low-e.Value-e.Part, 0)/s.Total, x.Size)
			total = max(total, d)
		default:
			total = max(total, d)
		}
		near("evidence of "+x.Channel, d, x.Decades)
	}
	near("total", max(total+shape, still), e.Decades)
	if e.Score > 0 { // else a young series has no word
		if x := e.Plain; x != (detector.PlainPart{}) {
			near("plain size", math.Abs(e.Value-x.Expected)/x.Scale, x.Size)
			if x.Charts > 0 {
				near("plain rarity of a mean", x.Charts-e.Looks-e.Habit-e.Bias, e.Rarity)
			} else {
				near("plain rarity", x.Decades-e.Looks, e.Rarity)
			}
			near("plain evidence", 1.69897*(x.Size/x.Quantile)*(x.Size/x.Quantile), x.Decades)
		} else {
			near("rarity", e.Decades-e.Looks-e.Habit-e.Bias, e.Rarity)
		}
		if got := math.Exp(-math.Pow(10, -e.Rarity)); math.Abs(got-e.Score) > 1e-9 {
			t.Errorf("score: got %v from the rarity, want %v", got, e.Score)
		}
	}
	near("need", e.Looks-math.Log10(e.Budget/168)+e.Habit+e.Bias+e.Share, e.Need)
	near("threshold", math.Exp(-e.Budget/168*math.Pow(10, -e.Share)), e.Threshold)
	if (e.Odd || e.Excused) != (e.Score >= e.Threshold) || e.Odd && e.Excused {
		t.Errorf("odd %v, excused %v with score %v and threshold %v", e.Odd, e.Excused, e.Score, e.Threshold)
	}
}

// story is a week and more of a series in which much happens.
func story() []telemetry.Sample {
	r := noise(41)
	const day = 288
	return feed(9*day, 300, func(i int) float64 {
		x := 100 + 20*math.Sin(float64(i%day)*2*math.Pi/day) + r()
		switch {
		case i == 5*day+7:
			x += 300 // spike
		case i == 6*day || i == 6*day+1:
			x -= 60
		case i > 7*day && i < 7*day+20:
			x += 50 // level
		case i > 8*day && i < 8*day+50:
			x = 93.5 // stops
		case i > 8*day+100:
			x += 6 * r() // storm
		}
		return x
	})
}

func TestExplain_EverySampleOfAWeek_SaysWhatReplaySaysAndAddsUp(t *testing.T) {
	for _, l := range []labels.Labels{gauge("x"), gauge("x_total")} {
		samples, total := story(), 0.0
		if l.Get(labels.MetricName) == "x_total" {
			for i := range samples {
				total += 300 * samples[i].V
				samples[i].V = math.Round(total)
			}
		}
		b, c := newBank(t), detector.DefaultConfig()
		slot := b.Register(l)
		spoke := map[string]int{}
		for _, s := range samples {
			e, ok := b.Explain(slot, s.T, s.V)
			v, why := b.Judge(slot, s.T, s.V)
			if !ok || e.Reason != why {
				t.Fatalf("got %v, %q, want %q", ok, e.Reason, why)
			}
			if why != "" {
				continue
			}
			if e.Score != v.Score || e.Phase != v.Phase || e.Value != v.Value || e.Since != v.Since ||
				e.Lower != v.Lower && !math.IsNaN(v.Lower) || e.Upper != v.Upper && !math.IsNaN(v.Upper) || math.IsNaN(e.Lower) != math.IsNaN(v.Lower) {
				t.Fatalf("got\n%swant %+v", e, v)
			}
			agrees(t, e)
			if e.Odd {
				spoke[e.Evidence[e.Decisive].Channel]++
			}
			if t.Failed() {
				t.FailNow()
			}
		}
		for _, channel := range []string{"above", "below", "still"} {
			if spoke[channel] == 0 {
				t.Errorf("%s: no sample was odd by %s, of %v", l, channel, spoke)
			}
		}
		at := samples[len(samples)-300].T
		var want detector.Verdict
		detector.ReplayShare(c, 0.5, l, samples, func(v detector.Verdict) {
			if v.Time == at {
				want = v
			}
		})
		if e, ok := detector.ReplayExplain(c, 0.5, l, samples, at+1000); !ok || e.Time != at || e.Score != want.Score || e.Share != 0.5 {
			t.Errorf("replay: got %v\n%swant %+v", ok, e, want)
		}
	}
}

// Most samples each 15 seconds are plainly ordinary: their word leaves out the bias that
// has been learned, and the explanation says so.
func TestExplain_PlainlyOrdinary_SaysWhatReplaySaysAndAddsUp(t *testing.T) {
	const day = 5760
	r := noise(43)
	samples := feed(6*day, 15, func(i int) float64 {
		return 100 + 20*math.Sin(float64(i%day)*2*math.Pi/day) + math.Exp(r())
	})
	b := newBank(t)
	slot := b.Register(gauge("x"))
	plain, inFull, biased, means := 0, 0, 0, 0
	for i, s := range samples {
		if i < 30 || i > 900 && i < 5*day || i%11 > 0 {
			b.Observe(slot, s.T, s.V)
			continue
		}
		e, ok := b.Explain(slot, s.T, s.V)
		v, why := b.Judge(slot, s.T, s.V)
		if !ok || why != "" || e.Score != v.Score || e.Odd != (v.Score >= e.Threshold) {
			t.Fatalf("got %v\n%swant %+v, %q", ok, e, v, why)
		}
		if agrees(t, e); t.Failed() {
			t.FailNow()
		}
		told := strings.Contains(e.String(), "as told = ")
		switch is := e.Plain != (detector.PlainPart{}); {
		case told != is:
			t.Fatalf("plain %v, and the text says\n%s", is, e)
		case !is:
			inFull++
		case e.Plain.Charts > 0:
			means++
			fallthrough
		case e.Bias+math.Abs(e.Habit) > 0:
			biased++
			fallthrough
		default:
			plain++
		}
	}
	if plain < 300 || inFull < 30 || biased < 100 || means < 5 {
		t.Errorf("%d plain samples, %d of them with bias and %d by a mean, and %d in full, want some of each", plain, biased, means, inFull)
	}
}

// explained replays a series and explains its last sample.
func explained(t *testing.T, l labels.Labels, samples []telemetry.Sample) detector.Explanation {
	t.Helper()
	e, ok := detector.ReplayExplain(detector.DefaultConfig(), 0, l, samples, math.MaxInt64)
	if !ok {
		t.Fatal("no explanation")
	}
	if e.Reason == "" {
		agrees(t, e)
	}
	return e
}

func TestExplain_Text_NamesWhatDecided(t *testing.T) {
	level := func(n int, f func(i int, x float64) float64) []telemetry.Sample {
		r := noise(42)
		return feed(n, 60, func(i int) float64 { return f(i, 100+r()) })
	}
	plain := func(_ int, x float64) float64 { return x }
	for _, tt := range []struct {
		name    string
		samples []telemetry.Sample
		want    []string
	}{
		{"spike", level(3000, func(i int, x float64) float64 { return x + float64(i/2999)*300 }),
			[]string{": spike, once in ", "episode: opened, spike since 2", "> above ", ": odd by above", "led by "}},
		{"level shift", level(3000, func(i int, x float64) float64 { return x + float64(i/2980)*12 }),
			[]string{"episode: ongoing, ", "mean of 6", "beyond for "}},
		{"quiet", level(3000, plain),
			[]string{"not odd, ", "episode: none", "short", "season +", "learned for 1 day;", "silent: "}},
		{"young", level(12, plain),
			[]string{"too young to alarm: 11 samples seen, alarms need 20", "no band", "no calendar yet", "not told while it is too young"}},
		{"flatline", level(3000, func(i int, x float64) float64 {
			if i > 2950 {
				return 101.5
			}
			return x
		}), []string{"flatline since ", "> still", "samples: quantile 3", "no band"}},
	} {
		e := explained(t, gauge("x"), tt.samples)
		for _, want := range tt.want {
			if !strings.Contains(e.String(), want) {
				t.Errorf("%s: got\n%swant %q", tt.name, e, want)
			}
		}
		if n := strings.Count(e.String(), "\n"); n < 8 || n > 20 {
			t.Errorf("%s: got %d lines", tt.name, n)
		}
	}
}

// A reader who has the text alone can work out by how much a value lies off, however large
// values are beside their noise.
func TestExplain_LargeValues_TextTellsThemApart(t *testing.T) {
	for _, base := range []float64{1e3, 1e6, 1e9, 1.7e12} {
		r := noise(45)
		samples := feed(3000, 60, func(i int) float64 { return base + 1e-5*base*r() + 5e-4*base*float64(i/2999) })
		e := explained(t, gauge("x"), samples)
		var value, expected, lower, upper float64
		var at string
		if _, err := fmt.Sscanf(e.String(), "value %g at %s (expected %g, band %g to %g)", &value, &at, &expected, &lower, &upper); err != nil {
			t.Fatalf("%v in\n%s", err, e)
		}
		for _, x := range [][2]float64{{value, e.Value}, {expected, e.Expected}, {lower, e.Lower}, {upper, e.Upper}} {
			if math.Abs(x[0]-x[1]) > 0.01*e.Scale.Total {
				t.Errorf("base %g: the text says %v, want %v to a hundredth of a scale of %v", base, x[0], x[1], e.Scale.Total)
			}
		}
	}
}

func TestExplain_SmallCounts_TextSaysWhatDoesNotCount(t *testing.T) {
	r := rand.New(rand.NewPCG(46, 1))
	e := explained(t, gauge("errors"), append(feed(3000, 60, func(int) float64 { return poisson(r, 1.5) }), telemetry.Sample{T: start + 3000*60_000, V: 12}))
	if e.Part != 0.25 || !strings.Contains(e.String(), " scales, less 0.25 for small counts: quantile ") {
		t.Errorf("got part %v\n%s", e.Part, e)
	}
}

var ones = regexp.MustCompile(`(^|[ (])1 (samples|units|scales|days|minutes|looks|times|changes|false alarms)\b`)

// Numbers are followed by what they are numbers of, and texts say what the verdict says.
func TestExplain_Text_IsPlainEnglish(t *testing.T) {
	r, b := noise(47), newBank(t)
	slot := b.Register(gauge("x"))
	for i, x := range feed(3000, 60, func(i int) float64 {
		if i > 2000 && i < 2060 {
			return 112 + r()
		}
		return 100 + r()
	}) {
		e, _ := b.Explain(slot, x.T, x.V)
		b.Observe(slot, x.T, x.V)
		e.Share = float64(i%3) - 1
		text := e.String()
		if ones.MatchString(text) || strings.Contains(text, "+ -") {
			t.Fatalf("%q in\n%s", ones.FindString(text), text)
		}
		if far := math.Abs((e.Value-e.Normal)/e.Unit) > 6.1; far != strings.Contains(text, "the most that counts") {
			t.Fatalf("deviation %v of %v in\n%s", (e.Value-e.Normal)/e.Unit, e.Deviation, text)
		}
	}
}

// Waves of four hours, and at the end one that has lost its trough: no value is
// odd, the sequence is.
// Half an hour into a new level forecasts are there and the band is not; the text says so.
func TestExplain_ForecastBeyondTheBand_SaysWhatIsExpected(t *testing.T) {
	r := noise(44)
	e := explained(t, gauge("x"), feed(2000, 60, func(i int) float64 {
		if i >= 1972 {
			return 130 + r()
		}
		return 100 + r()
	}))
	if !e.Odd || e.Expected != e.Upper || e.Mixture < e.Upper+1 || !strings.Contains(e.String(), "out of the band, whose end is expected instead") {
		t.Errorf("got expected %v of a forecast of %v:\n%s", e.Expected, e.Mixture, e)
	}
	agrees(t, e)
}

func TestExplain_NewShape_IsAddedToTheOthers(t *testing.T) {
	r := noise(43)
	const n = 40 * 24
	samples := feed(n, 300, func(i int) float64 {
		x := 100.0
		if i/24%2 == 1 {
			x = 120
		}
		if i >= n-48 {
			x = 120
		}
		return x + 0.5*r()
	})
	for i := len(samples) - 60; i < len(samples); i++ {
		if e, _ := detector.ReplayExplain(detector.DefaultConfig(), 0, gauge("x"), samples, samples[i].T); e.Evidence[len(e.Evidence)-1].Silent == "" {
			agrees(t, e)
			if e.Evidence[len(e.Evidence)-1].Decades <= 0 || !strings.Contains(e.String(), "new sequences come once in ") {
				t.Errorf("got\n%s", e)
			}
			return
		}
	}
	t.Error("no sample brought a new shape")
}

func TestExplain_NotJudged_SaysWhy(t *testing.T) {
	for name, x := range map[string]telemetry.Sample{
		"late": {T: 1, V: 1}, "not a number": {T: 1 << 42, V: math.NaN()}, "stale": {T: 1 << 42, V: math.Float64frombits(value.StaleNaN)},
	} {
		b := newBank(t)
		slot := b.Register(gauge("x"))
		for _, s := range feed(100, 60, func(i int) float64 { return float64(i % 7) }) {
			b.Observe(slot, s.T, s.V)
		}
		if e, ok := b.Explain(slot, x.T, x.V); !ok || !strings.Contains(e.String(), "not judged, "+name) {
			t.Errorf("%s: got %v\n%s", name, ok, e)
		}
	}
	b := newBank(t)
	if e, ok := b.Explain(0, 1, 1); ok {
		t.Errorf("a slot that is not watched: got %s", e)
	}
	if e, ok := detector.ReplayExplain(detector.DefaultConfig(), 0, gauge("x"), feed(3, 60, func(int) float64 { return 1 }), 5); ok {
		t.Errorf("a time before all samples: got %s", e)
	}
}
