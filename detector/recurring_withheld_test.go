package detector_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/detector"
)

// isDip reports whether kind, side and band of a verdict say that the value lies below.
func isDip(v detector.Verdict) bool {
	return v.Kind == detector.KindDip && v.Value < v.Lower && v.Lower <= v.Expected && v.Expected <= v.Upper && v.Side < 0
}

// A job that is known lets the load rise, and is told to nobody. That all is gone a while
// after it began is a dip, and not the spike that began it.
func TestRecurring_FallsWhileExcused_IsToldAsADip(t *testing.T) {
	const n, at, day = 4, 10 * 60, 25
	for seed := range uint64(6) {
		jobs := daily(14, 7*n, at, 90, exactly)
		begin := day*dayMinutes + at
		jobs[day-14].lasts = 45
		samples := minutes(seed, n, jobs...)
		for i := begin + 45; i < begin+90; i++ {
			samples[i].V = 0
		}
		v, ok := openedAfter(play(t, gauge("cpu"), samples), firstMonday+int64(begin)*60_000)
		if !ok || !isDip(v) || v.Time > firstMonday+int64(begin+60)*60_000 {
			t.Errorf("seed %d: opened %v at minute %d as %s of %v, band %v to %v around %v, side %d", seed, ok, (v.Time-firstMonday)/60_000-int64(begin), v.Kind, v.Value, v.Lower, v.Upper, v.Expected, v.Side)
		}
	}
}
