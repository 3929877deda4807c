package detector_test

import (
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
)

// A rate over a window climbs for minutes after a step. The first odd value opens
// the episode; each doubling of the distance is told, so that what people read is
// how bad it was and not how it began.
func TestEpisode_ValueClimbsOn_IsTold(t *testing.T) {
	b, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(labels.FromStrings("__name__", "tocsin:error_rate", "service", "pay"))
	var told []detector.Verdict
	observe := func(i int, v float64) {
		if verdict, tell := b.Observe(slot, int64(i)*15_000+1, v); tell {
			told = append(told, verdict)
		}
	}
	for i := range 600 {
		observe(i, 0.005+0.0003*float64(i*7%5-2))
	}
	if len(told) != 0 {
		t.Fatalf("told of %v before anything happened", told)
	}
	climb := []float64{0.02, 0.06, 0.12, 0.2, 0.28, 0.3, 0.3, 0.3}
	for i, v := range climb {
		observe(600+i, v)
	}
	if len(told) < 3 {
		t.Fatalf("told %d times, want an opening and at least two changes", len(told))
	}
	if told[0].Phase != detector.PhaseOpened {
		t.Errorf("first phase=%s, want opened", told[0].Phase)
	}
	last := told[len(told)-1]
	if last.Phase != detector.PhaseChanged || last.Value < 0.15 {
		t.Errorf("last told=%s at %v, want changed at more than half of the worst value", last.Phase, last.Value)
	}
	if len(told) > 8 {
		t.Errorf("told %d times, want a few", len(told))
	}
}

// Errors that come after weeks without any are told when they begin, and again when they are
// half as many more. They are not told with each sample, whatever the band of zeros was.
func TestEpisode_AfterWeeksOfZeros_IsToldAFewTimes(t *testing.T) {
	b, err := detector.NewBank(detector.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	for name, counter := range map[string]bool{"errors_total": true, "errors": false} {
		slot := b.Register(labels.FromStrings("__name__", name))
		told := map[detector.Phase]int{}
		total, i := 0.0, 0
		observe := func(n int, errors float64) {
			for range n {
				v := errors
				if counter {
					total += errors
					v = total
				}
				if verdict, tell := b.Observe(slot, int64(i)*15_000+1, v); tell {
					told[verdict.Phase]++
				}
				i++
			}
		}
		observe(14*5760, 0)
		observe(40, 3)
		if n := told[detector.PhaseChanged]; told[detector.PhaseOpened] != 1 || n > 3 {
			t.Errorf("%s: told %v of 40 samples that are alike", name, told)
		}
		before := told[detector.PhaseChanged]
		if observe(3, 30); told[detector.PhaseChanged] == before {
			t.Errorf("%s: ten times as many are not told: %v", name, told)
		}
	}
}
