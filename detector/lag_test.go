package detector_test

import (
	"bytes"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// delayed shows a bank a series of a minute's step whose samples come late by so many
// minutes at a time, sweeps each half minute as the daemon does, and returns the minutes at
// which silences opened. late is -1 for a minute in which nothing comes at all.
func delayed(t *testing.T, minutes int, late func(minute int) int) (opened []int) {
	t.Helper()
	b, r := newBank(t), noise(7)
	slot := b.Register(gauge("x"))
	sent := -1
	for m := range minutes {
		for by := late(m); by >= 0 && sent < m-by; {
			sent++
			b.Observe(slot, monday.UnixMilli()+int64(sent)*60_000, 100+r())
		}
		for _, half := range []int64{0, 30_000} {
			b.Sweep(monday.UnixMilli()+int64(m)*60_000+half+1, func(v detector.Verdict) {
				if v.Kind == detector.KindMissing && v.Phase == detector.PhaseOpened {
					opened = append(opened, m)
				}
			})
		}
	}
	return opened
}

// A sender that is always late misses nothing: its silence is told once at most, and after
// that when it lasts for longer than it is late.
func TestLag_SenderIsAlwaysLate_MissingOnceAndWhenItStops(t *testing.T) {
	const stops = 4 * 1440
	for _, by := range []int{12, 20, 45} {
		opened := delayed(t, stops+240, func(m int) int {
			if m >= stops {
				return -1
			}
			return by
		})
		before := 0
		for _, m := range opened {
			if m < stops {
				before++
			}
		}
		if before > 1 || len(opened) != before+1 || opened[before] > stops+by+30 {
			t.Errorf("%d minutes late: told at %v, want once at most before it stops at %d, and soon after", by, opened, stops)
		}
	}
}

// A backlog that comes after an outage is as late as the outage was long. A day later
// silences are told as soon as ever.
func TestLag_BacklogAfterAnOutage_IsForgotten(t *testing.T) {
	const outage, stops = 3 * 1440, 4 * 1440
	after := func(length int) int {
		opened := delayed(t, stops+120, func(m int) int {
			if m >= stops || m >= outage && m < outage+length {
				return -1
			}
			return 0
		})
		for _, m := range opened {
			if m >= stops {
				return m - stops
			}
		}
		t.Fatalf("an outage of %d minutes: the end at %d is not told: %v", length, stops, opened)
		return 0
	}
	if never, once := after(0), after(90); once != never {
		t.Errorf("told after %d minutes, after %d where there was an outage a day before", never, once)
	}
}

// The lag outlives a checkpoint.
func TestLag_Checkpoint_Kept(t *testing.T) {
	b, r := newBank(t), noise(7)
	slot := b.Register(gauge("x"))
	told, begin := 0, monday.UnixMilli()
	for m := int64(0); m < 3*1440; m++ {
		b.Observe(slot, begin+(m-20)*60_000, 100+r())
		if m == 2*1440 {
			var file bytes.Buffer
			if err := b.Checkpoint(&file); err != nil {
				t.Fatal(err)
			}
			if b = newBank(t); b.Restore(&file) != nil {
				t.Fatal("the checkpoint cannot be read")
			}
			slot = b.Register(gauge("x"))
			if told != 1 {
				t.Fatalf("told %d times in two days, want once", told)
			}
		}
		b.Sweep(begin+m*60_000+1, func(v detector.Verdict) {
			if v.Phase == detector.PhaseOpened {
				told++
			}
		})
	}
	if told != 1 {
		t.Errorf("told %d times in three days with a checkpoint in between, want once", told)
	}
}
