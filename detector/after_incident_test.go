package detector_test

import (
	"math/rand/v2"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// A large incident must not make the series deaf to a smaller one days later: three hours
// eight deviations up, taken as normal and over again, then a shift by two.
func TestReplay_ShiftAfterAnIncident_IsStillTold(t *testing.T) {
	told := map[bool]int{}
	for _, incident := range []bool{false, true} {
		for seed := range uint64(20) {
			if shiftTold(seed, incident) {
				told[incident]++
			}
		}
	}
	t.Logf("shifts by two deviations told: %d of 20 without an incident before, %d after one", told[false], told[true])
	if told[false] < 18 || told[true] < 10 { // after an incident 2 when windows under way taught it in full
		t.Errorf("shifts told: got %d of 20 without an incident before and %d after one, want 18 and 10 or more", told[false], told[true])
	}
}

// shiftTold reports whether a shift by two deviations on the twelfth day of white noise is
// told within four hours.
func shiftTold(seed uint64, incident bool) bool {
	const minute, day = 60_000, 86_400_000
	from, r := monday.UnixMilli(), rand.New(rand.NewPCG(seed, 3))
	var samples []telemetry.Sample
	for at := int64(0); at < 11*day+240*minute; at += minute {
		v := 100 + r.NormFloat64()
		if incident && at > 8*day && at < 8*day+180*minute {
			v += 8
		}
		if at > 11*day {
			v += 2
		}
		samples = append(samples, telemetry.Sample{T: from + at, V: v})
	}
	told := false
	detector.Replay(detector.DefaultConfig(), labels.FromStrings("__name__", "watched"), samples, func(v detector.Verdict) {
		told = told || v.Phase == detector.PhaseOpened && v.Time >= from+11*day
	})
	return told
}
