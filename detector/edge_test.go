package detector_test

import (
	"math"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// days gives so many days of minutes, from a midnight on, of what is at a minute of a day.
func days(n int, at func(day, minute int) float64) []telemetry.Sample {
	out := make([]telemetry.Sample, n*dayMinutes)
	for i := range out {
		out[i] = telemetry.Sample{T: start + int64(i)*60_000, V: at(i/dayMinutes, i%dayMinutes)}
	}
	return out
}

// openedFrom counts the episodes that open from the start of a day until that of another.
func openedFrom(told []detector.Verdict, samples []telemetry.Sample, from, to int) (n int) {
	for _, v := range told {
		if day := int((v.Time - samples[0].T) / 86_400_000); v.Phase == detector.PhaseOpened && day >= from && day < to {
			n++
		}
	}
	return n
}

// What is counted from midnight on falls to nothing at the minute that the calendar knows.
func TestEdge_CountBeginsAnewAtMidnight_Quiet(t *testing.T) {
	for seed := range uint64(4) {
		r := noise(seed)
		samples := days(16, func(_, m int) float64 { return math.Round(2*float64(m) + 5*math.Abs(r())) })
		if n := openedFrom(play(t, gauge("sessions_today"), samples), samples, 4, 16); n > 1 {
			t.Errorf("seed %d: %d alarms in twelve midnights", seed, n)
		}
	}
}

// workday is load from about eight to about six, each day some minutes off.
func workday(seed uint64, n int) []telemetry.Sample {
	r, of, from, to := noise(seed), -1, 0.0, 0.0
	return days(n, func(day, m int) float64 {
		if day != of {
			of, from, to = day, 480+8*r(), 1080+8*r()
		}
		if at := float64(m); at >= from && at < to {
			return 100 + 8*r()
		}
		return math.Abs(5 + r())
	})
}

// Work begins some minutes early or late. That is hardly odd (without knowing of edges such
// series alarm 3.8 times a week), and does not make the series deaf: when the load is gone
// in the afternoon it is told at once.
func TestEdge_SomeMinutesEarlyOrLate_FewAlarmsAndAnOutageIsFound(t *testing.T) {
	const n, series = 16, 20
	alarms, late := 0, 0
	for seed := range uint64(series) {
		samples, r := workday(seed, n), noise(seed+100)
		from := (n-1)*dayMinutes + 14*60
		for i := from; i < from+60; i++ {
			samples[i].V = math.Abs(5 + r())
		}
		told := play(t, gauge("load"), samples)
		alarms += openedFrom(told, samples, 4, n-1)
		v, ok := openedAfter(told, samples[from].T)
		if !ok || v.Time > samples[from+2].T {
			late++
			t.Logf("seed %d: the outage opened %v, %d minutes after it began", seed, ok, (v.Time-samples[from].T)/60_000)
		}
	}
	if late > series/10 {
		t.Errorf("%d of %d outages were told later than after two minutes, want one in ten at most", late, series)
	}
	if weeks := series * (n - 5) / 7.0; float64(alarms) > 2.6*weeks {
		t.Errorf("%d alarms in %.1f weeks, budget 1 a week", alarms, weeks)
	}
}

// Between the levels on either side nothing is odd; beyond them it is.
func TestEdge_BeyondBothLevels_IsOdd(t *testing.T) {
	samples := workday(9, 16)
	at := 15*dayMinutes + 8*60
	for value, odd := range map[float64]bool{5: false, 50: false, 100: false, 400: true} {
		cut := append([]telemetry.Sample(nil), samples[:at+1]...)
		cut[at].V = value
		e := explained(t, gauge("load"), cut)
		if e.Odd != odd {
			t.Errorf("%v at eight: odd %v, want %v\n%s", value, e.Odd, odd, e)
		}
		if !strings.Contains(e.String(), "an edge of the day is near") || !(e.Season.Below+e.Season.Above > 50) {
			t.Errorf("the edge is not told of:\n%s", e)
		}
	}
	noon, ok := detector.ReplayExplain(detector.DefaultConfig(), 0, gauge("load"), samples, samples[15*dayMinutes+12*60].T)
	if !ok || noon.Season.Below != 0 || noon.Season.Above != 0 || strings.Contains(noon.String(), "edge") {
		t.Errorf("an edge at noon:\n%s", noon)
	}
}

// What rises all day and falls to zero at midnight, seen four times a minute: the quarter
// after midnight is known by its mean, and errors so low are a twentieth of the usual.
func TestEdge_FallsToZeroAtMidnightAtShortSteps_QuietFromTheSecondDay(t *testing.T) {
	for _, uneven := range []float64{0, 0.2, 1} {
		r, x := noise(90), 0.0
		told := play(t, gauge("m"), feed(14*5760, 15, func(i int) float64 {
			if i%5760 == 0 {
				x = 0
			}
			x += 1000.0 / 5760 * max(0, 1+uneven*r())
			return x
		}))
		falls := 0
		for _, v := range told {
			at := v.Time - start
			if v.Phase == detector.PhaseOpened && at > 2*86_400_000-1 && at%86_400_000 < 900_000 {
				falls++
			}
		}
		if falls > 0 {
			t.Errorf("uneven by %g: %d of the falls from the second night on are told, want none", uneven, falls)
		}
	}
}
