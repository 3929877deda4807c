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
	if !c.valid() {
		return
	}
	r := replay{params: c.params(), start: c.Start, service: new(service)}
	r.service.begin(&r.params, c.Budget)
	r.run(l, samples, emit)
}

// ReplayShare is Replay for a series that owes the same share (see Service.Share)
// to its service all the time, so that a band is drawn as it would be now.
func ReplayShare(c Config, share float64, l labels.Labels, samples []telemetry.Sample, emit func(Verdict)) {
	if !c.valid() {
		return
	}
	r := replay{params: c.params(), start: c.Start, share: float32(share)}
	r.run(l, samples, emit)
}

// replay is a series that is judged alone, by the share of its own service or by
// one that is given.
type replay struct {
	params  params
	start   Start
	service *service // nil: share
	share   float32
	own     days
}

func (r *replay) run(l labels.Labels, samples []telemetry.Sample, emit func(Verdict)) {
	flags, _ := classify(l)
	s := series{Flags: flags | flagUsed, Start: r.start.at}
	s.restart(&r.params)
	for _, x := range samples {
		k := r.look(x.T)
		phase, why := s.observe(&r.params, &r.own, &k, x.V)
		if r.service != nil {
			switch excess := k.rarity - r.service.alone(&r.params, x.T); phase {
			case PhaseOpened:
				r.service.charge(&r.params, x.T, 1, excess)
			case PhaseChanged:
				r.service.grow(&r.params, s.EpisodeSince, excess)
			}
			r.service.rare(&r.params, &s, 1, x.T, k.groupRarity())
		}
		v := Verdict{Time: x.T, Value: math.NaN(), Expected: math.NaN(), Lower: math.NaN(), Upper: math.NaN(), Rate: s.counter()}
		switch {
		case why == taken:
			v = s.verdictOn(&k, phase)
		case phase == PhaseLost:
			v = s.verdict(x.T, phase)
		}
		emit(v)
	}
}

// look begins the look at a sample of time t.
func (r *replay) look(t int64) look {
	share := r.share
	if r.service != nil {
		share = r.service.shareAt(&r.params, t)
	}
	return look{sight: sight{glance: glance{t: t, fine: 1}}, full: true, share: float64(share)}
}
