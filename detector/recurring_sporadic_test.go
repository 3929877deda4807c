package detector_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/detector"
)

// atAnyTime gives so many events a day at random times, of about so many minutes and of uneven size, from one
// day to another.
func atAnyTime(seed uint64, perDay float64, from, to, lasts int, spread float64) (out []event) {
	r := rand.New(rand.NewPCG(seed, 18))
	for at := float64(from * dayMinutes); ; {
		at += float64(3*lasts) + r.ExpFloat64()*dayMinutes/perDay
		if at >= float64(to*dayMinutes) {
			return out
		}
		out = append(out, event{int(at), max(1, int(float64(lasts)*(0.8+0.4*r.Float64()))), 45 * math.Exp(spread*r.NormFloat64())})
	}
}

// Spikes at random times, or each so many minutes that no day is a multiple of, are told some times and then no
// more. Before, all of them were, for as long as they came.
func TestRecurringSporadic_SpikesAtAnyTime_ToldForSomeDays(t *testing.T) {
	const first, n, series = 14, 6, 5
	for name, c := range map[string]struct {
		events      func(seed uint64) []event
		early, late float64 // alarms in the first two weeks, at most, and a week after them
	}{
		"five a day":               {func(seed uint64) []event { return atAnyTime(seed, 5, first, 7*n, 5, 0) }, 18, 1},
		"five of uneven size":      {func(seed uint64) []event { return atAnyTime(seed, 5, first, 7*n, 5, 0.5) }, 25, 1.5},
		"three of 40 minutes":      {func(seed uint64) []event { return atAnyTime(seed, 3, first, 7*n, 40, 0) }, 18, 1.5},
		"two a day":                {func(seed uint64) []event { return atAnyTime(seed, 2, first, 7*n, 5, 0) }, 20, 2},
		"each five hours":          {func(uint64) []event { return eachMinutes(300, first, 7*n, 5, atTheMinute) }, 14, 1},
		"each seven hours":         {func(uint64) []event { return eachMinutes(420, first, 7*n, 5, atTheMinute) }, 14, 1},
		"each twenty-five hours":   {func(uint64) []event { return eachMinutes(25*60, first, 7*n, 5, atTheMinute) }, 18, 1.5},
		"each hundred minutes":     {func(uint64) []event { return eachMinutes(100, first, 7*n, 5, atTheMinute) }, 36, 1},
		"none":                     {func(uint64) []event { return nil }, 4, 2},
		"dips":                     {func(seed uint64) []event { return below(atAnyTime(seed, 4, first, 7*n, 5, 0)) }, 18, 1.5},
		"one each second day, all": {func(seed uint64) []event { return eachMinutes(2*dayMinutes+300, first, 7*n, 5, atTheMinute) }, 14, 6},
	} {
		early, later := 0, 0
		for seed := range uint64(series) {
			for _, v := range play(t, gauge("cpu"), minutes(seed, n, c.events(seed)...)) {
				switch week := (v.Time - firstMonday) / 60_000 / (7 * dayMinutes); {
				case v.Phase != detector.PhaseOpened:
				case week >= first/7+2:
					later++
				case week >= first/7:
					early++
				}
			}
		}
		if got := float64(early) / series; got > c.early {
			t.Errorf("%s: %.3g alarms a series in the first two weeks, want %v at most", name, got, c.early)
		}
		if got := float64(later) / series / (n - first/7 - 2); got > c.late {
			t.Errorf("%s: %.3g alarms a week after them, want %v at most", name, got, c.late)
		}
	}
}

// below turns events to the other side.
func below(events []event) []event {
	for i := range events {
		events[i].height *= -0.4
	}
	return events
}

// What comes less often than each second day, what has come on two days alone, what is three times as large,
// does not end, lies on the other side, or comes four times as often as usual is told.
func TestRecurringSporadic_OtherThanKnown_Told(t *testing.T) {
	const n, first = 5, 14
	day, noon := 28, 28*dayMinutes+720
	usual := func(seed uint64, to int) []event { return eachMinutes(420, first, to, 5, atTheMinute) }
	for name, c := range map[string]struct {
		events func(seed uint64) []event
		from   int // minute from which an alarm is wanted
		within int // minutes
	}{
		"three times as large": {func(seed uint64) []event { return append(usual(seed, 7*n), event{noon, 5, 180}) }, noon, 4},
		"other side":           {func(seed uint64) []event { return append(usual(seed, 7*n), event{noon, 5, -90}) }, noon, 4},
		"for hours":            {func(seed uint64) []event { return append(usual(seed, day), event{noon, 400, 45}) }, noon, 60},
		"four times as often": {func(seed uint64) []event {
			return append(usual(seed, day), eachMinutes(85, day, day+1, 5, atTheMinute)...)
		}, 28 * dayMinutes, dayMinutes},
		"after ten days":    {func(seed uint64) []event { return append(usual(seed, day), event{noon + 10*dayMinutes, 5, 45}) }, noon + 10*dayMinutes, 4},
		"on the second day": {func(seed uint64) []event { return eachMinutes(420, first, 7*n, 5, atTheMinute) }, first*dayMinutes + 1440, 720},
	} {
		late := 0
		for seed := range uint64(weekSeeds) {
			begin := firstMonday + int64(c.from)*60_000
			v, ok := openedAfter(play(t, gauge("cpu"), minutes(seed, n+1, c.events(seed)...)), begin)
			if !ok || int((v.Time-begin)/60_000) > c.within {
				late++
			}
		}
		if late > 1 {
			t.Errorf("%s: of %d series %d do not tell it in time", name, weekSeeds, late)
		}
	}
}

func TestRecurringSporadic_Explanation_SaysHowOften(t *testing.T) {
	samples := minutes(3, 4, eachMinutes(420, 14, 28, 5, atTheMinute)...)
	at := 14*dayMinutes + 7 + 20*420
	e := explained(t, gauge("cpu"), samples[:at+1])
	r := e.Recurs
	if e.Odd || !e.Excused || e.Score < e.Threshold || r.Sporadic.Most != 8 && r.Sporadic.Most != 4 || r.Sporadic.Today > 3 || r.Lasts != 15 || r.Count < r.Believed || r.Off < 30 {
		t.Errorf("got %+v, odd %v, excused %v, score %v from %v\n%s", r, e.Odd, e.Excused, e.Score, e.Threshold, e)
	}
	if s := e.String(); !strings.Contains(s, "recurs at any time, ") || !strings.Contains(s, "less 3 for each day") || !strings.Contains(s, "not odd") {
		t.Errorf("the text does not say so:\n%s", s)
	}
}

func TestRecurringSporadic_NotTold_Counted(t *testing.T) {
	b := newBank(t)
	slot := b.Register(gauge("cpu"))
	told := 0
	for _, s := range minutes(3, 4, eachMinutes(420, 14, 28, 5, atTheMinute)...) {
		if v, tell := b.Observe(slot, s.T, s.V); tell && v.Phase == detector.PhaseOpened && s.T >= firstMonday+14*dayMinutes*60_000 {
			told++
		}
	}
	set := metrics.NewSet()
	b.Expose(set)
	if got := expose(set)[`tocsin_detector_episodes_not_told_total{reason="recurs_at_any_time"}`]; got < 34 || told > 14 {
		t.Errorf("of 48 are %v not told, %d alarms, want 34 or more, and 14 at most", got, told)
	}
}
