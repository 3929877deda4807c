package detector

import (
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// bankOfOne returns a bank that watches one gauge, and its state.
func bankOfOne(t *testing.T) (*Bank, Slot, *series) {
	t.Helper()
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(labels.FromStrings("__name__", "x"))
	return b, slot, &b.series.at(0).series[slot.place()]
}

// Gaps of all lengths in a row are what chance does to a series that is sent where there is
// traffic: its step stays. Gaps that chance does not make are another step.
func TestLearnStep_GapsInARow_AreAStepOnlyWhereNoChance(t *testing.T) {
	for _, tt := range []struct {
		name string
		gap  func(r *rand.Rand) int64 // minutes until the next sample at night
		want float32
	}{
		{"one minute in ten has traffic", func(r *rand.Rand) int64 {
			n := int64(1)
			for r.IntN(10) != 0 {
				n++
			}
			return n
		}, 60},
		{"each four minutes", func(*rand.Rand) int64 { return 4 }, 240},
	} {
		b, slot, s := bankOfOne(t)
		r := rand.New(rand.NewPCG(1, 2))
		at := int64(1_800_000_000_000)
		for i := range 2000 {
			if at += 60_000; i >= 1440 {
				at += (tt.gap(r) - 1) * 60_000
			}
			b.Observe(slot, at, 100+r.NormFloat64())
			if i > 1600 && (s.Step < tt.want*.9 || s.Step > tt.want*1.1) {
				t.Fatalf("%s: the step is %v s after %d samples of the night, want %v", tt.name, s.Step, i-1440, tt.want)
			}
		}
	}
}

// A sender that has another pace from now on is known to within some dozens of samples,
// however much slower it is, and no longer as one that misses nearly all.
func TestLearnStep_SlowerByAnyFactor_IsBelieved(t *testing.T) {
	for _, tt := range []struct{ from, to, within int64 }{{15, 60, 70}, {15, 120, 70}, {15, 300, 40}, {15, 600, 30}, {60, 600, 60}, {60, 3600, 20}, {15, 3600, 20}} {
		b, slot, s := bankOfOne(t)
		r := rand.New(rand.NewPCG(1, 2))
		at := int64(1_800_000_000_000)
		for range 3000 {
			at += tt.from * 1000
			b.Observe(slot, at+r.Int64N(200), 100+r.NormFloat64())
		}
		n := int64(0)
		for ; s.Step < .9*float32(tt.to) && n < 400; n++ {
			at += tt.to * 1000
			b.Observe(slot, at+r.Int64N(200), 100+r.NormFloat64())
		}
		if n > tt.within {
			t.Errorf("from %d s to %d s: believed after %d samples, want within %d", tt.from, tt.to, n, tt.within)
		}
		t.Logf("from %d s to %d s: %d samples, share of gaps %.2f", tt.from, tt.to, n, s.GapShare)
	}
}
