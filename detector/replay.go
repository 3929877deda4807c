package detector

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Replay judges samples, oldest first, as Bank.Observe would have judged them
// had the series been new, and hands one verdict per sample to emit, with band
// and, inside an episode, with Since and Peak. Samples that the guards dropped
// give a verdict with NaN for value and band and score 0, so that callers can
// pair samples and verdicts. Slot is 0. A series that a bank would not watch is
// replayed as a gauge. A configuration out of range gives no verdicts; check it
// with Validate.
func Replay(c Config, l labels.Labels, samples []telemetry.Sample, emit func(Verdict)) {
	bad := false
	c.Validate(func(string, string, ...any) { bad = true })
	if bad {
		return
	}
	p := c.params()
	flags, _ := classify(l)
	var own days
	s := series{Flags: flags | flagUsed}
	s.restart()
	for _, x := range samples {
		k := look{t: x.T, fine: 1, full: true}
		phase, why := s.observe(&p, &own, &k, x.V)
		switch {
		case why == taken:
			emit(s.verdictOn(&k, phase))
		case phase == PhaseLost:
			emit(s.verdict(x.T, phase))
		default:
			emit(Verdict{Time: x.T, Value: math.NaN(), Expected: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), Rate: s.counter()})
		}
	}
}
