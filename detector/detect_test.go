package detector_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

func noise(seed uint64) func() float64 {
	return rand.New(rand.NewPCG(seed, 7)).NormFloat64
}

func TestErrorRate_StepAfterThreeDays_AlarmsWithinThreeSamples(t *testing.T) {
	for _, step := range []float64{5, 15, 60} {
		n, r := int(3*86400/step), noise(1)
		samples := feed(n+20, step, func(i int) float64 {
			if i >= n {
				return math.Abs(0.30 + 0.02*r())
			}
			return math.Abs(0.005 + 0.002*r())
		})
		told := play(t, gauge("tocsin:error_rate"), samples)
		v, ok := openedAfter(told, samples[n].T)
		if !ok || v.Time > samples[n+2].T {
			t.Errorf("step %v s: opened %v at sample %d after the step", step, ok, int(float64(v.Time-samples[n].T)/1000/step))
		}
		if n := countPhase(told, detector.PhaseOpened); n > 2 {
			t.Errorf("step %v s: got %d episodes in three ordinary days and a step", step, n)
		}
	}
}

func TestNodeCPU_TwoMinutesOfHistory_AlarmsOnLoad(t *testing.T) {
	for _, mode := range []struct{ quiet, busy float64 }{{0.05, 0.97}, {0.93, 0.01}} {
		for _, step := range []float64{1, 2, 5} {
			n, r, total := int(150/step), noise(3), 1000.0
			samples := feed(n+int(60/step), step, func(i int) float64 {
				share := mode.quiet
				if i >= n {
					share = mode.busy
				}
				total += step * min(max(share+0.01*r(), 0), 1)
				return math.Round(total*100) / 100
			})
			told := play(t, gauge("node_cpu_seconds_total"), samples)
			v, ok := openedAfter(told, samples[n].T)
			if !ok || v.Time > samples[n].T+30_000 || !v.Rate {
				t.Errorf("quiet %v, step %v s: opened %v, %s after the load began", mode.quiet, step, ok, time.Duration(v.Time-samples[n].T)*time.Millisecond)
			}
			if countPhase(told, detector.PhaseOpened) > 2 {
				t.Errorf("quiet %v, step %v s: got %d episodes", mode.quiet, step, countPhase(told, detector.PhaseOpened))
			}
		}
	}
}

func TestOrdinaryNoise_WeekAtSeveralSteps_KeepsBudget(t *testing.T) {
	shapes := map[string]func(r *rand.Rand, last float64) float64{
		"normal":      func(r *rand.Rand, _ float64) float64 { return 100 + r.NormFloat64() },
		"lognormal":   func(r *rand.Rand, _ float64) float64 { return math.Exp(0.5 * r.NormFloat64()) },
		"walk":        func(r *rand.Rand, last float64) float64 { return 0.98*last + r.NormFloat64() },
		"rare counts": func(r *rand.Rand, _ float64) float64 { return math.Floor(r.ExpFloat64() * 0.6) },
	}
	for name, f := range shapes {
		for _, step := range []float64{15, 60, 3600} {
			alarms, weeks := 0, 0.0
			for seed := range uint64(4) {
				r, last := rand.New(rand.NewPCG(seed, 5)), 0.0
				n := min(int(14*86400/step), 20000)
				told := play(t, gauge("x"), feed(n, step, func(int) float64 { last = f(r, last); return last }))
				alarms += countPhase(told, detector.PhaseOpened)
				weeks += float64(n) * step / (7 * 86400)
			}
			if rate := float64(alarms) / weeks; rate > 2 {
				t.Errorf("%s at %v s: got %.1f alarms per week, budget 1", name, step, rate)
			}
		}
	}
}

func TestWarmup_FirstTenMinutes_HardlyAnyAlarm(t *testing.T) {
	shapes := map[string]func(r *rand.Rand, last float64) float64{
		"normal":           func(r *rand.Rand, _ float64) float64 { return 100 + r.NormFloat64() },
		"lognormal":        func(r *rand.Rand, _ float64) float64 { return math.Exp(r.NormFloat64()) },
		"walk":             func(r *rand.Rand, last float64) float64 { return last + r.NormFloat64() },
		"counts":           func(r *rand.Rand, _ float64) float64 { return math.Floor(r.ExpFloat64() / 2) },
		"bursts from zero": func(r *rand.Rand, _ float64) float64 { return float64(max(0, r.IntN(800)-780)) },
		"grows":            func(r *rand.Rand, last float64) float64 { return last + math.Abs(r.NormFloat64()) },
	}
	for name, f := range shapes {
		for _, step := range []float64{5, 15} {
			alarms := 0
			for seed := range uint64(100) {
				r, last := rand.New(rand.NewPCG(seed, 6)), 0.0
				told := play(t, gauge("x"), feed(int(600/step), step, func(int) float64 { last = f(r, last); return last }))
				alarms += countPhase(told, detector.PhaseOpened)
			}
			if alarms > 8 {
				t.Errorf("%s at %v s: %d alarms of 100 series, want at most 8", name, step, alarms)
			}
		}
	}
}

func TestErrorsFromZero_AfterADay_AlarmAtOnce(t *testing.T) {
	samples := feed(5780, 15, func(i int) float64 {
		if i >= 5760 {
			return 0.3
		}
		return 0
	})
	v, ok := openedAfter(play(t, gauge("tocsin:error_rate"), samples), samples[5760].T)
	if !ok || v.Time > samples[5762].T {
		t.Errorf("opened %v at sample %d", ok, (v.Time-samples[5760].T)/15000)
	}
}

func TestScale_ThousandTimes_SameScores(t *testing.T) {
	r := noise(4)
	small := feed(3000, 60, func(i int) float64 {
		x := 20 + 5*math.Sin(float64(i)*2*math.Pi/1440) + r()
		if i%500 == 499 {
			x += 25
		}
		return x
	})
	big := make([]telemetry.Sample, len(small))
	for i, s := range small {
		big[i] = telemetry.Sample{T: s.T, V: s.V * 1024}
	}
	var want []detector.Verdict
	c := detector.DefaultConfig()
	detector.Replay(c, gauge("x"), small, func(v detector.Verdict) { want = append(want, v) })
	i := 0
	near := func(a, b float64) bool {
		return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-4*(1+math.Abs(b))
	}
	detector.Replay(c, gauge("x"), big, func(v detector.Verdict) {
		w := want[i]
		i++
		if !near(v.Score, w.Score) || !near(v.Upper/1024, w.Upper) || !near(v.Lower/1024, w.Lower) || v.Phase != w.Phase {
			t.Fatalf("sample %d: got %+v, want the band of %+v times 1024", i-1, v, w)
		}
	})
}

func TestDailySeason_SpikeAtWrongHour_AlarmsAtUsualDoesNot(t *testing.T) {
	const day = 288
	for _, wrong := range []bool{false, true} {
		r := noise(5)
		samples := feed(29*day, 300, func(i int) float64 {
			x := 100 + 30*math.Sin(float64(i%day)*2*math.Pi/day) + r()
			at, size := 144, 60.0
			if wrong && i/day == 28 {
				at, size = 200, 60
			}
			if i%day >= at && i%day < at+6 {
				x += size
			}
			return x
		})
		told := play(t, gauge("x"), samples)
		from := samples[28*day].T
		n := 0
		for _, v := range told {
			if v.Phase == detector.PhaseOpened && v.Time >= from {
				n++
			}
		}
		if wrong != (n > 0) {
			t.Errorf("spike at the wrong hour %v: got %d alarms on the last day", wrong, n)
		}
	}
}

func TestSlowLeak_GrowsForADay_AlarmsEventually(t *testing.T) {
	r := noise(6)
	const day = 1440
	samples := feed(6*day, 60, func(i int) float64 {
		return 400 + 2*r() + 0.1*float64(max(0, i-4*day))
	})
	v, ok := openedAfter(play(t, gauge("memory_bytes"), samples), samples[4*day].T)
	if !ok || v.Kind != detector.KindTrend && v.Kind != detector.KindLevelShift {
		t.Errorf("opened %v, kind %s, want a trend or level shift", ok, v.Kind)
	}
}

func TestLevelShift_Lasting_AlarmsOnceThenRelearns(t *testing.T) {
	r := noise(7)
	const n = 3000
	samples := feed(2*n, 60, func(i int) float64 {
		if i >= n {
			return 160 + r()
		}
		return 100 + r()
	})
	told := play(t, gauge("x"), samples)
	var after []detector.Verdict
	for _, v := range told {
		if v.Time >= samples[n].T {
			after = append(after, v)
		}
	}
	if countPhase(after, detector.PhaseOpened) != 1 || countPhase(after, detector.PhaseClosed) != 1 {
		t.Fatalf("got %+v, want one episode, closed", after)
	}
	if last := after[len(after)-1]; last.Time > samples[n+120].T {
		t.Errorf("closed %d samples after the shift, want at most 120", (last.Time-samples[n].T)/60000)
	}
}

func TestErrorRate_LongIncident_OpenUntilRelearnedAndReturnIsQuiet(t *testing.T) {
	for _, minutes := range []int{10, 60} {
		r := noise(30)
		const n = 1440
		samples := feed(n+180, 60, func(i int) float64 {
			if i >= n && i < n+minutes {
				return math.Abs(0.3 + 0.02*r())
			}
			return math.Abs(0.005 + 0.002*r())
		})
		var after []detector.Verdict
		for _, v := range play(t, gauge("tocsin:error_rate"), samples) {
			if v.Time >= samples[n].T && v.Phase != detector.PhaseChanged {
				after = append(after, v)
			}
		}
		if len(after) != 2 || after[0].Phase != detector.PhaseOpened || after[1].Phase != detector.PhaseClosed {
			t.Fatalf("%d minutes: got %+v, want one episode", minutes, after)
		}
		closed := int(after[1].Time-samples[n].T) / 60_000
		if minutes == 10 && (closed < 10 || closed > 20) || minutes == 60 && (closed < 30 || closed > 35 || after[1].Kind != detector.KindLevelShift) {
			t.Errorf("%d minutes: closed after %d as %s", minutes, closed, after[1].Kind)
		}
	}
}

func TestFlatline_NoisySeriesStops_Alarms(t *testing.T) {
	r := noise(8)
	samples := feed(3000, 60, func(i int) float64 {
		if i >= 2900 {
			return 101.5
		}
		return 100 + r()
	})
	v, ok := openedAfter(play(t, gauge("x"), samples), samples[2900].T)
	if !ok || v.Kind != detector.KindFlatline || !math.IsNaN(v.Upper) {
		t.Errorf("opened %v, %+v, want a flatline without a band", ok, v)
	}
}

func TestConstant_FirstRounding_Quiet(t *testing.T) {
	for _, level := range []float64{0, 1, 42.5, 1e9} {
		samples := feed(5000, 15, func(i int) float64 {
			if i > 4000 && i%10 == 0 {
				return level * (1 + 1e-6)
			}
			return level
		})
		if told := play(t, gauge("x"), samples); len(told) != 0 {
			t.Errorf("level %v: got %+v", level, told)
		}
	}
}

func TestUp_GoesDown_AlarmsWithinThreeSamples(t *testing.T) {
	samples := feed(6000, 15, func(i int) float64 {
		if i >= 5900 {
			return 0
		}
		return 1
	})
	v, ok := openedAfter(play(t, gauge("up"), samples), samples[5900].T)
	if !ok || v.Time > samples[5902].T {
		t.Errorf("opened %v at %d", ok, (v.Time-samples[5900].T)/15000)
	}
}

func TestCounter_Resets_AreNoDips(t *testing.T) {
	total, r := 0.0, noise(9)
	samples := feed(3000, 15, func(i int) float64 {
		if i%500 == 499 {
			total = 0
		}
		total += 100 + 5*r()
		return math.Floor(total)
	})
	if told := play(t, gauge("requests_total"), samples); len(told) != 0 {
		t.Errorf("got %+v", told)
	}
}

func TestCounterName_ValuesFallOften_WatchedAsGauge(t *testing.T) {
	b := newBank(t)
	slot := b.Register(gauge("connections_total"))
	r := noise(10)
	for _, s := range feed(200, 15, func(int) float64 { return 100 + r() }) {
		b.Observe(slot, s.T, s.V)
	}
	if v, ok := b.Last(slot); !ok || v.Rate || v.Value < 90 {
		t.Errorf("got %+v, want a gauge near 100", v)
	}
}

func TestStaleness_OpenEpisode_IsLostNotClosed(t *testing.T) {
	r := noise(11)
	samples := feed(1000, 15, func(i int) float64 {
		if i > 990 {
			return 500
		}
		return 100 + r()
	})
	samples[995].V = math.Float64frombits(value.StaleNaN)
	told := play(t, gauge("x"), samples[:996])
	if len(told) == 0 || told[len(told)-1].Phase != detector.PhaseLost {
		t.Errorf("got %+v, want the last to be lost", told)
	}
}

func TestSweep_DataStop_LostThenMissing(t *testing.T) {
	b := newBank(t)
	r := noise(12)
	quiet, loud := b.Register(gauge("quiet")), b.Register(gauge("loud"))
	samples := feed(20000, 15, func(int) float64 { return 100 + r() })
	for _, s := range samples {
		b.Observe(quiet, s.T, s.V)
		b.Observe(loud, s.T, s.V)
	}
	end := samples[len(samples)-1].T
	b.Observe(loud, end+15000, 900)
	sweep := func(now int64) (out []detector.Verdict) {
		b.Sweep(now, func(v detector.Verdict) { out = append(out, v) })
		return out
	}
	if got := sweep(end + 30_000); len(got) != 0 {
		t.Fatalf("after 30 s: got %+v", got)
	}
	got := sweep(end + 600_000)
	if len(got) != 2 || got[0].Slot != quiet || got[0].Kind != detector.KindMissing || got[0].Phase != detector.PhaseOpened ||
		got[1].Slot != loud || got[1].Phase != detector.PhaseLost {
		t.Fatalf("after 10 min: got %+v", got)
	}
	if got := sweep(end + 660_000); len(got) != 0 {
		t.Errorf("a minute later: got %+v", got)
	}
	if v, tell := b.Observe(quiet, end+700_000, 100); !tell || v.Phase != detector.PhaseClosed || v.Kind != detector.KindMissing {
		t.Errorf("data again: got %+v", v)
	}
}

func TestGap_LongSilence_NoAlarmOnReturn(t *testing.T) {
	r, x := noise(13), 100.0
	samples := feed(4000, 60, func(int) float64 { x += 0.3 * r(); return x })
	for i := 3000; i < len(samples); i++ {
		samples[i].T += 40 * 60_000
	}
	if v, ok := openedAfter(play(t, gauge("x"), samples), samples[3000].T); ok && v.Time == samples[3000].T {
		t.Errorf("got %+v", v)
	}
}

func FuzzObserve(f *testing.F) {
	f.Add(uint64(1), 15.0, 1.0)
	f.Add(uint64(2), 3600.0, 1e300)
	f.Add(uint64(3), 0.001, 1e-300)
	f.Fuzz(func(t *testing.T, seed uint64, step, size float64) {
		if !(step > 0.001 && step < 1e6) {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		samples := feed(400, step, func(i int) float64 {
			x := size * r.NormFloat64()
			switch r.IntN(20) {
			case 0:
				return 0
			case 1:
				return x * 1e6
			case 2:
				return math.NaN()
			case 3:
				return math.Inf(r.IntN(2)*2 - 1)
			case 4:
				return size
			}
			return x
		})
		name := []string{"x", "x_total"}[r.IntN(2)]
		least := math.Pow(detector.DefaultConfig().Threshold(), 10) // of a service that has spent nothing for long
		detector.Replay(detector.DefaultConfig(), gauge(name), samples, func(v detector.Verdict) {
			if !(v.Score >= 0 && v.Score <= 1) {
				t.Fatalf("score %v", v.Score)
			}
			if math.IsNaN(v.Lower) != math.IsNaN(v.Upper) || v.Lower > v.Upper || v.Expected < v.Lower || v.Expected > v.Upper {
				t.Fatalf("band %v %v %v", v.Lower, v.Expected, v.Upper)
			}
			if !math.IsNaN(v.Lower) {
				outside := v.Value < v.Lower || v.Value > v.Upper
				if outside && (v.Phase == detector.PhaseQuiet || v.Score < least) {
					t.Fatalf("value %v, band %v to %v, score %v", v.Value, v.Lower, v.Upper, v.Score)
				}
			}
		})
	})
}
