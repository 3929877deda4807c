package detector_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// A value that stays the same is told once, for however long it does: what is alike
// becomes rarer by the hour, and was told up to thirty times a week. When it has changed
// again for a while, the next such run is another.
func TestFlatline_GoesOn_IsToldOnce(t *testing.T) {
	const step, day = 60, 86400
	for seed := range uint64(3) {
		b := newBank(t)
		slot, rnd, x := b.Register(gauge("last_change_timestamp_seconds")), rand.New(rand.NewPCG(seed, 80)), 0.0
		told := map[bool]int{}
		for i := range 44 * day / step {
			at := int64(i) * step
			flat := at >= 14*day && at < 24*day || at >= 38*day
			if !flat && rnd.IntN(20) == 0 {
				x = 1.7e9 + float64(at)
			}
			if at == 24*day-step {
				e, ok := b.Explain(slot, start+1000*at, x)
				if i := slices.IndexFunc(e.Evidence, func(v detector.Evidence) bool { return v.Channel == "still" }); !ok || i < 0 || e.Evidence[i].Silent != "the run was told by an episode that is over" {
					t.Errorf("series %d: explained by %+v, want that the run was told", seed, e.Evidence)
				}
			}
			v, news := b.Observe(slot, start+1000*at, x)
			if news && v.Phase == detector.PhaseOpened && flat {
				if v.Kind != detector.KindFlatline {
					t.Errorf("series %d: opened as %v", seed, v.Kind)
				}
				told[at >= 38*day]++
			}
		}
		if told[false] != 1 || told[true] != 1 {
			t.Errorf("series %d: the first run is told %d times and the second %d, want each once", seed, told[false], told[true])
		}
	}
}
