package detector_test

import (
	"math"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/detector"
)

// oddEnd shows the bank a series that ends in an episode, and returns its slot and the time
// of its last sample.
func oddEnd(t *testing.T, b *detector.Bank, name string, step int64) (detector.Slot, int64) {
	t.Helper()
	slot, at, open := b.Register(gauge(name)), start, false
	for i := range 100 {
		at += step
		x := 100 + math.Sin(1.7*float64(i))
		if i >= 98 {
			x = 1e4
		}
		if v, tell := b.Observe(slot, at, x); tell {
			open = v.Phase != detector.PhaseClosed
		}
		b.Sweep(at, ignore)
	}
	if !open {
		t.Fatalf("%s: no episode is open", name)
	}
	return slot, at
}

// Five steps, after which an episode is lost, may be longer than a series may be idle.
func TestSweep_EvictedInAnEpisode_EpisodeIsLost(t *testing.T) {
	for _, c := range []struct {
		step  int64
		after time.Duration
	}{{hour / 60, 3 * time.Hour}, {hour, 3 * time.Hour}, {24 * hour, 72 * time.Hour}} {
		b := newBank(t, evictAfter(c.after))
		slot, at := oddEnd(t, b, "odd", c.step)
		lost := 0
		for range 24 * 7 {
			at += hour
			b.Sweep(at, func(v detector.Verdict) {
				if v.Slot != slot || v.Phase != detector.PhaseLost || b.Labels(v.Slot).Get("__name__") != "odd" || v.Since == 0 {
					t.Errorf("step of %d s: got %+v, want the end of the episode", c.step/1000, v)
				}
				lost++
			})
		}
		if lost != 1 || figure(b, "tocsin_detector_episodes_lost_total") != 1 || figure(b, evictedIdle) != 1 {
			t.Errorf("step of %d s, evicted after %v: told %d times that the episode is lost, want once", c.step/1000, c.after, lost)
		}
	}
}

func TestRegister_FullOfOpenEpisodes_NoneIsDroppedUntold(t *testing.T) {
	b := newBank(t, evictAfter(72*time.Hour), func(c *detector.Config) { c.MaxSeries = 1 })
	_, at := oddEnd(t, b, "odd", hour)
	ends := 0
	for range 4 {
		at += hour
		b.Sweep(at, func(detector.Verdict) { ends++ })
	}
	if b.Register(gauge("next")).Watched() {
		t.Fatalf("took the place of a series in an open episode, whose end was told %d times", ends)
	}
	for range 2 {
		at += hour
		b.Sweep(at, func(detector.Verdict) { ends++ })
	}
	if !b.Register(gauge("next")).Watched() || ends != 1 || figure(b, evictedFull) != 1 {
		t.Errorf("got %d ends and %v evicted, want one each and room after it", ends, figure(b, evictedFull))
	}
}
