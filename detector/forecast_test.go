package detector_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

const (
	forecastStep = 5 * 60 * 1000
	perDay       = 288
)

// lived feeds days of a series to a new bank, one value every five minutes, and
// returns the bank, the slot and the time of the last sample.
func lived(t *testing.T, days float64, value func(day float64) float64) (*detector.Bank, detector.Slot, int64) {
	t.Helper()
	b, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(labels.FromStrings("__name__", "tocsin:disk_percent"))
	var at int64
	for i := range int(days * perDay) {
		at = 1_700_000_000_000 + int64(i)*forecastStep
		b.Observe(slot, at, value(float64(i)/perDay))
	}
	return b, slot, at
}

// A series that has been zero for two weeks and is 3 since may be zero again as likely as
// it has become 3: an interval for longer than that takes holds both. One that has never
// changed is known to stay.
func TestForecast_HardlyEverChanges_MayChangeBack(t *testing.T) {
	for _, c := range []struct {
		since, ahead float64 // days
		lower        float64
	}{{0.02, 1, 0}, {0.02, 6, 0}, {0.02, 1.0 / 24, 3}, {3, 3, 0}, {3, 0.3, 3}, {60, 1, 3}} {
		b, slot, last := lived(t, 14+c.since, func(day float64) float64 { return 3 * step(day >= 14) })
		f, ok := b.Forecast(slot, last+int64(c.ahead*86_400_000), 0.9)
		if !ok || f.Value != 3 || math.Abs(f.Lower-c.lower) > 0.01 || math.Abs(f.Upper-3) > 0.01 {
			t.Errorf("%.2f days after the change, %.2f ahead: got %v, %+v, want 3 and %v to 3", c.since, c.ahead, ok, f, c.lower)
		}
	}
	b, slot, last := lived(t, 14, func(float64) float64 { return 3 })
	if f, ok := b.Forecast(slot, last+6*86_400_000, 0.9); !ok || f.Lower != 3 || f.Upper != 3 {
		t.Errorf("never changed: got %v, %+v", ok, f)
	}
}

func TestBank_Until(t *testing.T) {
	var r *rand.Rand
	noise := func(size float64) float64 { return size * r.NormFloat64() }
	for name, c := range map[string]struct {
		value     func(day float64) float64
		threshold float64
		above     bool
		want      float64 // days after the eighth; 0: not within ten days
		give      float64
	}{
		"fills evenly":           {func(d float64) float64 { return 60 + 3*d + noise(0.1) }, 95, true, 3.67, 0.6},
		"free space shrinks":     {func(d float64) float64 { return 1e12 - 7e10*d + noise(1e8) }, 2e11, false, 3.43, 0.6},
		"is steady":              {func(d float64) float64 { return 80 + noise(0.5) }, 95, true, 0, 0},
		"is cleaned every night": {func(d float64) float64 { return 60 + 25*(d-math.Floor(d)) + noise(0.1) }, 95, true, 0, 0},
		"made one step":          {func(d float64) float64 { return 60 + 20*step(d > 6.5) + noise(0.2) }, 95, true, 0, 0},
		"had one spike":          {func(d float64) float64 { return 60 + 30*step(d > 7.5 && d < 7.6) + noise(0.2) }, 95, true, 0, 0},
		"is there already":       {func(d float64) float64 { return 97 + noise(0.1) }, 95, true, 1e-9, 1e-9},
	} {
		t.Run(name, func(t *testing.T) {
			r = rand.New(rand.NewPCG(1, 2))
			b, slot, last := lived(t, 8, c.value)
			got, ok := b.Until(slot, c.threshold, c.above, 10*24*time.Hour)
			if !ok {
				t.Fatal("nothing is told after eight days")
			}
			days := func(at int64) float64 { return float64(at-last) / 86400e3 }
			if c.want == 0 {
				if got.Likely != 0 {
					t.Errorf("reached in %.2f days, want not within ten", days(got.Likely))
				}
				return
			}
			if got.Likely == 0 || math.Abs(days(got.Likely)-c.want) > c.give {
				t.Errorf("reached in %.2f days, want %.2f give or take %.2f", days(got.Likely), c.want, c.give)
			}
			if got.Earliest == 0 || got.Earliest > got.Likely || got.Latest != 0 && got.Latest < got.Likely {
				t.Errorf("earliest %.2f, likely %.2f, latest %.2f days", days(got.Earliest), days(got.Likely), days(got.Latest))
			}
		})
	}
}

func step(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

func TestBank_Forecast_IntervalsHoldWhatTheyPromise(t *testing.T) {
	var r *rand.Rand
	walk := 0.0
	for name, value := range map[string]func(day float64) float64{
		"day and night":    func(d float64) float64 { return 50 + 30*math.Sin(2*math.Pi*d) + 5*r.NormFloat64() },
		"heavy tails":      func(d float64) float64 { return 50 + math.Exp(r.NormFloat64())*10 },
		"random walk":      func(d float64) float64 { walk += r.NormFloat64(); return walk },
		"doubles its span": func(d float64) float64 { return 50 + (1+step(d > 15))*4*r.NormFloat64() },
	} {
		t.Run(name, func(t *testing.T) {
			r, walk = rand.New(rand.NewPCG(3, 4)), 0
			const days = 30
			values := make([]float64, days*perDay)
			for i := range values {
				values[i] = value(float64(i) / perDay)
			}
			for _, coverage := range []float64{0.8, 0.9, 0.95} {
				for _, ahead := range []int{12, 72, perDay} {
					in, of := 0.0, 0.0
					b, err := detector.NewBank(detector.DefaultConfig())
					if err != nil {
						t.Fatal(err)
					}
					slot := b.Register(labels.FromStrings("__name__", "x"))
					for i, v := range values[:len(values)-ahead] {
						at := 1_700_000_000_000 + int64(i)*forecastStep
						b.Observe(slot, at, v)
						if i < 4*perDay || i%5 != 0 {
							continue
						}
						f, ok := b.Forecast(slot, at+int64(ahead)*forecastStep, coverage)
						if !ok {
							t.Fatalf("nothing is told after %d samples", i)
						}
						of++
						in += step(f.Lower <= values[i+ahead] && values[i+ahead] <= f.Upper)
					}
					if got := in / of; got < coverage-0.06 || got > coverage+(1-coverage)*0.9 {
						t.Errorf("%d samples ahead: %.3f within the interval, want %.2f", ahead, got, coverage)
					}
				}
			}
		})
	}
}

func TestBank_Forecast_KnowsTheDay(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	wave := func(d float64) float64 { return 100 + 50*math.Sin(2*math.Pi*d) }
	b, slot, last := lived(t, 14, func(d float64) float64 { return wave(d) + r.NormFloat64() })
	for hours := 1; hours <= 48; hours++ {
		f, ok := b.Forecast(slot, last+int64(hours)*3600_000, 0.9)
		if !ok {
			t.Fatal("nothing is told after two weeks")
		}
		want := wave(14 + float64(hours)/24)
		if math.Abs(f.Value-want) > 8 {
			t.Errorf("in %d hours: got %.1f, want %.1f", hours, f.Value, want)
		}
	}
}

func TestBank_Forecast_ScaledSeries_ScaledForecast(t *testing.T) {
	made := func(factor float64) detector.Forecast {
		r := rand.New(rand.NewPCG(7, 8))
		b, slot, last := lived(t, 8, func(d float64) float64 {
			return factor * (50 + 2*d + 10*math.Sin(2*math.Pi*d) + r.NormFloat64())
		})
		f, _ := b.Forecast(slot, last+86400_000, 0.9)
		return f
	}
	one, many := made(1), made(1024)
	for _, x := range [][2]float64{{one.Value, many.Value}, {one.Lower, many.Lower}, {one.Upper, many.Upper}} {
		if math.Abs(x[1]/1024-x[0]) > 0.01*math.Abs(x[0]) {
			t.Errorf("got %v, want %v times 1024", x[1], x[0])
		}
	}
}

func TestBank_Forecast_NothingToTell_False(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	young, slot, last := lived(t, 0.2, func(float64) float64 { return r.NormFloat64() })
	if f, ok := young.Forecast(slot, last+3600_000, 0.9); ok {
		t.Errorf("after five hours: got %+v", f)
	}
	b, slot, last := lived(t, 3, func(float64) float64 { return r.NormFloat64() })
	if f, ok := b.Forecast(slot, last, 0.9); ok {
		t.Errorf("for a time that has passed: got %+v", f)
	}
	if f, ok := b.Forecast(slot+1000, last+1, 0.9); ok {
		t.Errorf("for no series: got %+v", f)
	}
	if f, ok := b.Forecast(0, last+1, 0.9); ok {
		t.Errorf("for slot 0: got %+v", f)
	}
}

func TestBank_Forecast_SeriesThatStandsStill_StaysAsItIs(t *testing.T) {
	b, slot, last := lived(t, 3, func(float64) float64 { return 42 })
	f, ok := b.Forecast(slot, last+86400_000, 0.9)
	if !ok || f.Value != 42 || f.Lower != 42 || f.Upper != 42 || f.Tried != 0 {
		t.Errorf("got %+v (told: %v), want 42 and nothing tried", f, ok)
	}
	if c, ok := b.Until(slot, 43, true, 30*24*time.Hour); !ok || c != (detector.Crossing{}) {
		t.Errorf("reaches 43: got %+v (told: %v)", c, ok)
	}
}

func TestBank_Forecast_NeverNegative_NotBelowZero(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	b, slot, last := lived(t, 4, func(d float64) float64 { return max(0, 40-10*d+2*r.NormFloat64()) })
	f, ok := b.Forecast(slot, last+5*86400_000, 0.95)
	if !ok || f.Lower < 0 || f.Value < 0 {
		t.Errorf("got %+v (told: %v)", f, ok)
	}
}

func TestBank_Forecast_RestoredAndReplayed_TheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	b, slot, last := lived(t, 9, func(d float64) float64 { return 50 + 5*d + 9*math.Sin(2*math.Pi*d) + r.NormFloat64() })
	var file bytes.Buffer
	if err := b.Checkpoint(&file); err != nil {
		t.Fatal(err)
	}
	again, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Restore(&file); err != nil {
		t.Fatal(err)
	}
	for _, ahead := range []int64{1, 3600_000, 3 * 86400_000, 30 * 86400_000} {
		want, _ := b.Forecast(slot, last+ahead, 0.9)
		if got, ok := again.Forecast(slot, last+ahead, 0.9); !ok || got != want {
			t.Errorf("restored, %d ms ahead: got %+v, want %+v", ahead, got, want)
		}
	}
}

func TestBank_Forecast_WhateverCame_IsANumberWithinItsBounds(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 99))
		b, err := detector.NewBank(detector.DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		name := []string{"gauge", "count_total"}[seed%2]
		slot := b.Register(labels.FromStrings("__name__", name))
		at, v, told := int64(1_700_000_000_000), 0.0, 0
		scale := math.Pow(10, 20*r.Float64()-10)
		for range 6000 {
			at += 1 + int64(r.ExpFloat64()*300_000)
			switch r.IntN(400) {
			case 0:
				at += r.Int64N(20 * 86400_000) // a gap
			case 1:
				v = r.NormFloat64() * scale * 1e6 // a level far off
			case 2:
				b.Observe(slot, at, math.NaN())
				at++
			case 3:
				v = 0
			}
			v += scale * r.ExpFloat64()
			if seed%3 == 0 {
				v -= scale
			}
			b.Observe(slot, at, v)
			if r.IntN(20) > 0 {
				continue
			}
			for _, ahead := range []int64{1, 3600_000, 30 * 3600_000, 5 * 86400_000, 300 * 86400_000} {
				f, ok := b.Forecast(slot, at+ahead, 0.9)
				if !ok {
					continue
				}
				told++
				if !(f.Lower <= f.Value && f.Value <= f.Upper) || math.IsInf(f.Lower, 0) || math.IsInf(f.Upper, 0) {
					t.Fatalf("seed %d, %d ms ahead: got %+v", seed, ahead, f)
				}
			}
			c, _ := b.Until(slot, v+scale*r.NormFloat64()*50, r.IntN(2) == 0, 30*24*time.Hour)
			if c.Likely != 0 && (c.Likely < at-1 || c.Likely > at+30*86400_000) || c.Latest != 0 && c.Likely > c.Latest || c.Likely != 0 && c.Earliest > c.Likely {
				t.Fatalf("seed %d at %d: got %+v", seed, at, c)
			}
		}
		if told == 0 {
			t.Errorf("seed %d: nothing was told", seed)
		}
	}
}

// Who looks farther ahead sees what is near as well as who does not, also where the day
// has a swing.
func TestBank_Until_LongHorizon_SaysTheSameOfWhatIsNear(t *testing.T) {
	r := noise(77)
	f, ok := detector.ReplayFuture(detector.DefaultConfig(), gauge("disk"), feed(15*1440, 60, func(i int) float64 {
		day := float64(i) / 1440
		return 50 + 2*day + 3*math.Sin(2*math.Pi*day) + 0.2*r()
	}))
	if !ok {
		t.Fatal("no future")
	}
	last, now := f.Last()
	for _, ahead := range []float64{1.8, 3, 6, 13} {
		want := f.Until(now+ahead, true, 240*time.Hour)
		if want.Likely == 0 || want.Likely > last+200*3_600_000 {
			t.Fatalf("%v more is reached at %+v, after %d", ahead, want, last)
		}
		for _, days := range []int{30, 90, 365} {
			got := f.Until(now+ahead, true, time.Duration(24*days)*time.Hour)
			if want.Latest == 0 && got.Latest > last+240*3_600_000 {
				got.Latest = 0
			}
			if got != want {
				t.Errorf("%v more: within %d days %+v, within 10 %+v", ahead, days, got, want)
			}
		}
	}
}
