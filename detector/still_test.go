package detector_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// lastSuccess plays the time of a job's last success, at a step in seconds, that changes when
// next says: it takes the time of a change and returns that of the one after. It returns
// how many intervals after a run without change has begun each flat line is told that
// begins after the time since, and how often anything was told.
func lastSuccess(t *testing.T, step, interval, since, until float64, next func(at float64) float64) (told []float64, opened int) {
	t.Helper()
	b := newBank(t)
	slot := b.Register(gauge("backup_last_success_timestamp_seconds"))
	x, due, last := 1.7e9, next(0), 0.0
	for at := 0.0; at < until; at += step {
		if at >= due {
			x, last, due = 1.7e9+at, at, next(at)
		}
		v, news := b.Observe(slot, start+int64(1000*at), x)
		if !news || v.Phase != detector.PhaseOpened {
			continue
		}
		if opened++; v.Kind == detector.KindFlatline && at >= since {
			told = append(told, (at-last)/interval)
		}
	}
	return told, opened
}

// every is a job of an interval, each run of which comes by a part of it early or late,
// that stops after a time.
func every(interval, jitter, stops float64, seed uint64) func(at float64) float64 {
	r := rand.New(rand.NewPCG(seed, 7))
	return func(at float64) float64 {
		n := math.Round(at/interval) + 1
		if n*interval > stops {
			return math.Inf(1)
		}
		return n*interval + jitter*interval*(r.Float64()-0.5)
	}
}

func TestLastSuccess_Stops_IsToldWithinIntervals(t *testing.T) {
	cases := []struct{ step, interval, jitter float64 }{
		{15, 3600, 0}, {15, 3600, 0.1}, {60, 3600, 0}, {60, 3600, 0.1}, {300, 3600, 0}, {15, 600, 0}, {60, 600, 0.1}, {300, 86400, 0}, {300, 86400, 0.1},
	}
	for _, c := range cases {
		for _, shown := range []float64{12, 30, 120} {
			for seed := range uint64(2) {
				stops := shown * c.interval
				told, opened := lastSuccess(t, c.step, c.interval, stops, stops+10*c.interval, every(c.interval, c.jitter, stops, seed))
				if len(told) != 1 || told[0] > 3 || opened != 1 {
					t.Errorf("step %g s, interval %g s, jitter %g, after %g intervals, series %d: told after %v intervals, %d episodes, want once and 3 at most",
						c.step, c.interval, c.jitter, shown, seed, told, opened)
				}
			}
		}
	}
}

func TestLastSuccess_StopsAgain_IsToldAgainInTime(t *testing.T) {
	for _, step := range []float64{15, 60} {
		told, _ := lastSuccess(t, step, 3600, 0, 200*3600, func(at float64) float64 {
			if n := math.Round(at/3600) + 1; n > 60 && n < 80 {
				return 80 * 3600
			} else if n > 120 {
				return math.Inf(1)
			} else {
				return n * 3600
			}
		})
		if len(told) != 2 || told[0] > 3 || told[1] > 3 {
			t.Errorf("step %g s: an outage of a day and another after 40 hours: told after %v hours, want both within 3", step, told)
		}
	}
}

// A job of working hours pauses every night. Its first night may be told.
func TestLastSuccess_PausesEveryNight_IsKnown(t *testing.T) {
	for _, interval := range []float64{600, 3600} {
		for _, from := range []float64{0, 8} {
			told, _ := lastSuccess(t, 60, interval, 0, 14*86400, func(at float64) float64 {
				next := at + interval
				if hour := math.Mod(next/3600+from, 24); hour < 8 || hour > 18 {
					next += math.Mod(32-hour, 24) * 3600
				}
				return next
			})
			if len(told) > 1 {
				t.Errorf("interval %g s, begun at %g o'clock: told %d times in two weeks, want the first night at most", interval, from, len(told))
			}
		}
	}
}

// What changes seldom and by chance has no habit, however alike its first runs are.
func TestSeldomChange_ByChance_KeepsBudget(t *testing.T) {
	for _, step := range []float64{15, 60, 300} {
		for _, mean := range []float64{15, 60, 240} {
			flat, weeks := 0, 0.0
			for seed := range uint64(20) {
				r := rand.New(rand.NewPCG(seed, 77))
				until := 12000 * step
				told, _ := lastSuccess(t, step, mean*step, 0, until, func(at float64) float64 { return at + max(1, mean*r.ExpFloat64())*step })
				flat, weeks = flat+len(told), weeks+until/(7*86400)
			}
			if float64(flat) > 0.25*weeks+1 {
				t.Errorf("step %g s, %g samples between changes: %d flat lines in %.1f weeks, want a quarter of the budget at most", step, mean, flat, weeks)
			}
		}
	}
}

func TestStill_Habit_IsExplained(t *testing.T) {
	b := newBank(t)
	slot := b.Register(gauge("backup_last_success_timestamp_seconds"))
	want := map[int]string{70: "less than 2 times as long as runs that were alike", 170: ""}
	for i := range 30*60 + 171 {
		at, x := start+int64(i)*60_000, 1.7e9+float64(min(i/60, 30)*3600)
		since := i - 30*60
		if silent, ok := want[since]; ok && since > 0 {
			e, ok := b.Explain(slot, at, x)
			if !ok {
				t.Fatalf("%d minutes after the last change: not explained", since)
			}
			for _, v := range e.Evidence {
				if v.Channel == "still" && (v.Silent != silent || v.Shape != detector.DefaultParameters().Evidence.AlikeShape) {
					t.Errorf("%d minutes after the last change: %+v, want silent %q", since, v, silent)
				}
			}
			if got := fmt.Sprint(e.Decisive >= 0 && e.Evidence[max(e.Decisive, 0)].Channel == "still"); got != fmt.Sprint(silent == "") {
				t.Errorf("%d minutes after the last change: decided by the run without change: %s", since, got)
			}
		}
		b.Observe(slot, at, x)
	}
}
