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
	var service service
	service.begin(&p, c.Budget)
	for _, x := range samples {
		v, _, why, rarity := s.observe(&p, &own, x.T, x.V, service.shareAt(x.T))
		if v.Phase == PhaseOpened {
			service.charge(x.T, 1, rarity-service.alone(&p, x.T))
		}
		service.rare(&p, &s, 1, x.T, rarity)
		if why != taken && v.Phase != PhaseLost {
			v = Verdict{Time: x.T, Value: math.NaN(), Expected: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), Rate: v.Rate}
		}
		emit(v)
	}
}
