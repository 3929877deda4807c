package detector_test

import (
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// A level of most of a day, or of a day and a half, that begins at the same minute of each week is told three
// times, when it begins, and then no more; not an hour late either. One that is three times as high is told, and one on another day.
func TestRecurringWeekly_Level_ToldForThreeWeeks(t *testing.T) {
	const n = 8
	for _, c := range []struct {
		lasts, day, minute int
		later              float64 // alarms of a series, at most
	}{{8 * 60, 2, 10 * 60, 0.2}, {6 * 60, 5, 22 * 60, 0.2}, {36 * 60, 5, 6 * 60, 1.2}} { // the last lies on the quarters of a day of the week
		early, missed, other := 0, 0, 0
		for seed := range uint64(weekSeeds) {
			events := weekly(n, c.minute, c.day)
			for i := range events {
				events[i].lasts, events[i].height = c.lasts, 30
			}
			higher := event{events[6].from, 4 * 60, 60} // added to what is there
			elsewhere := event{events[5].from + 3*dayMinutes + 200, 4 * 60, 30}
			told := play(t, gauge("cpu"), minutes(seed, n, append(events, higher, elsewhere)...))
			for i, e := range events {
				for _, v := range told {
					at := int((v.Time-firstMonday)/60_000) - e.from
					if i != 6 && v.Phase == detector.PhaseOpened && at >= 0 && at < c.lasts-30 && v.Value > 35 {
						early += b2i(i < 3 && at < 30)
						other += b2i(i >= 3 || at >= 30)
					}
				}
			}
			for _, e := range []event{higher, elsewhere} {
				e.lasts = 30
				missed += b2i(e.opened(told) == 0)
			}
		}
		if early < 2*weekSeeds || early > 3*weekSeeds+weekSeeds/5 {
			t.Errorf("%d minutes: %d alarms at the first three beginnings of %d series, want three each", c.lasts, early, weekSeeds)
		}
		if float64(other) > c.later*weekSeeds {
			t.Errorf("%d minutes: %d alarms within later ones, or late, of %d series", c.lasts, other, weekSeeds)
		}
		if missed > weekSeeds/10 {
			t.Errorf("%d minutes: %d of %d that are three times as high or on another day are not told at once", c.lasts, missed, 2*weekSeeds)
		}
	}
}

func TestRecurringWeekly_Level_IsExplained(t *testing.T) {
	events := weekly(5, 10*60, 2)
	for i := range events {
		events[i].lasts, events[i].height = 8*60, 30
	}
	e := explained(t, gauge("cpu"), minutes(3, 5, events...)[:events[4].from+3])
	if r := e.Recurs; !r.Level || !r.Weekly || e.Odd || !e.Excused || e.Score < e.Threshold {
		t.Errorf("got %+v, odd %v, excused %v", r, e.Odd, e.Excused)
	}
	if s := e.String(); !strings.Contains(s, "recurs each Wednesday at about 10:00 local time (12 minutes early or late, and as a level that is taken as normal)") {
		t.Errorf("the text does not say so:\n%s", s)
	}
}
