package detector_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// silences feeds noise at steps of a minute, leaving out the minutes that rests says, and
// returns the days on which a silence was told. It sweeps each half minute.
func silences(t *testing.T, days int, rests func(minute int) bool) (told []int) {
	t.Helper()
	b, r := newBank(t), noise(5)
	slot := b.Register(gauge("x"))
	for m := range days * dayMinutes {
		if m == days*dayMinutes/2 { // what is known of silences outlives a restart
			var kept bytes.Buffer
			if err := b.Checkpoint(&kept); err != nil {
				t.Fatal(err)
			}
			b = newBank(t)
			if err := b.Restore(&kept); err != nil {
				t.Fatal(err)
			}
			slot = b.Register(gauge("x"))
		}
		at := start + int64(m)*60_000
		if !rests(m) {
			b.Observe(slot, at, 50+r())
		}
		for _, half := range []int64{1, 30_001} {
			b.Sweep(at+half, func(v detector.Verdict) {
				if v.Kind == detector.KindMissing && v.Phase == detector.PhaseOpened {
					told = append(told, m/dayMinutes)
				}
			})
		}
	}
	return told
}

// A host on a link that is lost several times a day, for minutes or an hour, is told about
// as often as the budget says once that is known, and not each time.
func TestSilence_ComesAndGoesAtAnyTime_IsToldAsOftenAsTheBudgetSays(t *testing.T) {
	const days, known = 42, 14
	for _, of := range []struct{ every, lasts float64 }{{120, 10}, {360, 20}, {1440, 60}} {
		r := rand.New(rand.NewPCG(3, 1))
		left, gaps := 0.0, 0
		told := silences(t, days, func(m int) bool {
			if left > 0 {
				left--
				return true
			}
			if r.Float64() < 1/of.every {
				if left = of.lasts * r.ExpFloat64(); m > known*dayMinutes {
					gaps++
				}
			}
			return false
		})
		late := 0
		for _, day := range told {
			if day >= known {
				late++
			}
		}
		if late > 2*(days-known)/7 {
			t.Errorf("once in %v minutes for %v: %d of %d silences told from the third week on, want two a week at most; all: %v", of.every, of.lasts, late, gaps, told)
		}
	}
}

// A silence of an hour is told by what has never rested, and so is the next one two days
// later, and each of those that come once in two weeks.
func TestSilence_SeldomComes_IsToldEachTime(t *testing.T) {
	for name, days := range map[string][]int{"two days later": {5, 7}, "once in two weeks": {5, 19, 33, 47}} {
		told := silences(t, 50, func(m int) bool {
			for _, day := range days {
				if m/dayMinutes == day && m%dayMinutes >= 600 && m%dayMinutes < 660 {
					return true
				}
			}
			return false
		})
		if len(told) != len(days) {
			t.Errorf("%s: told on days %v, want %v", name, told, days)
		}
	}
}
