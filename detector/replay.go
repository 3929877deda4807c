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
//
// Between samples time goes by as it does where Bank.Sweep is called every ten seconds,
// but for the times of Config.Away: an open episode whose data stop is lost, and a silence
// that is odd is an episode and an alarm. They have no verdicts of their own, and show in
// those of the samples that follow. Nothing is forgotten for having been idle.
func Replay(c Config, l labels.Labels, samples []telemetry.Sample, emit func(Verdict)) {
	if !c.valid() {
		return
	}
	r := newReplay(c, l)
	r.service = new(service)
	r.service.begin(&r.params, c.Budget)
	r.run(samples, emit)
}

// ReplayShare is Replay for a series that owes the same share (see Service.Share)
// to its service all the time, so that a band is drawn as it would be now.
func ReplayShare(c Config, share float64, l labels.Labels, samples []telemetry.Sample, emit func(Verdict)) {
	if !c.valid() {
		return
	}
	r := newReplay(c, l)
	r.share = float32(share)
	r.run(samples, emit)
}

// replay is a series that is judged alone, by the share of its own service or by
// one that is given.
type replay struct {
	params  params
	series  series
	own     days
	away    [][2]int64
	service *service // nil: share
	share   float32
	full    bool // the verdict on each sample is asked for
}

// newReplay returns a replay of a series that owes nothing.
func newReplay(c Config, l labels.Labels) *replay {
	flags, _ := classify(l)
	r := &replay{params: c.params(), series: series{Flags: flags | flagUsed, Start: c.Start.at}, away: c.Away}
	r.series.restart(&r.params)
	return r
}

func (r *replay) run(samples []telemetry.Sample, emit func(Verdict)) {
	r.full = true
	s := &r.series
	for _, x := range samples {
		k, phase, why := r.show(x)
		if r.service != nil {
			switch excess := k.rarity - r.service.alone(&r.params, x.T); phase {
			case PhaseOpened:
				r.service.charge(&r.params, x.T, 1, excess)
			case PhaseChanged:
				r.service.grow(&r.params, s.EpisodeSince, excess)
			}
			r.service.rare(&r.params, s, 1, x.T, k.groupRarity())
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

// show shows the series a sample, and before it that none has come since the last one.
func (r *replay) show(x telemetry.Sample) (k look, phase Phase, why outcome) {
	r.pass(x.T)
	k = r.look(x.T)
	phase, why = r.series.observe(&r.params, &r.own, &k, x.V)
	return k, phase, why
}

// pass lets time go on to t.
func (r *replay) pass(t int64) {
	if !r.series.overdue(&r.params, t) {
		return
	}
	r.series.wait(&r.params, t, r.away, r.shareAt, func(v Verdict) {
		if r.service != nil && v.Phase == PhaseOpened {
			r.service.charge(&r.params, v.Time, 1, 0)
		}
	})
}

// shareAt returns what the series owes at time t.
func (r *replay) shareAt(t int64) float32 {
	if r.service != nil {
		return r.service.shareAt(&r.params, t)
	}
	return r.share
}

// look begins the look at a sample of time t.
func (r *replay) look(t int64) look {
	return look{sight: sight{glance: glance{t: t, fine: 1}}, full: r.full, share: float64(r.shareAt(t))}
}
