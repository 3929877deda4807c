package detector

import (
	"testing"

	"github.com/prometheus/prometheus/model/labels"
)

// A sample that came late ends its silence by its own time: 60 steps later the series has
// recovered, and not only when samples have come to when the silence was seen last.
func TestCameLate_RecoveryIsByTheTimeOfSamples(t *testing.T) {
	b, err := NewBank(DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(labels.FromStrings("__name__", "x"))
	s := &b.series.at(0).series[slot.place()]
	const begin, step, hour = int64(1_800_000_000_000), 15_000, 3600_000
	next := begin
	told := 0
	for now := begin; now <= begin+4*hour; now += step {
		if (now-begin)%hour == 0 {
			for ; next <= now; next += step {
				missing := s.has(flagMissing)
				b.Observe(slot, next, 100+float64(next/step%7))
				if missing && s.EpisodeEnd > next {
					t.Fatalf("the silence ends %d ms after the sample that ended it", s.EpisodeEnd-next)
				}
			}
		}
		b.Sweep(now+1, func(v Verdict) {
			if v.Phase == PhaseOpened {
				told++
			}
		})
	}
	if told != 2 || !s.has(flagLate) || s.lag() != 3840_000 {
		t.Errorf("told %d times, lag %d ms, want twice and 64 minutes", told, s.lag())
	}
}
