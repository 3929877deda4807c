package detector_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/telemetry"
)

func TestConfig_OutOfRange_EveryPathReported(t *testing.T) {
	var paths []string
	bad := detector.Config{Budget: math.NaN(), Habituation: -1, WarmupSpan: yamldoc.Duration(-time.Second), RelearnAfter: 1}
	bad.Validate(func(path, format string, args ...any) {
		paths = append(paths, path)
		if text := fmt.Sprintf(format, args...); !strings.HasPrefix(text, "want ") || strings.Contains(text, "%!") {
			t.Errorf("%s: got %q", path, text)
		}
	})
	want := []string{"budget", "max_series", "warmup_samples", "warmup_span", "close_after", "relearn_after", "habituation"}
	if !slices.Equal(paths, want) {
		t.Errorf("got %q, want %q", paths, want)
	}
	paths = nil
	odd := detector.DefaultConfig()
	odd.EvictAfter = yamldoc.Duration(time.Hour)
	odd.Budgets = []detector.ServiceBudget{{Service: "web-*", Budget: 2}, {Service: "", Budget: 0}, {Service: "[", Budget: 1}}
	odd.Validate(func(path, format string, args ...any) { paths = append(paths, path) })
	if want := []string{"budgets[1].service", "budgets[1].budget", "budgets[2].service", "evict_after"}; !slices.Equal(paths, want) {
		t.Errorf("got %q, want %q", paths, want)
	}
	if _, err := detector.NewBank(bad); err == nil || !strings.Contains(err.Error(), "max_series: want a number from 1 to 1e+08, got 0") {
		t.Errorf("got error %v", err)
	}
	n := 0
	detector.Replay(bad, gauge("x"), feed(10, 60, func(int) float64 { return 1 }), func(detector.Verdict) { n++ })
	if n != 0 {
		t.Errorf("replay with a bad configuration: got %d verdicts", n)
	}
	detector.DefaultConfig().Validate(func(path, format string, args ...any) {
		t.Errorf("default: %s: "+format, append([]any{path}, args...)...)
	})
}

func TestConfig_LargerBudget_NarrowerBandMoreAlarms(t *testing.T) {
	r := noise(20)
	samples := feed(20000, 60, func(i int) float64 { return 100 + math.Exp(0.7*r()) })
	run := func(budget float64) (alarms int, width float64) {
		c := detector.DefaultConfig()
		c.Budget = budget
		detector.Replay(c, gauge("x"), samples, func(v detector.Verdict) {
			if v.Phase == detector.PhaseOpened {
				alarms++
			}
			width = v.Upper - v.Lower
		})
		return alarms, width
	}
	few, wide := run(0.1)
	many, narrow := run(20)
	if few >= many || wide <= narrow {
		t.Errorf("budget 0.1: %d alarms, width %.2f; budget 20: %d alarms, width %.2f", few, wide, many, narrow)
	}
	if perWeek := float64(many) / (20000.0 / 10080); perWeek < 5 || perWeek > 60 {
		t.Errorf("budget 20: got %.1f alarms a week", perWeek)
	}
}

func TestHabituation_RestlessSeries_AlarmsLess(t *testing.T) {
	r := noise(21)
	samples := feed(12000, 60, func(i int) float64 {
		if i > 3000 && i%90 == 0 {
			return 100 + 8*math.Exp(0.3*r())
		}
		return 100 + r()
	})
	count := func(habituation float64) (n int) {
		c := detector.DefaultConfig()
		c.Budget, c.Habituation = 50, habituation // so that the budget of the service is not what counts
		detector.Replay(c, gauge("x"), samples, func(v detector.Verdict) {
			if v.Phase == detector.PhaseOpened {
				n++
			}
		})
		return n
	}
	if with, without := count(0.3), count(0); with >= without || with == 0 {
		t.Errorf("got %d alarms with habituation and %d without", with, without)
	}
}

func TestUnitChange_ThousandTimes_OneEpisodeThenQuiet(t *testing.T) {
	r := noise(22)
	samples := feed(4000, 60, func(i int) float64 {
		x := 100 + 3*r()
		if i >= 2000 {
			x *= 1000
		}
		return x
	})
	n := 0
	for _, v := range play(t, gauge("x"), samples) {
		if v.Phase == detector.PhaseOpened && v.Time >= samples[2000].T {
			n++
		}
	}
	if n != 1 {
		t.Errorf("got %d episodes after the change of unit, want 1", n)
	}
}

func TestDuplicatesAndLateSamples_SameVerdictsAsWithout(t *testing.T) {
	r := noise(23)
	clean := feed(2000, 30, func(i int) float64 {
		if i == 1500 {
			return 200
		}
		return 100 + r()
	})
	var dirty []telemetry.Sample
	for i, s := range clean {
		dirty = append(dirty, s)
		if i%7 == 3 {
			dirty = append(dirty, s, telemetry.Sample{T: s.T - 90_000, V: 1e6})
		}
	}
	a, b := play(t, gauge("x"), clean), play(t, gauge("x"), dirty)
	if !slices.EqualFunc(a, b, same) || len(a) == 0 {
		t.Errorf("got %+v with and %+v without", b, a)
	}
}

func TestSeasonalBreak_NightValueAtNoon_Named(t *testing.T) {
	const day = 288
	r := noise(24)
	samples := feed(15*day, 300, func(i int) float64 {
		x := 100 + 50*math.Sin(float64(i%day)*2*math.Pi/day)
		if i >= 14*day+66 && i < 14*day+78 {
			x = 60
		}
		return x + r()
	})
	v, ok := openedAfter(play(t, gauge("x"), samples), samples[14*day].T)
	if !ok || v.Kind != detector.KindSeasonalBreak || v.Kind.String() != "seasonal_break" || v.Phase.String() != "opened" {
		t.Errorf("opened %v, kind %s, want a seasonal break", ok, v.Kind)
	}
}

func TestConfig_NotADuration_ErrorAsksForOne(t *testing.T) {
	doc, errs := yamldoc.Parse("tocsin.yml", []byte("warmup_span: soon\nrelearn_after: 1d\n"))
	if errs != nil {
		t.Fatal(errs)
	}
	c := detector.DefaultConfig()
	errs = doc.Decode(&c)
	if len(errs) != 1 || !strings.Contains(errs[0].Msg, `want a duration such as "5m", got "soon"`) {
		t.Errorf("got %v", errs)
	}
	if c.RelearnAfter.Std() != 24*time.Hour {
		t.Errorf("relearn_after: got %s", c.RelearnAfter)
	}
}
