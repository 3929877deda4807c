package rerun

import (
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/report/capture"
)

func TestSettled(t *testing.T) {
	from := time.Date(2026, 3, 3, 10, 0, 0, 0, time.UTC)
	out := func(opened, resolved time.Duration) capture.Outcome {
		o := capture.Outcome{Service: "pay", Onset: from.Add(opened), Opened: from.Add(opened)}
		if resolved > 0 {
			o.Resolved = from.Add(resolved)
		}
		return o
	}
	h := capture.Head{From: from, Recorded: []capture.Outcome{out(2*time.Hour, 3*time.Hour)}}
	for name, tt := range map[string]struct {
		replayed capture.Outcome
		begun    int
	}{
		"of the beginning":   {out(time.Second, 2*time.Minute), 1},
		"still open":         {out(time.Second, 0), 0},
		"until the recorded": {out(time.Second, 2*time.Hour), 0},
		"later":              {out(6*time.Minute, 8*time.Minute), 0},
		"the recorded one":   {out(2*time.Hour, 3*time.Hour), 0},
	} {
		compared, begun := settled([]capture.Outcome{tt.replayed}, h)
		if begun != tt.begun || len(compared) != 1-tt.begun {
			t.Errorf("%s: %d compared, %d not", name, len(compared), begun)
		}
	}
	h.Recorded = []capture.Outcome{out(time.Second, 2*time.Minute)}
	if _, begun := settled(h.Recorded, h); begun != 0 {
		t.Error("what was recorded in the first minutes is compared")
	}
}
