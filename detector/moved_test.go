package detector_test

import (
	"math"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// shifted makes samples of four weeks of days of some shape, and of two in which it comes
// so many hours later, or earlier if that is negative.
func shifted(step time.Duration, by time.Duration, f func(at time.Time) float64) (samples []telemetry.Sample, from, to time.Time) {
	from, to = monday.AddDate(0, 0, 28), monday.AddDate(0, 0, 42)
	return append(clocked(monday, from, step, f), clocked(from, to, step, func(at time.Time) float64 { return f(at.Add(-by)) })...), from, to
}

// What comes an hour earlier or later from one day to the next, as work by another clock
// does when that is put forward or back, is told on two days when it begins and when it
// ends, and known from then on.
func TestCalendar_PatternMovesByAnHour_ToldForTwoDays(t *testing.T) {
	const seeds = 20
	for _, x := range []struct {
		name string
		by   time.Duration
		step time.Duration
		f    func(at time.Time) float64
		most float64 // alarms in two weeks, on average
	}{
		{"office hours, earlier", -time.Hour, 5 * time.Minute, working, 7},
		{"office hours, later", time.Hour, 5 * time.Minute, working, 7},
		{"a job of two hours, earlier", -time.Hour, 5 * time.Minute, nightly, 8},
		{"office hours, earlier", -time.Hour, time.Minute, working, 7},
		{"on working days, earlier", -time.Hour, 5 * time.Minute, onWorkingDays, 7},
		{"a smooth day, earlier", -time.Hour, 5 * time.Minute, smooth, 3.5},
	} {
		n, runs := 0, seeds
		if x.step < 5*time.Minute {
			runs /= 4
		}
		for seed := range uint64(runs) {
			r := noise(700 + seed)
			samples, from, to := shifted(x.step, x.by, x.f)
			for i := range samples {
				samples[i].V *= 1 + 0.05*r()
			}
			n += opened(play(t, gauge("x"), samples), from, to)
		}
		if mean := float64(n) / float64(runs); mean > x.most {
			t.Errorf("%s at %s: %.1f alarms in two weeks, want at most %.1f", x.name, x.step, mean, x.most)
		}
	}
}

// nightly is a job from two to four.
func nightly(at time.Time) float64 {
	if at.Hour() >= 2 && at.Hour() < 4 {
		return 80
	}
	return 10
}

func onWorkingDays(at time.Time) float64 {
	if weekend(at) {
		return 100
	}
	return working(at)
}

func smooth(at time.Time) float64 {
	return 60 - 40*math.Cos((float64(at.Hour())+float64(at.Minute())/60)*math.Pi/12)
}
