package detector_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// job is a series of minutes with something short on every working day: height above its
// level for some minutes from about a minute of the day on.
type job struct {
	at, lasts int
	height    float64
	late      func(r *rand.Rand) int        // minutes by which it comes late
	of        func(at int) float64          // part of the height, at so many minutes
	odd       func(day, minute int) float64 // what is added besides
	until     int                           // day from which it does not run; 0 for never
}

func atOnce(int) float64           { return 1 }
func punctual(*rand.Rand) int      { return 0 }
func someMinutes(r *rand.Rand) int { return r.IntN(9) - 4 }
func nothing(int, int) float64     { return 0 }

// run gives so many days of it, five of seven with the job, over a day with noise of 1.5.
func (j job) run(seed uint64, n int) []telemetry.Sample {
	r, of, from := rand.New(rand.NewPCG(seed, 5)), -1, 0
	return days(n, func(day, m int) float64 {
		if day != of {
			of, from = day, j.at+j.late(r)
		}
		x := 20 + 5*math.Sin(2*math.Pi*float64(m)/dayMinutes) + 1.5*r.NormFloat64() + j.odd(day, m)
		if at := m - from; at >= 0 && at < j.lasts && day%7 < 5 && (j.until == 0 || day < j.until) {
			x += j.height * j.of(at)
		}
		return math.Max(x, 0)
	})
}

func deployment() job {
	return job{at: 10*60 + 7, lasts: 3, height: 45, late: someMinutes, of: atOnce, odd: nothing}
}

// climb is a job that climbs and falls back, as the lag of a backup does.
func climb() job {
	return job{at: 2*60 + 10, lasts: 10, height: 60, late: punctual, odd: nothing, of: func(at int) float64 { return float64(at+1) / 10 }}
}

// A job that runs five days of seven is told on three or four days, and then is quiet.
func TestRecurring_ShortJobOnWorkingDays_QuietFromTheSecondWeek(t *testing.T) {
	const series, n = 3, 28
	for name, j := range map[string]job{"deployment": deployment(), "climb": climb()} {
		first, later := 0, 0
		for seed := range uint64(series) {
			samples := j.run(seed, n)
			told := play(t, gauge("cpu"), samples)
			first += openedFrom(told, samples, 0, 7)
			later += openedFrom(told, samples, 7, n)
		}
		if first < 2*series || first > 5*series {
			t.Errorf("%s: %d alarms in the first week of %d series, want about three each", name, first, series)
		}
		if weeks := series * (n - 7) / 7.0; float64(later) > 1.2*weeks {
			t.Errorf("%s: %d alarms in %.0f weeks after the first, budget 1 a week", name, later, weeks)
		}
	}
}

// What is excused is of about that size and near that time: what is many times as large,
// and the same at another time of day, is told at once.
func TestRecurring_MuchLargerOrAtAnotherTime_Told(t *testing.T) {
	const n, other = 26, 15*60 + 30
	for name, j := range map[string]job{"deployment": deployment(), "climb": climb()} {
		plain := j.of
		for seed := range uint64(3) {
			j.odd = func(day, m int) float64 {
				if day == 23 && m >= other && m < other+j.lasts {
					return j.height * plain(m-other)
				}
				if at := m - j.at; day == 25 && at >= 0 && at < j.lasts {
					return 4 * j.height * plain(at)
				}
				return 0
			}
			samples := j.run(seed, n)
			told := play(t, gauge("cpu"), samples)
			for what, at := range map[string]int{"at another time": 23*dayMinutes + other, "five times as large": 25*dayMinutes + j.at} {
				v, ok := openedAfter(told, samples[at].T)
				if late := (v.Time - samples[at].T) / 60_000; !ok || late >= int64(j.lasts) {
					t.Errorf("%s, seed %d: one %s opened %v, after %d minutes", name, seed, what, ok, late)
				}
			}
		}
	}
}

// An incident that comes on two days running at the same time is told on both, and on the
// third: it takes three days to be believed.
func TestRecurring_TwoDaysRunning_ExcuseNothing(t *testing.T) {
	for seed := range uint64(4) {
		j := deployment()
		j.height, j.late = 0, punctual
		j.odd = func(day, m int) float64 {
			if day >= 14 && day < 17 && m >= 720 && m < 723 {
				return 45
			}
			return 0
		}
		samples := j.run(seed, 18)
		told := play(t, gauge("cpu"), samples)
		for day := 14; day < 17; day++ {
			at := samples[day*dayMinutes+720].T
			if v, ok := openedAfter(told, at); !ok || v.Time > at+120_000 {
				t.Errorf("seed %d: day %d is not told", seed, day-13)
			}
		}
	}
}

// When the job has not run for two weeks, it is told again.
func TestRecurring_GoneForTwoWeeks_IsForgotten(t *testing.T) {
	const last, again = 21, 21 + 15
	for seed := range uint64(3) {
		j := deployment()
		j.late, j.until = punctual, last
		j.odd = func(day, m int) float64 {
			if day == again && m >= j.at && m < j.at+j.lasts {
				return j.height
			}
			return 0
		}
		samples := j.run(seed, again+1)
		at := samples[again*dayMinutes+j.at].T
		if v, ok := openedAfter(play(t, gauge("cpu"), samples), at); !ok || v.Time > at+120_000 {
			t.Errorf("seed %d: a job that has not run for two weeks is excused", seed)
		}
	}
}

// The explanation says what is remembered, in numbers that the verdict follows from.
func TestRecurring_Explanation_SaysWhatIsKnown(t *testing.T) {
	j := deployment()
	j.late = punctual
	samples := j.run(3, 24)
	at := 23*dayMinutes + j.at
	e := explained(t, gauge("cpu"), samples[:at+1])
	r := e.Recurs
	if e.Odd || !e.Excused || e.Score < e.Threshold || math.Abs(r.Off-45) > 12 || r.Times != 2 || r.Count < r.Believed || r.Minute < j.at-4 || r.Minute > j.at+4 {
		t.Errorf("got %+v, odd %v, excused %v, score %v from %v\n%s", r, e.Odd, e.Excused, e.Score, e.Threshold, e)
	}
	if want := e.Normal + r.Times*r.Off; math.Abs(e.Upper-want) > 1e-9*want || e.Value > e.Upper {
		t.Errorf("the band ends at %v, want %v for a value of %v", e.Upper, want, e.Value)
	}
	if s := e.String(); !strings.Contains(s, "recurs day after day at about 10:0") || !strings.Contains(s, " local time (") ||
		!strings.Contains(s, "not odd, for it recurs, once in ") || !strings.Contains(s, ": odd by above, and excused, for it recurs\n") {
		t.Errorf("the text does not say so:\n%s", s)
	}
	noon, ok := detector.ReplayExplain(detector.DefaultConfig(), 0, gauge("cpu"), samples, samples[23*dayMinutes+720].T)
	if !ok || noon.Recurs != (detector.RecurrencePart{}) || noon.Excused || strings.Contains(noon.String(), "day after day") {
		t.Errorf("something recurs at noon:\n%s", noon)
	}
}

// A job keeps to the clock of the configured zone, also when that is put forward.
func TestRecurring_ClockPutForward_TheJobIsKnown(t *testing.T) {
	place, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("no time zone data here: %v", err)
	}
	begin := time.Date(2024, 3, 11, 0, 0, 0, 0, place) // a Monday, twenty days before
	alarms := func(zone string) (n int) {
		for seed := range uint64(3) {
			r := rand.New(rand.NewPCG(seed, 5))
			b := newBank(t, func(c *detector.Config) { c.TimeZone = zone })
			slot := b.Register(gauge("cpu"))
			for at := begin; at.Before(begin.AddDate(0, 0, 25)); at = at.Add(time.Minute) {
				x := 20 + 1.5*r.NormFloat64()
				if m := at.In(place).Hour()*60 + at.In(place).Minute(); m >= 607 && m < 610 {
					x += 45
				}
				v, tell := b.Observe(slot, at.UnixMilli(), x)
				if tell && v.Phase == detector.PhaseOpened && at.After(begin.AddDate(0, 0, 20)) && at.In(place).Hour() == 10 {
					n++
				}
			}
		}
		return n
	}
	if n := alarms("Europe/Berlin"); n > 0 {
		t.Errorf("%d alarms at the job after the clock was put forward", n)
	}
	if n := alarms("UTC"); n < 3 {
		t.Errorf("%d alarms where the clock is not known: the test shows nothing", n)
	}
}

// The memory is part of the state: samples in batches, and after a checkpoint, are
// judged as those handed over one by one.
func TestRecurring_BatchesAndCheckpoint_SameVerdicts(t *testing.T) {
	samples := deployment().run(1, 20)
	want := play(t, gauge("cpu"), samples)
	b := newBank(t)
	slot := b.Register(gauge("cpu"))
	var got []detector.Verdict
	for i := 0; i < len(samples); i += 500 {
		var batch []telemetry.Observation
		for _, s := range samples[i:min(i+500, len(samples))] {
			batch = append(batch, telemetry.Observation{Slot: uint64(slot), T: s.T, V: s.V})
		}
		b.ObserveAll(batch, 0, len(batch), func(v detector.Verdict) { got = append(got, v) })
		if i/500 == 30 { // the eleventh day, when it is known
			var file bytes.Buffer
			if err := b.Checkpoint(&file); err != nil {
				t.Fatal(err)
			}
			if b = newBank(t); b.Restore(&file) != nil {
				t.Fatal("the checkpoint cannot be read")
			}
		}
	}
	if len(got) != len(want) || len(want) < 3 {
		t.Fatalf("got %d verdicts, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Time != want[i].Time || got[i].Phase != want[i].Phase || got[i].Score != want[i].Score || got[i].Upper != want[i].Upper && !math.IsNaN(want[i].Upper) {
			t.Errorf("verdict %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}

// What is not told keeps its score, in which it is as odd as ever, and its band holds it: a
// value lies outside of the band if and only if it is odd and was not excused.
func TestRecurring_Excused_KeepsItsScoreWithinTheBand(t *testing.T) {
	for seed := range uint64(6) {
		j := deployment()
		j.odd = func(day, m int) float64 { // a small shift begins when the job is due, which charts find
			if day == 20 && m >= j.at-10 && m < j.at+120 {
				return 2.5
			}
			return 0
		}
		keepsScores(t, j.run(seed, 24))
	}
}

func keepsScores(t *testing.T, samples []telemetry.Sample) {
	t.Helper()
	excused := 0
	detector.ReplayShare(detector.DefaultConfig(), 0, gauge("cpu"), samples, func(v detector.Verdict) {
		outside := v.Value < v.Lower || v.Value > v.Upper
		odd := v.Score >= detector.DefaultConfig().Threshold() && !math.IsNaN(v.Lower)
		switch {
		case outside && !odd:
			t.Errorf("at %d: %v lies outside of %v to %v and has a score of %v", v.Time, v.Value, v.Lower, v.Upper, v.Score)
		case odd && !outside && v.Phase == detector.PhaseQuiet:
			if excused++; v.Kind != detector.KindNone || v.Since != 0 || !v.Excused {
				t.Errorf("at %d: excused and of kind %v since %d", v.Time, v.Kind, v.Since)
			}
		case v.Excused:
			t.Errorf("at %d: a score of %v is excused", v.Time, v.Score)
		case odd && !outside && v.Phase == detector.PhaseOpened:
			t.Errorf("at %d: an episode opens by %v within %v to %v", v.Time, v.Value, v.Lower, v.Upper)
		}
	})
	if excused < 10 {
		t.Errorf("%d samples are excused in four weeks, want each day's from the second week on", excused)
	}
}

// A job that does not end is told when it should long be over, by an episode since its
// beginning; when it ends after all, that is told too.
func TestRecurring_JobHangs_ToldWhenItShouldBeOver(t *testing.T) {
	for seed := range uint64(3) {
		j := deployment()
		j.late = punctual
		j.odd = func(day, m int) float64 {
			if day == 23 && m >= j.at+j.lasts && m < j.at+75 {
				return j.height
			}
			return 0
		}
		samples := j.run(seed, 25)
		begin := samples[23*dayMinutes+j.at].T
		told := play(t, gauge("cpu"), samples)
		v, ok := openedAfter(told, begin)
		if late := (v.Time - begin) / 60_000; !ok || late < 12 || late > 12+15+5 || v.Since > begin+60_000 || v.Value < v.Upper {
			t.Errorf("seed %d: opened %v, %d minutes after it began, since %d minutes after, %v above %v", seed, ok, late, (v.Since-begin)/60_000, v.Value, v.Upper)
		}
		if threshold := detector.DefaultConfig().Threshold(); v.Score < threshold || v.Peak < v.Score {
			t.Errorf("seed %d: told with a score of %v, peak %v, threshold %v", seed, v.Score, v.Peak, threshold)
		}
		closed := false
		for _, w := range told {
			closed = closed || w.Phase == detector.PhaseClosed && w.Time > v.Time && w.Time < begin+3*3600_000
		}
		if !closed {
			t.Errorf("seed %d: its end is not told", seed)
		}
	}
}

// A series that ends, or falls silent, while what is excused goes on has lost no episode.
func TestRecurring_EndsWhileExcused_NothingIsLost(t *testing.T) {
	j := deployment()
	j.late = punctual
	samples := j.run(1, 24)
	at := 23*dayMinutes + j.at + 1
	for _, stale := range []bool{true, false} {
		b := newBank(t)
		slot := b.Register(gauge("cpu"))
		for _, s := range samples[:at+1] {
			b.Observe(slot, s.T, s.V)
		}
		if v, ok := b.Last(slot); !ok || v.Phase != detector.PhaseQuiet || !v.Excused {
			t.Errorf("the last sample is of phase %v, excused %v", v.Phase, v.Excused)
		}
		if stale {
			if v, tell := b.Observe(slot, samples[at+1].T, math.Float64frombits(value.StaleNaN)); tell {
				t.Errorf("its end is told: %+v", v)
			}
			continue
		}
		var told []detector.Verdict
		for m := int64(1); m < 120; m++ {
			b.Sweep(samples[at].T+m*60_000, func(v detector.Verdict) { told = append(told, v) })
		}
		if len(told) != 1 || told[0].Kind != detector.KindMissing || told[0].Phase != detector.PhaseOpened {
			t.Errorf("two hours of silence: %+v, want one episode of what is missing", told)
		}
	}
}

// What is excused does not add up to an alarm of the service either.
func TestRecurring_SeveralMetricsAtOnce_GroupIsQuiet(t *testing.T) {
	const metrics, n = 5, 28
	var all [metrics][]telemetry.Sample
	var of []labels.Labels
	for i := range all {
		j := deployment()
		j.late = punctual
		all[i] = j.run(uint64(10+i), n)
		of = append(of, labels.FromStrings("__name__", fmt.Sprintf("load%d", i), "service", "shop"))
	}
	times := make([]int64, len(all[0]))
	for at := range times {
		times[at] = all[0][at].T
	}
	early, later, row := 0, 0, make([]float64, metrics)
	detector.ReplayGroup(detector.DefaultConfig(), of, times, func(at int) []float64 {
		for i := range row {
			row[i] = all[i][at].V
		}
		return row
	}, func(r detector.GroupRow) {
		if r.Alarm && r.Time-times[0] < 7*86_400_000 {
			early++
		} else if r.Alarm {
			later++
		}
	})
	if early == 0 || later > 3 {
		t.Errorf("%d alarms of the service in the first week and %d in the three after, want some and at most one a week", early, later)
	}
}
