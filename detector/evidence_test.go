package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// since returns what was told from a time on.
func since(told []detector.Verdict, t int64) []detector.Verdict {
	for i, v := range told {
		if v.Time >= t {
			return told[i:]
		}
	}
	return nil
}

func TestVariance_NoiseFiveTimes_EpisodeWithinSixtySamples(t *testing.T) {
	const before, seeds = 5000, 12
	found := 0
	for seed := range uint64(seeds) {
		r := noise(70 + seed)
		samples := feed(before+60, 60, func(i int) float64 {
			if i >= before {
				return 100 + 5*r()
			}
			return 100 + r()
		})
		if _, ok := openedAfter(play(t, gauge("x"), samples), samples[before].T); ok {
			found++
		}
	}
	if found < seeds-2 {
		t.Errorf("found in %d of %d series, want all but two", found, seeds)
	}
}

// A series whose single values say little, for one in fifty is far off anyway,
// becomes unsteady: only storms can tell.
func TestVariance_SpikySeriesBecomesUnsteady_KindVariance(t *testing.T) {
	const before, seeds = 8000, 6
	found := 0
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(71+seed, 7))
		samples := feed(before+100, 60, func(i int) float64 {
			switch x := 100 + r.NormFloat64(); {
			case i >= before:
				return x + 6*float64(i%2*2-1)
			case r.IntN(40) == 0:
				return x + 7*float64(r.IntN(2)*2-1)
			default:
				return x
			}
		})
		if v, ok := openedAfter(play(t, gauge("x"), samples), samples[before].T); ok && v.Kind == detector.KindVariance {
			found++
		}
	}
	if found < seeds-1 {
		t.Errorf("got kind variance in %d of %d series, want all but one", found, seeds)
	}
}

// troughless makes two weeks of a daily wave at five minutes and a day without its trough.
func troughless(seed uint64) []telemetry.Sample {
	const day = 288
	r := noise(seed)
	return feed(15*day, 300, func(i int) float64 {
		w := math.Sin(float64(i) * 2 * math.Pi / day)
		if i >= 14*day {
			w = math.Max(w, 0)
		}
		return 100 + 30*w + 10*r()
	})
}

func TestShape_TroughIsMissing_KindShape(t *testing.T) {
	const day = 288
	for seed := range uint64(4) {
		samples := troughless(80 + seed)
		shapes := 0
		for _, v := range since(play(t, gauge("x"), samples), samples[14*day].T) {
			if v.Kind == detector.KindShape && v.Phase == detector.PhaseOpened {
				shapes++
				if !math.IsNaN(v.Upper) || !math.IsNaN(v.Lower) || !math.IsNaN(v.Expected) {
					t.Errorf("seed %d: a shape has the band %v to %v", seed, v.Lower, v.Upper)
				}
			}
		}
		if shapes == 0 {
			t.Errorf("seed %d: a day without its trough is no new shape", seed)
		}
	}
}

// Each block belongs to three sequences. The first that is new because of it is told, and
// not the two after it: a day without its trough was told two to four times.
func TestShape_TroughIsMissing_IsToldOnce(t *testing.T) {
	const day = 288
	told := 0
	for seed := range uint64(12) {
		samples := troughless(80 + seed)
		for _, v := range since(play(t, gauge("x"), samples), samples[14*day].T) {
			if v.Kind == detector.KindShape && v.Phase == detector.PhaseOpened {
				told++
			}
		}
	}
	if told < 9 || told > 15 {
		t.Errorf("a missing trough is told as %d shapes in twelve series, want about one each", told)
	}
}

func TestRareEvents_OnceInTwoDays_SeldomAlarm(t *testing.T) {
	events, alarms := 0, 0
	for seed := range uint64(6) {
		r := rand.New(rand.NewPCG(90+seed, 1))
		samples := feed(24*120, 3600, func(i int) float64 {
			if r.IntN(48) != 0 {
				return 0
			}
			events++
			return 1
		})
		alarms += countPhase(play(t, gauge("x"), samples), detector.PhaseOpened)
	}
	if alarms*5 > events {
		t.Errorf("got %d alarms by %d events, want at most a fifth", alarms, events)
	}
}

func TestRareEvents_FirstAfterTwoQuietDays_AlarmsAtOnce(t *testing.T) {
	for _, step := range []float64{15, 60, 300} {
		n := int(2 * 86400 / step)
		samples := feed(n+1, step, func(i int) float64 { return float64(i / n) })
		told := play(t, gauge("x"), samples)
		if len(told) != 1 || told[0].Time != samples[n].T || told[0].Phase != detector.PhaseOpened {
			t.Errorf("step %v s: got %+v, want one episode that opens with the event", step, told)
		}
	}
}

func TestFlatline_SeriesThatOftenStands_IsNoFlatline(t *testing.T) {
	r := rand.New(rand.NewPCG(95, 1))
	x, left := 100.0, 0
	samples := feed(10000, 60, func(int) float64 {
		if left--; left < 0 {
			x, left = 100+r.NormFloat64(), int(20*r.ExpFloat64())
		}
		return x
	})
	for _, v := range play(t, gauge("x"), samples) {
		if v.Kind == detector.KindFlatline && v.Phase == detector.PhaseOpened {
			t.Errorf("flatline %s after the start, though standing still is usual", time.Duration(v.Time-start)*time.Millisecond)
		}
	}
}

// noises are kinds of noise, each from the value before.
var noises = map[string]func(r *rand.Rand, last float64) float64{
	"normal":    func(r *rand.Rand, _ float64) float64 { return 100 + r.NormFloat64() },
	"lognormal": func(r *rand.Rand, _ float64) float64 { return math.Exp(0.5 * r.NormFloat64()) },
	"wander":    func(r *rand.Rand, last float64) float64 { return 0.98*last + r.NormFloat64() },
	"laplace":   func(r *rand.Rand, _ float64) float64 { return 50 + r.ExpFloat64() - r.ExpFloat64() },
	"student": func(r *rand.Rand, _ float64) float64 {
		a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		return r.NormFloat64() / math.Sqrt((a*a+b*b+c*c)/3)
	},
}

// hourly returns the highest score of each hour of some series of a nature, after
// the first two days.
func hourly(f func(r *rand.Rand, last float64) float64, step float64, days int) (most []float64) {
	per := int(3600 / step)
	for seed := range uint64(4) {
		r, last, i := rand.New(rand.NewPCG(seed, 5)), 0.0, 0
		samples := feed(24*days*per, step, func(int) float64 { last = f(r, last); return last })
		detector.Replay(detector.DefaultConfig(), gauge("x"), samples, func(v detector.Verdict) {
			if i++; i <= 48*per {
				return
			}
			if (i-1)%per == 0 {
				most = append(most, 0)
			}
			most[len(most)-1] = max(most[len(most)-1], v.Score)
		})
	}
	return most
}

func TestScore_FiveKindsOfNoise_MeansTheShareOfOrdinaryHours(t *testing.T) {
	for name, f := range noises {
		for _, step := range []float64{300, 3600} {
			most := hourly(f, step, 28)
			for _, level := range []float64{0.9, 0.97} {
				n := 0
				for _, x := range most {
					if x >= level {
						n++
					}
				}
				if got := float64(n) / float64(len(most)) / (1 - level); got > 3.2 || got < 1/3.2 {
					t.Errorf("%s at %v s: hours with a score of %v are %.2f times as many as it says", name, step, level, got)
				}
			}
		}
	}
}

// During a run the steadiest mean alone is the forecast; of a series that wanders it
// errs by more than the mixture does, and a run is nothing odd.
func TestRun_YoungSeriesWanders_KeepsBudget(t *testing.T) {
	const series, rows = 300, 1000
	for _, keep := range []float64{0.5, 0.8, 0.9, 0.95} {
		alarms := 0
		for seed := range uint64(series) {
			r, x := noise(200+seed), 0.0
			samples := feed(rows, 60, func(int) float64 {
				x = keep*x + math.Sqrt(1-keep*keep)*r()
				return 100 + x
			})
			alarms += countPhase(play(t, gauge("x"), samples), detector.PhaseOpened)
		}
		// The budget is 300 series * 16.7 hours / 168 = 30.
		if alarms > 45 {
			t.Errorf("correlated by %v: got %d alarms in %d series of %d rows, want at most 45", keep, alarms, series, rows)
		}
	}
}
