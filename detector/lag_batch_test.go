package detector_test

import (
	"math"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
)

// sweeps are as far apart as those of the daemon.
const sweepApart = 15

// batches shows a bank the samples of a gauge, 15 s apart, that come in batches once in so
// many seconds, the first batch at so many seconds past the hour; sweeps in between; and returns
// the seconds at which silences opened. Batches from stop seconds on do not come.
func batches(t *testing.T, every, past, seconds, stop int) (opened []int) {
	t.Helper()
	b, r := newBank(t), noise(7)
	slot := b.Register(gauge("x"))
	sent := 0
	for at := 0; at < seconds; at += sweepApart {
		if at%every == past%every && at < stop {
			for ; sent <= at; sent += 15 {
				b.Observe(slot, monday.UnixMilli()+int64(sent)*1000, 100+r())
			}
		}
		b.Sweep(monday.Add(time.Duration(at)*time.Second).UnixMilli()+1, func(v detector.Verdict) {
			if v.Kind == detector.KindMissing && v.Phase == detector.PhaseOpened {
				opened = append(opened, at)
			}
		})
	}
	return opened
}

// A sender of batches misses nothing, at whatever time within the hour they come. That it
// sends no more is told within two and a half of its times.
func TestLag_SenderOfBatches_MissingAtFirstAndWhenItStops(t *testing.T) {
	const day = 86400
	for _, tt := range []struct{ every, most int }{{120, 1}, {300, 2}, {900, 2}, {3600, 2}, {2 * 3600, 2}, {4 * 3600, 3}} {
		for _, past := range []int{0, 15, tt.every / 4, tt.every - 30} {
			stop := 6*day + tt.every/2
			opened := batches(t, tt.every, past, 7*day+day/2, stop)
			before := 0
			for _, at := range opened {
				if at < stop {
					before++
				}
			}
			if before > tt.most || len(opened) == before || opened[before] > stop+5*tt.every/2 {
				t.Errorf("batches each %d s from %d s past the hour on: told at %v, want %d times at most before %d s, and soon after",
					tt.every, past, opened, tt.most, stop)
			}
		}
	}
}

// That a sender has sent batches is forgotten once it does not any more.
func TestLag_BatchesAreOver_SilencesAreToldAsEver(t *testing.T) {
	after := func(batched bool) int64 {
		b, r := newBank(t), noise(7)
		slot := b.Register(gauge("x"))
		const over, stop = 86400, 3 * 86400
		sent := 0
		for at := 0; ; at += sweepApart {
			if at < stop && (!batched || at >= over || at%3600 == 0) {
				for ; sent <= at; sent += 15 {
					b.Observe(slot, monday.UnixMilli()+int64(sent)*1000, 100+r())
				}
			}
			now, told := monday.UnixMilli()+int64(at)*1000+1, false
			b.Sweep(now, func(v detector.Verdict) { told = told || v.Phase == detector.PhaseOpened })
			if told && at >= stop {
				return now - (monday.UnixMilli() + stop*1000)
			}
			if at > stop+86400 {
				return math.MaxInt64
			}
		}
	}
	if never, once := after(false), after(true); once != never {
		t.Errorf("told after %d ms, after %d where batches came on the first of three days", never, once)
	}
}

// What senders had to keep while the daemon was away does not make them late.
func TestLag_BacklogOfADaemonThatWasAway_NobodyIsLate(t *testing.T) {
	after := func(away int) (told int) {
		b, r := newBank(t), noise(7)
		slot := b.Register(gauge("x"))
		const down, stop = 86400, 86400 + 9*3600
		if away > 0 {
			b.Away(monday.UnixMilli()+down*1000, monday.UnixMilli()+int64(down+away)*1000)
		}
		sent := 0
		for at := 0; at < stop+86400; at += sweepApart {
			if away > 0 && at >= down && at < down+away {
				continue
			}
			// The backlog comes some minutes after the start.
			if at < stop && (at < down || at >= down+away+600) {
				for ; sent <= at; sent += 15 {
					b.Observe(slot, monday.UnixMilli()+int64(sent)*1000, 100+r())
				}
			}
			b.Sweep(monday.UnixMilli()+int64(at)*1000+1, func(v detector.Verdict) {
				if v.Kind == detector.KindMissing && v.Phase == detector.PhaseOpened && told == 0 && at >= stop {
					told = at - stop
				}
			})
		}
		return told
	}
	if got := after(8 * 3600); got == 0 || got > 600 {
		t.Errorf("silence told %d s after it began, want at most 600, as without an absence of 8 hours before: %d", got, after(0))
	}
}

// A history that is learned says nothing of how late samples come: what is known of that stays.
func TestLag_HistoryIsAdopted_StaysKnown(t *testing.T) {
	b, beside, r := newBank(t), newBank(t), noise(7)
	slot, at := b.Register(gauge("x")), beside.Register(gauge("x"))
	told, sent := 0, 0
	for now := 0; now < 2*86400; now += sweepApart {
		if now%3600 == 0 {
			for ; sent <= now; sent += 15 {
				b.Observe(slot, monday.UnixMilli()+int64(sent)*1000, 100+r())
			}
		}
		if now == 86400 {
			for i := -86400; i < sent; i += 15 {
				beside.Observe(at, monday.UnixMilli()+int64(i)*1000, 100+r())
			}
			if _, _, done := b.Adopt(slot, beside, at); !done {
				t.Fatal("the history is not adopted")
			}
			if told == 0 {
				t.Fatal("batches were never told as missing, so nothing is known")
			}
			told = 0
		}
		b.Sweep(monday.UnixMilli()+int64(now)*1000+1, func(v detector.Verdict) {
			if v.Kind == detector.KindMissing && v.Phase == detector.PhaseOpened {
				told++
			}
		})
	}
	if told != 0 {
		t.Errorf("told %d times on the day after a history was adopted, want never", told)
	}
}
