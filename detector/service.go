package detector

import (
	"math"
	"sync"
	"sync/atomic"
)

// service is what the series of one service share: a budget of alarms, the
// offsets by which it is kept, and the evidence of the group. It holds no
// pointer. What a sample needs of it is read without a lock.
type service struct {
	offset offset        // of the series
	static atomic.Uint64 // float32 powers of ten for number and budget, above float32 fall of the offset
	budget float32       // alarms per week

	mu      sync.Mutex
	series  uint32 // that belong to it
	able    uint32 // of these, that have been rare once
	spent   spending
	group   group
	grouped offset // of the group
	fixed   bool   // what it owes does not change
}

// The share of a series is added to the evidence that its samples need. It has
// three parts.
//
// By the number of series: a service of n series has more chances to be wrong
// than one of one. Were they independent, log10 n would be owed; metrics of one
// machine move together, and alarms within foldWithin are one. On the machines
// of SMD, ASD and JumpStarter the number of alarms outside of events grows with
// n to the power 0.56 to 0.97, 0.85 on average; the offset does the rest.
//
// By the budget, where that differs from Config.Budget, which the threshold
// knows already, and by the part of it that is left to the group.
//
// By what was spent, see offset. It has the whole budget and all alarms to go by, those of
// the group too: what a group does not spend, as most do not when nothing is wrong, is
// left to the series. The group has an offset of its own that holds it to its part.
const (
	shareUnits = 32 // steps of the share in a power of ten
)

// notRare stands for the rarity of samples that have none.
const notRare = float32(-1000)

// begin makes a service new, with a budget.
func (v *service) begin(p *params, budget float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.series, v.able, v.spent, v.group = 0, 0, spending{}, group{}
	v.offset.bits.Store(0)
	v.grouped.bits.Store(0)
	v.budget = float32(budget)
	v.group.begin(p)
	v.count(p)
}

// shareAt returns the powers of ten that a series of the service owes at time t
// (ms), in steps of 1/shareUnits, because what follows from it is kept until it
// changes. It takes no lock.
func (v *service) shareAt(p *params, t int64) float32 {
	x := v.static.Load()
	owed := math.Float32frombits(uint32(x>>32)) + v.offset.at(p, t, math.Float32frombits(uint32(x)))
	return float32(math.Floor(float64(owed)*shareUnits+0.5)) / shareUnits
}

// owed is the share that was asked for last, with what it follows from. A batch brings
// many samples of one time and of few services.
type owed struct {
	static, offset uint64
	t              int64
	share          float32
}

// shareLike is shareAt, which it asks only if anything has changed since last time.
func (v *service) shareLike(p *params, t int64, last *owed) float32 {
	static, offset := v.static.Load(), v.offset.bits.Load()
	if static != last.static || offset != last.offset || t != last.t {
		last.static, last.offset, last.t, last.share = static, offset, t, v.shareAt(p, t)
	}
	return last.share
}

// shareLeast returns what a series of the service owes at least, at any time.
func (v *service) shareLeast(p *params) float64 {
	static := math.Float32frombits(uint32(v.static.Load() >> 32))
	return float64(static) + p.offsetLeast - 1.0/shareUnits
}

// fix lets the service owe the same share from now on, whatever happens.
func (v *service) fix(share float64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fixed = true
	v.offset.bits.Store(0)
	v.static.Store(uint64(math.Float32bits(float32(share))) << 32)
}

// join counts one more series that can alarm. The first one starts the clocks of
// the budget.
func (v *service) join(p *params, t int64) {
	v.enlist(p, t)
	v.recount(p)
}

// enlist is join for many, behind whom is one recount.
func (v *service) enlist(p *params, t int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.able++
	v.group.grow(p, v.able)
	v.offset.start(p, t)
	v.grouped.start(p, t)
}

// recount renews what number of series and budget make.
func (v *service) recount(p *params) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.count(p)
}

// enter counts one more series.
func (v *service) enter() {
	v.mu.Lock()
	v.series++
	v.mu.Unlock()
}

// leave takes the series of a place from the count, and returns how many are left.
func (v *service) leave(p *params, place uint32, able bool) uint32 {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.series--
	v.group.forget(place)
	if able {
		v.able--
	}
	v.count(p)
	return v.series
}

// count renews what number of series and budget make; the caller holds the lock.
func (v *service) count(p *params) {
	if v.fixed {
		return
	}
	part := v.part(p)
	owed := p.Service.Crowd*math.Log10(float64(max(v.able, 1))) + v.dearer(p) - math.Log10(part)
	fall := v.fall(p)
	v.static.Store(uint64(math.Float32bits(float32(owed)))<<32 | uint64(math.Float32bits(fall)))
}

// part returns the share of the budget that is the series': all if there is one.
func (v *service) part(p *params) float64 {
	if v.able < p.Group.Least {
		return 1
	}
	return 1 - p.Service.GroupPart
}

// dearer returns what a budget smaller than that of the threshold adds.
func (v *service) dearer(p *params) float64 {
	return math.Log10(p.budgetPerHour*hoursPerWeek) - math.Log10(float64(v.budget))
}

// groupShareAt is shareAt for the group; the caller holds the lock.
func (v *service) groupShareAt(p *params, t int64) float64 {
	return v.dearer(p) - math.Log10(p.Service.GroupPart) + float64(v.grouped.at(p, t, v.groupFall(p)))
}

// fall returns what time takes from the offset of the series in a second: they have
// what the group leaves of the budget. The caller holds the lock.
func (v *service) fall(p *params) float32 { return fallOf(p, float64(v.budget), v.spent.Count) }

// groupFall is fall for the group, which has its part.
func (v *service) groupFall(p *params) float32 {
	return fallOf(p, p.Service.GroupPart*float64(v.budget), v.spent.Count)
}
