package app_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
)

// Of an episode that was open a detector without a checkpoint knows nothing.
func TestCore_NoCheckpoint_OpenEpisodesAreLost(t *testing.T) {
	for _, level := range []float64{100, 400} { // over, and not
		h := newHouse(t, "").open()
		h.steady(400, 100)
		h.steady(8, 400)
		first := h.anomalies()
		h.close()
		if err := os.Remove(filepath.Join(h.dir, "detector.checkpoint")); err != nil || len(first) != 1 {
			t.Fatalf("got %d anomalies, %v", len(first), err)
		}
		since := h.now
		h.open()
		h.steady(40, level)
		all := h.anomalies()
		if last := all[len(all)-1]; !last.Since.Equal(first[0].Since) || !last.Ended.Equal(since) || last.Condition != incident.ConditionHeld {
			t.Errorf("at %v after it: got %+v, want the episode lost at the start", level, last)
		}
		h.steady(400, 100)
		for _, a := range h.anomalies() {
			if a.Ended.IsZero() {
				t.Errorf("at %v after it: an anomaly is open for ever: %+v", level, a)
			}
		}
		h.close()
	}
}

// The end of an episode that was lost on its way is what the series shows when it is looked
// for; one that goes on is left alone.
func TestCore_VerdictsLost_EpisodesThatAreOverEnd(t *testing.T) {
	h := newHouse(t, "").open()
	h.steady(400, 100)
	h.steady(8, 400)
	if got := h.anomalies(); len(got) != 1 || !got[0].Ended.IsZero() {
		t.Fatalf("got %+v, want one open anomaly", got)
	}
	h.core.LoseVerdicts()
	h.steady(4, 400)
	if got := h.anomalies(); len(got) != 1 || !got[0].Ended.IsZero() {
		t.Errorf("it goes on: got %+v", got)
	}
	for i := range 40 {
		h.now = h.now.Add(15 * time.Second)
		h.write("queue_depth", 0, 100+2*math.Sin(float64(i)*1.7))
	}
	h.core.LoseVerdicts()
	h.step()
	if got := h.anomalies(); len(got) != 1 || !got[0].Ended.Equal(h.now) || got[0].Condition != incident.ConditionCleared {
		t.Errorf("it is over, and that was lost: got %+v", got)
	}
}
