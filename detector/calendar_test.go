package detector_test

import (
	"math"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// monday is a midnight in UTC before five weeks without a change of any clock.
var monday = time.Date(2024, 1, 8, 0, 0, 0, 0, time.UTC)

// clocked makes samples from a time until another, a step apart, of the time at
// each on the clock of its location.
func clocked(from, to time.Time, step time.Duration, f func(at time.Time) float64) []telemetry.Sample {
	var out []telemetry.Sample
	for at := from; at.Before(to); at = at.Add(step) {
		out = append(out, telemetry.Sample{T: at.UnixMilli(), V: f(at)})
	}
	return out
}

// opened counts the episodes that open from one time until another.
func opened(told []detector.Verdict, from, to time.Time) (n int) {
	for _, v := range told {
		if v.Phase == detector.PhaseOpened && v.Time >= from.UnixMilli() && v.Time < to.UnixMilli() {
			n++
		}
	}
	return n
}

func weekend(at time.Time) bool { return at.Weekday() == time.Saturday || at.Weekday() == time.Sunday }

// working is a level that is high from nine to eighteen o'clock.
func working(at time.Time) float64 {
	if at.Hour() >= 9 && at.Hour() < 18 {
		return 300
	}
	return 100
}

// office is a day that is full of work from Monday to Friday only.
func office(at time.Time, empty bool) float64 {
	if empty {
		return 20
	}
	return 20 + 60*math.Pow(math.Sin((float64(at.Hour())+float64(at.Minute())/60)*math.Pi/24), 2)
}

func TestWeek_SixthSaturday_AlarmsIfLikeAWeekdayAndSeldomElse(t *testing.T) {
	const seeds = 40
	saturday := monday.AddDate(0, 0, 5*7+5)
	found := map[bool]int{}
	for _, busy := range []bool{false, true} {
		for seed := range uint64(seeds) {
			r := noise(60 + seed)
			told := play(t, gauge("x"), clocked(monday, saturday.AddDate(0, 0, 1), 5*time.Minute, func(at time.Time) float64 {
				return office(at, weekend(at) && !(busy && !at.Before(saturday))) + r()
			}))
			if opened(told, saturday, saturday.AddDate(0, 0, 1)) > 0 {
				found[busy]++
			}
		}
	}
	if found[true] < seeds*3/4 || found[false] > seeds/4 {
		t.Errorf("alarms on %d of %d Saturdays that are like a weekday, want %d, and on %d of those that are not, want at most %d", found[true], seeds, seeds*3/4, found[false], seeds/4)
	}
}

// A level that falls at midnight for two days is the week's from the fourth one on: neither
// its beginning nor its end is told.
func TestWeek_LevelFallsForTheWeekend_EdgesAreQuietFromTheFourth(t *testing.T) {
	const seeds, weeks = 20, 8
	for _, step := range []time.Duration{5 * time.Minute, 15 * time.Minute} {
		edges := 0
		for seed := range uint64(seeds) {
			r := noise(65 + seed)
			told := play(t, gauge("x"), clocked(monday, monday.AddDate(0, 0, 7*weeks), step, func(at time.Time) float64 {
				if weekend(at) {
					return 30 + 3*r()
				}
				return 100 + 3*r()
			}))
			for week := 3; week < weeks; week++ {
				for _, day := range []int{5, 7} {
					edge := monday.AddDate(0, 0, 7*week+day)
					edges += opened(told, edge.Add(-time.Hour), edge.Add(3*time.Hour))
				}
			}
		}
		if edges > seeds*weeks/8 {
			t.Errorf("at %s: %d alarms at the edges of %d weekends, want at most %d", step, edges, seeds*(weeks-3), seeds*weeks/8)
		}
	}
}

func TestHour_CronJobOnTheHour_AlarmsOnlyAtAnotherMinute(t *testing.T) {
	r := noise(61)
	end := monday.AddDate(0, 0, 7)
	wrong := end.Add(90 * time.Minute)
	told := play(t, gauge("x"), clocked(monday, end.Add(3*time.Hour), time.Minute, func(at time.Time) float64 {
		x := 20 + r()
		if at.Minute() < 5 || !at.Before(wrong) && at.Before(wrong.Add(5*time.Minute)) {
			x += 30
		}
		return x
	}))
	if got := opened(told, monday.AddDate(0, 0, 4), wrong); got != 0 {
		t.Errorf("got %d alarms in days of the usual job, want none", got)
	}
	if got := opened(told, wrong, wrong.Add(5*time.Minute)); got != 1 {
		t.Errorf("got %d alarms by a job at half past, want 1", got)
	}
}

func TestDay_SharpEdges_AlarmOnlyWhenTheMorningIsMissing(t *testing.T) {
	const seeds = 20
	last := monday.AddDate(0, 0, 14)
	found, ordinary := 0, 0
	for seed := range uint64(seeds) {
		r := noise(62 + seed)
		told := play(t, gauge("x"), clocked(monday, last.Add(12*time.Hour), 5*time.Minute, func(at time.Time) float64 {
			if !at.Before(last) {
				return 100 + 3*r()
			}
			return 100 + (working(at)-100)/5 + 3*r()
		}))
		ordinary += opened(told, monday.AddDate(0, 0, 3), last.Add(9*time.Hour))
		if opened(told, last.Add(9*time.Hour), last.Add(11*time.Hour)) > 0 {
			found++
		}
	}
	if ordinary > 7 { // a quarter of the budget: noise, and none of it at an edge
		t.Errorf("got %d alarms on %d ordinary days, want at most 7", ordinary, 11*seeds)
	}
	if found < seeds-1 {
		t.Errorf("alarms within two hours in %d of %d mornings that do not begin, want all but one", found, seeds)
	}
}

// Days follow the clock of the zone, whichever way it is put, and are odd by one
// that is not.
func TestTimeZone_ClockPutForwardOrBack_NextDaysAreQuiet(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skipf("no time zone data here: %v", err)
	}
	for way, change := range map[string]time.Time{
		"forward": time.Date(2024, 3, 31, 0, 0, 0, 0, berlin),
		"back":    time.Date(2024, 10, 27, 0, 0, 0, 0, berlin),
	} {
		alarms := map[string]int{}
		for _, zone := range []string{"UTC", "Europe/Berlin"} {
			r := noise(63)
			c := detector.DefaultConfig()
			c.TimeZone = zone
			detector.Replay(c, gauge("x"), clocked(change.AddDate(0, 0, -14), change.AddDate(0, 0, 3), 5*time.Minute, func(at time.Time) float64 {
				return working(at) + 3*r()
			}), func(v detector.Verdict) {
				alarms[zone] += opened([]detector.Verdict{v}, change, change.AddDate(0, 0, 3))
			})
		}
		if alarms["Europe/Berlin"] != 0 || alarms["UTC"] == 0 {
			t.Errorf("%s: got %v alarms in three days after the change, want none by the clock there and some by UTC", way, alarms)
		}
	}
}

func TestScale_AnySize_SameScores(t *testing.T) {
	r := noise(64)
	plain := clocked(monday, monday.AddDate(0, 0, 8), 10*time.Minute, func(at time.Time) float64 {
		x := working(at)/10 + r() + 5*math.Sin(float64(at.Minute()))
		if at.Hour() == 3 && at.YearDay()%3 == 0 {
			x += 40
		}
		return x
	})
	scores := func(size float64) (out []float64, odd int) {
		scaled := make([]telemetry.Sample, len(plain))
		for i, s := range plain {
			scaled[i] = telemetry.Sample{T: s.T, V: s.V * size}
		}
		// The share stands still: by it a sample is plainly ordinary or weighed, and for
		// one that is at the edge of both rounding decides, which is not of interest here.
		detector.ReplayShare(detector.DefaultConfig(), 0, gauge("x"), scaled, func(v detector.Verdict) {
			out = append(out, v.Score)
			if v.Phase == detector.PhaseOpened {
				odd++
			}
		})
		return out, odd
	}
	want, odd := scores(1)
	if odd == 0 {
		t.Fatal("no episode opened: the comparison shows nothing")
	}
	for _, size := range []float64{1000, 1 << 20, 1e-9, 1e12, 1e-25} {
		got, _ := scores(size)
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-3 {
				t.Errorf("size %g, sample %d: got score %v, want %v", size, i, got[i], want[i])
				break
			}
		}
	}
}
