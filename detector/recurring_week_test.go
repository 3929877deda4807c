package detector_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	weekSeeds   = 20
	weekMinutes = 7 * dayMinutes
	sunday      = 6 // of a week that begins on a Monday
	atNight     = 3*60 + 10
)

// firstMonday is when the weeks of these tests begin.
var firstMonday = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// event is something short: so much more from a minute on for some minutes.
type event struct {
	from, lasts int
	height      float64
}

// weekly gives an event of each of so many weeks on some days of the week.
func weekly(n, minute int, weekdays ...int) (out []event) {
	for week := range n {
		for _, day := range weekdays {
			out = append(out, event{week*weekMinutes + day*dayMinutes + minute, 4, 45})
		}
	}
	return out
}

// minutes gives so many weeks, from a Monday on, of a day with noise of 1.5 and with events.
func minutes(seed uint64, n int, events ...event) []telemetry.Sample {
	r := rand.New(rand.NewPCG(seed, 11))
	out := make([]telemetry.Sample, n*weekMinutes)
	for i := range out {
		x := 20 + 5*math.Sin(2*math.Pi*float64(i%dayMinutes)/dayMinutes) + 1.5*r.NormFloat64()
		out[i] = telemetry.Sample{T: firstMonday + int64(i)*60_000, V: x}
	}
	for _, e := range events {
		for i := e.from; i < min(e.from+e.lasts, len(out)); i++ {
			out[i].V += e.height
		}
	}
	return out
}

// opened counts episodes that opened within an event or at most a quarter of an hour after it.
func (e event) opened(told []detector.Verdict) (n int) {
	for _, v := range told {
		at := int((v.Time - firstMonday) / 60_000)
		if v.Phase == detector.PhaseOpened && at >= e.from && at < e.from+e.lasts+15 {
			n++
		}
	}
	return n
}

// What comes on one day of the week, or on two, is told three times and no more.
func TestRecurringWeekly_SameMinuteOfTheWeek_ToldForThreeWeeks(t *testing.T) {
	for name, of := range map[string][]int{"Sundays": {sunday}, "Tuesdays and Fridays": {1, 4}, "weekends": {5, 6}} {
		first, later := 0, 0
		for seed := range uint64(weekSeeds) {
			jobs := weekly(8, atNight, of...)
			told := play(t, gauge("cpu"), minutes(seed, 8, jobs...))
			for i, e := range jobs {
				if i/len(of) < 3 {
					first += e.opened(told)
				} else if i/len(of) >= 4 || len(of) == 1 {
					later += e.opened(told)
				}
			}
		}
		if runs := weekSeeds * 3 * len(of); first < 9*runs/10 || first > 11*runs/10 {
			t.Errorf("%s: %d alarms in the first three weeks, want one for each of %d runs", name, first, runs)
		}
		if runs := weekSeeds * 4 * len(of); later > runs/20 {
			t.Errorf("%s: %d alarms of %d runs from the fifth week on, want none", name, later, runs)
		}
	}
}

// What is odd at other times in between, several times a week, takes nothing from what waits for its
// day, and is told each time itself.
func TestRecurringWeekly_OddAtOtherTimesToo_KnownAllTheSame(t *testing.T) {
	const n, others = 8, 3
	later, missed := 0, 0
	for seed := range uint64(weekSeeds) {
		r := rand.New(rand.NewPCG(seed, 12))
		jobs := weekly(n, atNight, sunday)
		events := jobs
		for week := range n {
			for range others {
				events = append(events, event{week*weekMinutes + r.IntN(sunday*dayMinutes), 4, 45 + 45*r.Float64()})
			}
		}
		told := play(t, gauge("cpu"), minutes(seed, n, events...))
		for _, e := range jobs[4:] {
			later += e.opened(told)
		}
		for _, e := range events[len(jobs):] {
			missed += b2i(e.opened(told) == 0)
		}
	}
	if later > weekSeeds*4/10 {
		t.Errorf("%d alarms of %d runs from the fifth week on", later, weekSeeds*4)
	}
	if missed > weekSeeds*n*others/20 {
		t.Errorf("%d of %d that came at some time are not told", missed, weekSeeds*n*others)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Oddities at no time in particular are never taken for what recurs, however many weeks
// there are of them.
func TestRecurringWeekly_ByChance_NothingIsKnown(t *testing.T) {
	const n, each = 16, 4
	for seed := range uint64(weekSeeds) {
		r := rand.New(rand.NewPCG(seed, 13))
		var events []event
		for week := range n {
			for range each {
				events = append(events, event{week*weekMinutes + r.IntN(weekMinutes), 4, 45 + 45*r.Float64()})
			}
		}
		if daily, weekly := notTold(t, minutes(seed, n, events...)); daily+weekly > 0 {
			t.Errorf("seed %d: %v are taken for what is daily and %v for what is weekly", seed, daily, weekly)
		}
	}
}

// notTold plays a series and returns how many episodes were not told because they recur.
func notTold(t *testing.T, samples []telemetry.Sample) (daily, weekly float64) {
	t.Helper()
	b := newBank(t)
	slot := b.Register(gauge("cpu"))
	for _, s := range samples {
		b.Observe(slot, s.T, s.V)
	}
	set := metrics.NewSet()
	b.Expose(set)
	got := expose(set)
	return got[`tocsin_detector_episodes_not_told_total{reason="recurs_daily"}`], got[`tocsin_detector_episodes_not_told_total{reason="recurs_weekly"}`]
}

func TestRecurringWeekly_NotTold_CountedApart(t *testing.T) {
	if daily, weekly := notTold(t, minutes(1, 7, weekly(7, atNight, sunday)...)); daily != 0 || weekly != 4 {
		t.Errorf("%v are not told as daily and %v as weekly, want 0 and 4", daily, weekly)
	}
}

// Two Sundays excuse nothing, nor does the same minute of other days, another time of the
// day, or what is much larger or does not end.
func TestRecurringWeekly_OtherThanKnown_Told(t *testing.T) {
	after := func(week, day, minute int) int { return week*weekMinutes + day*dayMinutes + minute }
	six := weekly(6, atNight, sunday)
	for name, c := range map[string]struct {
		before []event
		then   event
		from   int // minutes after its beginning at which it is told
	}{
		"a third Sunday":      {weekly(2, atNight, sunday), event{after(2, sunday, atNight), 4, 45}, 0},
		"another weekday":     {six, event{after(6, 2, atNight), 4, 45}, 0},
		"the day after":       {six, event{after(6, 0, atNight), 4, 45}, 0},
		"another time":        {six, event{after(6, sunday, atNight+90), 4, 45}, 0},
		"five times as large": {six, event{after(6, sunday, atNight), 4, 225}, 0},
		"on the other side":   {six, event{after(6, sunday, atNight), 4, -45}, 0},
		"for hours":           {six, event{after(6, sunday, atNight), 400, 45}, 12},
	} {
		late := 0
		for seed := range uint64(weekSeeds) {
			told := play(t, gauge("cpu"), minutes(seed, 7, append([]event{c.then}, c.before...)...))
			begin := firstMonday + int64(c.then.from)*60_000
			v, ok := openedAfter(told, begin)
			if m := (v.Time - begin) / 60_000; !ok || m < int64(c.from) || c.from == 0 && m > 3 || m > 12+60+3 {
				late++
			}
		}
		if late > 1 {
			t.Errorf("%s: of %d series %d do not tell it in time", name, weekSeeds, late)
		}
	}
}

// What has not come for some weeks is told again.
func TestRecurringWeekly_GoneForFourWeeks_IsForgotten(t *testing.T) {
	forgotten := 0
	for seed := range uint64(weekSeeds) {
		again := event{12*weekMinutes + sunday*dayMinutes + atNight, 4, 45}
		told := play(t, gauge("cpu"), minutes(seed, 13, append(weekly(8, atNight, sunday), again)...))
		forgotten += again.opened(told)
	}
	if forgotten < weekSeeds-1 {
		t.Errorf("of %d jobs that have not run for four weeks %d are told", weekSeeds, forgotten)
	}
}

// A job that is a few minutes early or late, to either side of midnight, is of one day.
func TestRecurringWeekly_AroundMidnight_IsOfOneDay(t *testing.T) {
	later := 0
	for seed := range uint64(weekSeeds) {
		r := rand.New(rand.NewPCG(seed, 14))
		jobs := weekly(9, 0, 0) // Monday, after Sunday
		for i := range jobs {
			jobs[i].from = max(jobs[i].from+r.IntN(9)-4, 0)
		}
		told := play(t, gauge("cpu"), minutes(seed, 9, jobs[1:]...))
		for _, e := range jobs[5:] {
			later += e.opened(told)
		}
	}
	if later > weekSeeds*4/10 {
		t.Errorf("%d alarms of %d runs from the fourth on", later, weekSeeds*4)
	}
}

// The weekday is that of the configured zone, and its clock may be put forward.
func TestRecurringWeekly_ClockPutForward_TheJobIsKnown(t *testing.T) {
	place, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2024, 2, 26, 0, 0, 0, 0, place)    // a Monday, five weeks before
	changed := time.Date(2024, 3, 31, 12, 0, 0, 0, place) // by an hour in the night
	alarms := func(zone string) (n int) {
		for seed := range uint64(weekSeeds) {
			r := rand.New(rand.NewPCG(seed, 15))
			b := newBank(t, func(c *detector.Config) { c.TimeZone = zone })
			slot := b.Register(gauge("cpu"))
			for at := begin; at.Before(begin.AddDate(0, 0, 42)); at = at.Add(time.Minute) {
				x := 20 + 1.5*r.NormFloat64()
				local := at.In(place)
				if local.Weekday() == time.Monday && local.Hour() == 0 && local.Minute() >= 30 && local.Minute() < 34 { // Sunday by UTC
					x += 45
				}
				v, tell := b.Observe(slot, at.UnixMilli(), x)
				if tell && v.Phase == detector.PhaseOpened && at.After(changed) && local.Weekday() == time.Monday && local.Hour() == 0 {
					n++
				}
			}
		}
		return n
	}
	if n := alarms("Europe/Berlin"); n > 0 {
		t.Errorf("%d alarms at the job after the clock was put forward", n)
	}
	if n := alarms("UTC"); n < weekSeeds*9/10 {
		t.Errorf("%d alarms of %d jobs where the clock is not known: the test shows nothing", n, weekSeeds)
	}
}

// The explanation says what is remembered, of which day, and that the score is as ever.
func TestRecurringWeekly_Explanation_NamesTheDay(t *testing.T) {
	samples := minutes(3, 6, weekly(6, atNight, sunday)...)
	at := 5*weekMinutes + sunday*dayMinutes + atNight
	e := explained(t, gauge("cpu"), samples[:at+1])
	r := e.Recurs
	if e.Odd || !e.Excused || e.Score < e.Threshold || !r.Weekly || r.Weekday != time.Sunday || r.Minute != atNight || math.Abs(r.Off-45) > 8 || r.Count < r.Believed {
		t.Errorf("got %+v, odd %v, excused %v, score %v from %v\n%s", r, e.Odd, e.Excused, e.Score, e.Threshold, e)
	}
	if want := e.Normal + r.Times*r.Off; math.Abs(e.Upper-want) > 1e-9*want || e.Value > e.Upper {
		t.Errorf("the band ends at %v, want %v for a value of %v", e.Upper, want, e.Value)
	}
	if s := e.String(); !strings.Contains(s, "recurs each Sunday at about 03:10") || !strings.Contains(s, "for each week with it") || !strings.Contains(s, "not odd") {
		t.Errorf("the text does not say so:\n%s", s)
	}
	saturday, ok := detector.ReplayExplain(detector.DefaultConfig(), 0, gauge("cpu"), samples, samples[at-dayMinutes].T)
	if !ok || saturday.Recurs != (detector.RecurrencePart{}) {
		t.Errorf("something recurs the day before:\n%s", saturday)
	}
}

// A checkpoint in the middle of a week changes nothing.
func TestRecurringWeekly_Checkpoint_SameVerdicts(t *testing.T) {
	samples := minutes(5, 6, weekly(6, atNight, 1, 4)...)
	want := play(t, gauge("cpu"), samples)
	b := newBank(t)
	slot := b.Register(gauge("cpu"))
	var got []detector.Verdict
	for i, s := range samples {
		if i%(weekMinutes/2) == 0 && i > 0 {
			var file bytes.Buffer
			if err := b.Checkpoint(&file); err != nil {
				t.Fatal(err)
			}
			if b = newBank(t); b.Restore(&file) != nil {
				t.Fatal("the checkpoint cannot be read")
			}
		}
		if v, tell := b.Observe(slot, s.T, s.V); tell {
			got = append(got, v)
		}
	}
	if len(got) != len(want) || len(want) < 6 {
		t.Fatalf("got %d verdicts, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i].Time != want[i].Time || got[i].Phase != want[i].Phase || got[i].Score != want[i].Score {
			t.Errorf("verdict %d: got %+v, want %+v", i, got[i], want[i])
		}
	}
}
