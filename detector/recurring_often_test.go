package detector_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/detector"
)

// eachMinutes gives events each so many minutes, some late, from one day to another.
func eachMinutes(every, from, to, lasts int, late func() int) (out []event) {
	for at := from*dayMinutes + 7; at < to*dayMinutes; at += every {
		out = append(out, event{at + late(), lasts, 45})
	}
	return out
}

func atTheMinute() int { return 0 }

// A job of each hour, or half or sixth of a day, that begins in a series two weeks old is told three times, and
// no more; before, one of each fourth hour was told each second time for ever.
func TestRecurringOften_NewJob_ToldThreeTimes(t *testing.T) {
	const first, n = 14, 3
	for _, c := range []struct{ every, lasts, late int }{{30, 3, 0}, {60, 4, 0}, {60, 14, 4}, {90, 4, 3}, {120, 20, 0}, {180, 4, 8}, {240, 4, 0}, {240, 45, 8}, {360, 60, 8}} {
		told := 0
		for seed := range uint64(weekSeeds) {
			r := rand.New(rand.NewPCG(seed, 17))
			late := atTheMinute
			if c.late > 0 {
				late = func() int { return r.IntN(c.late) }
			}
			jobs := eachMinutes(c.every, first, 7*n, c.lasts, late)
			for _, v := range play(t, gauge("cpu"), minutes(seed, n, jobs...)) {
				if at := int((v.Time-firstMonday)/60_000) - first*dayMinutes; v.Phase == detector.PhaseOpened && at >= 0 && (at-7+c.every)%c.every < c.lasts+c.late {
					told++
				}
			}
		}
		if told < 2*weekSeeds || told > 4*weekSeeds {
			t.Errorf("%d minutes each %d, up to %d late: %d alarms at the job in %d weeks, want three each", c.lasts, c.every, c.late, told, weekSeeds)
		}
	}
}

// What is much larger, comes between two times, does not end, or comes again after days without is told.
func TestRecurringOften_OtherThanKnown_Told(t *testing.T) {
	const n, first, every = 4, 14, 240
	at := 16*dayMinutes + 7 // of a job
	for name, c := range map[string]struct {
		then event
		to   int // day until when the job runs
		from int // minutes after its beginning at which it is told
	}{
		"five times as large": {event{at, 4, 225}, 21, 0},
		"between two times":   {event{at + every/2, 4, 45}, 21, 0},
		"on the other side":   {event{at, 4, -90}, 21, 0},
		"for hours":           {event{at, 300, 45}, 16, 12},
		"after six days":      {event{at + 6*dayMinutes, 4, 45}, 16, 0},
	} {
		late := 0
		for seed := range uint64(weekSeeds) {
			events := append(eachMinutes(every, first, c.to, 4, atTheMinute), c.then)
			begin := firstMonday + int64(c.then.from+c.from)*60_000
			v, ok := openedAfter(play(t, gauge("cpu"), minutes(seed, n, events...)), begin)
			if m := (v.Time - begin) / 60_000; !ok || c.from == 0 && m > 3 || m > 12+60+3 {
				late++
			}
		}
		if late > 1 {
			t.Errorf("%s: of %d series %d do not tell it in time", name, weekSeeds, late)
		}
	}
}

// What comes each hour from nine to five on working days is told three times, and on no Monday again; what
// comes on three hours of a day alone is daily, and told on three days.
func TestRecurringOften_WorkingHours_KnownAfterNightAndWeekend(t *testing.T) {
	const n, first = 5, 14
	for _, c := range []struct {
		hours       int
		least, most int     // alarms of the first week
		within      float64 // alarms of a later one
	}{{8, 2, 4, 0.5}, {3, 6, 12, 0.5}} {
		early, later := 0, 0
		for seed := range uint64(weekSeeds) {
			var jobs []event
			for day := first; day < 7*n; day++ {
				for h := 9; h < 9+c.hours && day%7 < 5; h++ {
					jobs = append(jobs, event{day*dayMinutes + 60*h + 7, 4, 45})
				}
			}
			told := play(t, gauge("cpu"), minutes(seed, n, jobs...))
			for _, e := range jobs {
				if e.from < (first+7)*dayMinutes {
					early += e.opened(told)
				} else {
					later += e.opened(told)
				}
			}
		}
		if early < c.least*weekSeeds || early > c.most*weekSeeds {
			t.Errorf("%d hours: %d alarms in the first week of %d series, want %d to %d each", c.hours, early, weekSeeds, c.least, c.most)
		}
		if weeks := float64(weekSeeds * (n - 3)); float64(later) > c.within*weeks {
			t.Errorf("%d hours: %d alarms at the job in %v weeks after the first, want %v a week at most", c.hours, later, weeks, c.within)
		}
	}
}

func TestRecurringOften_Explanation_NamesTheInterval(t *testing.T) {
	samples := minutes(3, 3, eachMinutes(120, 14, 21, 4, atTheMinute)...)
	at := 17*dayMinutes + 7 + 120
	e := explained(t, gauge("cpu"), samples[:at+1])
	r := e.Recurs
	if e.Odd || !e.Excused || e.Score < e.Threshold || r.Every != 120 || r.Weekly || r.Minute < 4 || r.Minute > 10 || r.Near != 12 || r.Lasts != 30 || r.Count < r.Believed {
		t.Errorf("got %+v, odd %v, excused %v, score %v from %v\n%s", r, e.Odd, e.Excused, e.Score, e.Threshold, e)
	}
	if s := e.String(); !strings.Contains(s, "recurs each 120 minutes, as at about 00:0") || !strings.Contains(s, "for each time with it") || !strings.Contains(s, "not odd") {
		t.Errorf("the text does not say so:\n%s", s)
	}
}

func TestRecurringOften_NotTold_Counted(t *testing.T) {
	b := newBank(t)
	slot := b.Register(gauge("cpu"))
	for _, s := range minutes(3, 3, eachMinutes(240, 14, 16, 4, atTheMinute)...) {
		b.Observe(slot, s.T, s.V)
	}
	set := metrics.NewSet()
	b.Expose(set)
	if got := expose(set)[`tocsin_detector_episodes_not_told_total{reason="recurs_within_a_day"}`]; got != 9 {
		t.Errorf("%v of twelve are not told, want all but the first three", got)
	}
}
