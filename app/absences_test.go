package app_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// What is replayed has the episodes that the daemon told: a silence ends one, unless the
// daemon was not there to see it, also where that was before its last start.
func TestCore_Explain_GapWithinAnEpisode_EpisodeIsThatOfTheDaemon(t *testing.T) {
	for name, gap := range map[string]func(h *house){
		"silent": func(h *house) {
			for range 40 {
				h.now = h.now.Add(15 * time.Second)
				h.step()
			}
		},
		"not running": func(h *house) {
			h.close()
			h.now = h.now.Add(10 * time.Minute)
			h.open()
		},
	} {
		h := newHouse(t, "").open()
		h.steady(400, 100)
		h.steady(8, 400)
		slot := h.core.BankForTest().Lookup(labels.FromStrings("__name__", "queue_depth", "service", "pay"))
		before, _ := h.core.BankForTest().Last(slot)
		gap(h)
		h.steady(8, 400)
		h.close()
		h.open()
		live, _ := h.core.BankForTest().Last(slot)
		if anew := live.Since > before.Since; anew != (name == "silent") {
			t.Fatalf("%s: before it got %+v, after it %+v", name, before, live)
		}
		e, err := h.core.Explain(t.Context(), `queue_depth{service="pay"}`, h.now)
		if since := time.UnixMilli(live.Since).UTC().Format(time.RFC3339); err != nil || !strings.Contains(e.Text, "since "+since) {
			t.Errorf("%s: %v, want an episode since %s, got\n%s", name, err, since, e.Text)
		}
		h.close()
	}
}

// A detector that learns anew from the store knows of the silences that were told, as many
// as make a series less willing to alarm, of what is stored and of what is derived from it.
func TestCore_NoCheckpoint_SilencesAreThoseOfTheDaemon(t *testing.T) {
	s := newShop(t)
	s.open()
	both := func(scrapes int) {
		for range scrapes {
			s.serve(1, 400, 0)
			s.write("queue_depth", 0, 100+2*math.Sin(float64(s.total)*1.7))
			s.step()
		}
	}
	both(200)
	for range 5 {
		both(30)
		for range 60 {
			s.now = s.now.Add(30 * time.Second)
			s.step()
		}
	}
	both(8)
	habits := func() map[string]float64 {
		out := map[string]float64{}
		for _, slot := range s.core.BankForTest().Slots() {
			if e, _ := s.core.BankForTest().Explain(slot, s.now.Add(15*time.Second).UnixMilli(), 500); e.Habit > 0 {
				out[s.core.BankForTest().Labels(slot).String()] = e.Habit
			}
		}
		return out
	}
	want := habits()
	if len(want) < 3 {
		t.Fatalf("got %v, want a habit of the level and of a quantile of each histogram", want)
	}
	s.close()
	if err := os.Remove(filepath.Join(s.dir, "detector.checkpoint")); err != nil {
		t.Fatal(err)
	}
	s.open()
	got := habits()
	for name, x := range want {
		if math.Abs(got[name]-x) > 0.05*x { // sweeps were not at the same seconds
			t.Errorf("%s: got %v, want %v", name, got[name], x)
		}
	}
}
