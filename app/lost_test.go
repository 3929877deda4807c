package app_test

import (
	"os"
	"path/filepath"
	"testing"

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
