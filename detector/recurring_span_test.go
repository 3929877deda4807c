package detector_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// daily gives an event of each day from one to another, for so many minutes, or about as many.
func daily(from, to, minute, lasts int, about func() float64) (out []event) {
	for day := from; day < to; day++ {
		out = append(out, event{day*dayMinutes + minute, int(math.Round(float64(lasts) * about())), 45})
	}
	return out
}

func exactly() float64 { return 1 }

// A daily job of half an hour to five hours, that begins in a series two weeks old, is told on three
// days as a short one is, and then no more, also where it takes now longer and now shorter.
func TestRecurring_LongJob_ToldForThreeDays(t *testing.T) {
	const series, first, n = 8, 14, 5
	for _, c := range []struct {
		lasts       int
		spread      float64
		told, later float64 // alarms of the first week, and of each of the two after, at most
	}{
		{30, 0, 5, 0.3}, {45, 0.25, 6, 0.8}, {90, 0, 5, 0.3}, {120, 0.25, 6, 0.8}, {300, 0, 5, 0.3},
	} {
		told, later := 0, 0
		for seed := range uint64(series) {
			r := rand.New(rand.NewPCG(seed, 16))
			jobs := daily(first, 7*n, 60*(3+2*int(seed)), c.lasts, func() float64 { return math.Exp(c.spread * r.NormFloat64()) })
			for _, v := range play(t, gauge("cpu"), minutes(seed, n, jobs...)) {
				if at := int((v.Time - firstMonday) / 60_000); v.Phase != detector.PhaseOpened {
					continue
				} else if i := at/dayMinutes - first; i >= 7 && at >= jobs[i].from && at < jobs[i].from+2*jobs[i].lasts {
					later++
				} else if i >= 0 && i < 7 {
					told++
				}
			}
		}
		if told < 2*series || float64(told) > c.told*series {
			t.Errorf("%d minutes, varying by %v: %d alarms in the first week of %d series, want three each, %v at most", c.lasts, c.spread, told, series, c.told)
		}
		if float64(later) > c.later*2*series {
			t.Errorf("%d minutes, varying by %v: %d alarms at the job in %d weeks after the first, want %v a week at most", c.lasts, c.spread, later, 2*series, c.later)
		}
	}
}

// What goes on for much longer than ever before is told soon after it should be over, also a week after one
// that hung.
func TestRecurring_LongJobHangs_ToldWhenItShouldBeOver(t *testing.T) {
	const n, at = 5, 10 * 60
	for _, lasts := range []int{3, 40, 85} {
		late := 0
		for seed := range uint64(weekSeeds) {
			jobs := daily(14, 7*n, at, lasts, exactly)
			for _, day := range []int{25, 32} {
				jobs[day-14].lasts = 6 * 60
			}
			told := play(t, gauge("cpu"), minutes(seed, n, jobs...))
			for _, day := range []int{25, 32} {
				v, ok := openedAfter(told, firstMonday+int64(day*dayMinutes+at)*60_000)
				m := int((v.Time-firstMonday)/60_000) - day*dayMinutes - at
				late += b2i(!ok || m < lasts || m > 2*lasts+60)
			}
		}
		if late > weekSeeds/10 {
			t.Errorf("%d minutes: of %d that hang %d are not told in time", lasts, 2*weekSeeds, late)
		}
	}
}

// What comes on its own, soon after a daily job is over, is no part of it: it is told, and the job is not
// taken for a longer one.
func TestRecurring_OddAfterTheJob_ToldEachTime(t *testing.T) {
	const n, at = 5, 10 * 60
	for _, lasts := range []int{3, 40} {
		missed, late := 0, 0
		for seed := range uint64(weekSeeds) {
			jobs := daily(14, 7*n, at, lasts, exactly)
			events := jobs
			for _, day := range []int{22, 24, 26, 28, 30} { // each at another time, within hours of the job
				events = append(events, event{day*dayMinutes + at + lasts + 60 + 15*(day-22), 10, 45})
			}
			jobs[34-14].lasts = 5 * 60
			told := play(t, gauge("cpu"), minutes(seed, n, events...))
			for _, e := range events[len(jobs):] {
				missed += b2i(e.opened(told) == 0)
			}
			v, ok := openedAfter(told, firstMonday+int64(34*dayMinutes+at)*60_000)
			m := int((v.Time-firstMonday)/60_000) - 34*dayMinutes - at
			late += b2i(!ok || m > lasts+60)
		}
		if missed > weekSeeds/10 {
			t.Errorf("%d minutes: %d of %d after the job are not told", lasts, missed, 5*weekSeeds)
		}
		if late > weekSeeds/10 {
			t.Errorf("%d minutes: %d of %d that hang are told late", lasts, late, weekSeeds)
		}
	}
}

// The explanation says for how long it may go on, and a checkpoint keeps that.
func TestRecurring_LongJob_ExplanationSaysHowLong(t *testing.T) {
	samples := minutes(3, 4, daily(14, 28, 10*60, 85, exactly)...)
	at := 24*dayMinutes + 11*60
	e := explained(t, gauge("cpu"), samples[:at+1])
	if r := e.Recurs; r.Lasts != 90 || e.Odd || e.Value > e.Upper {
		t.Errorf("an hour after it began: %+v, odd %v, %v above %v", r, e.Odd, e.Value, e.Upper)
	}
	if s := e.String(); !strings.Contains(s, "90 more once it has begun") {
		t.Errorf("the text does not say so:\n%s", s)
	}
	b := newBank(t)
	slot := b.Register(gauge("cpu"))
	opened := 0
	for i, s := range samples {
		if i%(9*60) == 0 && i > 0 {
			var file bytes.Buffer
			if err := b.Checkpoint(&file); err != nil {
				t.Fatal(err)
			}
			if b = newBank(t); b.Restore(&file) != nil {
				t.Fatal("the checkpoint cannot be read")
			}
		}
		if v, tell := b.Observe(slot, s.T, s.V); tell && v.Phase == detector.PhaseOpened && i >= 14*dayMinutes {
			opened++
		}
	}
	if opened < 3 || opened > 5 {
		t.Errorf("%d alarms with a checkpoint each nine hours, want three", opened)
	}
}
