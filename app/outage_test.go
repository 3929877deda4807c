package app_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules/journal"
)

// gap wants a gap to be noted.
func (h *house) gap(reason string, from time.Time) {
	h.t.Helper()
	gaps, err := h.core.Gaps(h.t.Context(), monday, 1000)
	if err != nil || !slices.ContainsFunc(gaps, func(g journal.Gap) bool { return g.Reason == reason && g.From.Equal(from) }) {
		h.t.Errorf("got %v, %v, want one that is %s from %v on", gaps, err, reason, from)
	}
}

// A machine that sleeps has no monotonic clock meanwhile, so that times are compared by
// the wall clock: only with that is a suspension seen, and its silence nobody's fault.
func TestCore_Beat_GoesByTheWallClock(t *testing.T) {
	h := newHouse(t, "").open()
	now := time.Now() // has both clocks
	if now == now.Round(0) {
		t.Fatal("want a time with a monotonic clock")
	}
	if err := h.core.Beat(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if got := h.core.LastBeatForTest(); !got.Equal(now) || got != got.Round(0) {
		t.Errorf("got %v, want %v by the wall clock alone", got, now)
	}
}

func TestCore_Suspended_GapIsNotedAndNothingIsMissing(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	from := h.now
	h.now = h.now.Add(5 * time.Hour)
	h.step()
	h.steady(8, 100)
	if got := h.anomalies(); len(got) != 0 {
		t.Errorf("got %+v, want no silence of a series that could not be seen", got)
	}
	h.gap(journal.GapSuspended, from)
}

// A clock that is put back notes that the daemon is alive all the same: a crash after it is
// seen for what it is at the next start.
func TestCore_ClockPutBackAndKilled_GapOfTheKillIsNoted(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(40, 100)
	h.now = h.now.Add(-5 * time.Minute)
	h.step()
	killed := h.now
	h = h.killed(false)
	h.now = h.now.Add(3 * time.Minute) // before the clock of the first steps
	h.open().step()
	h.gap(journal.GapDown, killed)
}
