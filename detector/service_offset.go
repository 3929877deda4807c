package detector

import (
	"math"
	"sync/atomic"
)

// offset is how far alarms have moved a threshold, in powers of ten: each alarm
// that is charged adds a step, and time takes the step times the budget.
// This is adaptive conformal inference ("Adaptive Conformal Inference Under
// Distribution Shift", I. Gibbs, E. Candes, NeurIPS 2021, arXiv:2106.00170) on
// log10 of the rate: whatever the series do, alarms over a time T differ from
// budget * T by no more than the range of the offset divided by the step, as
// long as it stays within its range. Near the balance it settles within
// 1 / (step * ln 10 * budget) weeks and wanders by the root of step / (2 ln 10):
// with one alarm a week and a step of 0.5, in six days and by a third of a power
// of ten. The step shrinks with the root of the budget, so that large budgets are
// kept more evenly and small ones are found soon enough.
//
// The first steps are larger, because little is known of a service then. If the rate of
// its alarms, of what is reckoned, has a gamma distribution of shape and rate a, then
// after k alarms where E were reckoned its mean is (a + k) / (a + E). With the logarithm
// of that for an offset, k alarms old, an alarm adds log10(1 + 1/(a+k)) and time takes
// log10(e) / (a+k) times the budget: the same law with a step that shrinks. It is used
// until it is smaller than the step above, which goes on to follow what changes.
//
// Only doubtful alarms count, those within .7 powers of ten of the threshold. Of
// false alarms nine in ten are that near, and the time's part is made less
// accordingly; incidents mostly are farther, and must not make a service deaf: the
// nearer the bound, the less of them is charged, and the more it matters that tails
// be right (ADR 0052). What a group shows grows by jumps, so that how far beyond the
// threshold it opens says little: all its alarms are doubtful.
//
// The bits are float32 powers of ten, above the second as of which they are.
type offset struct{ bits atomic.Uint64 }

const (
	secondsWeek = 7 * secondsDay
)

// fallOf returns what time takes in a second for a budget in alarms per week, after so
// many alarms.
func fallOf(p *params, budget float64, alarms uint32) float32 {
	step := max(settledStep(p, budget), math.Log10E/(p.Service.Prior+float64(alarms)))
	return float32(p.Service.DoubtShare * step * budget / secondsWeek)
}

// stepOf returns what an alarm adds for a budget in alarms per week, after so many
// alarms.
func stepOf(p *params, budget float64, alarms uint32) float64 {
	return max(settledStep(p, budget), math.Log10(1+1/(p.Service.Prior+float64(alarms))))
}

// settledStep returns what an alarm adds in the long run.
func settledStep(p *params, budget float64) float64 {
	return min(max(p.Service.OffsetStep/math.Sqrt(budget), p.Service.StepSmallest), p.Service.StepLargest)
}

// at returns the offset at time t (ms).
func (o *offset) at(p *params, t int64, fall float32) float32 {
	x := o.bits.Load()
	off, since := math.Float32frombits(uint32(x>>32)), int64(uint32(x))
	if past := t/1000 - since; since != 0 && past > 0 {
		off = max(off-fall*float32(past), p.Service.OffsetLeast)
	}
	return off
}

// start lets time count from t unless it does.
func (o *offset) start(p *params, t int64) {
	if o.bits.Load() == 0 {
		o.set(p, 0, t)
	}
}

// add moves the offset at time t, or at its own time if that is later.
func (o *offset) add(p *params, by float32, t int64, fall float32) {
	t = max(t, 1000*int64(uint32(o.bits.Load())))
	o.set(p, o.at(p, t, fall)+by, t)
}

func (o *offset) set(p *params, off float32, t int64) {
	since := uint32(min(max(t/1000, 1), math.MaxUint32))
	o.bits.Store(uint64(math.Float32bits(min(max(off, p.Service.OffsetLeast), p.Service.OffsetMost)))<<32 | uint64(since))
}
