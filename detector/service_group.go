package detector

import (
	"cmp"
	"math"
	"slices"
)

// group watches the metrics of one service together. Samples that a
// series shows once in two hundred are held for holdSteps steps, because metrics
// of one service are not sampled at the same instant. The sum of the topHeld
// largest rarities held, each bounded by what would alarm alone, has a tail of its
// own, so that a machine on which many metrics are slightly odd alarms although
// none does alone. A sum of -log p is the method of R. A. Fisher (Statistical
// Methods for Research Workers, 4th ed., 1932) for independent tests; metrics of a
// service depend on one another, and how much is what the tail learns, from a
// prior at which the three are one. The cost is 250 bytes for each service and
// some tens of comparisons for each rare sample.
type group struct {
	Held  [heldMost]held
	Named [guiltyMost]held // the guilty when the episode was told of last
	Step  float32          // of the metrics that are odd, seconds, averaged
	Most  float32          // largest sum in the window
	End   int64            // of the window, ms
	Seen  uint32           // windows that the tail has learned from
	Tail  tail             // of exp(sum)
	Some  float32          // share of windows in which any two metrics are odd
	Open  bool
	Quiet uint8 // windows without an odd sum
	Since int64 // of the episode
	Last  int64 // last odd moment of the episode
	Peak  float64
	Told  float32 // evidence that has been told
	Able  uint32  // metrics that could be odd when learning began
}

// held is the rarity of one metric, for a moment.
type held struct {
	At     int64
	Slot   uint32 // 0 is none
	Rarity float32
}

const (
	heldMost = 8
	topHeld  = 3
)

func (g *group) begin(p *params) {
	g.Tail = newTail(math.Exp(p.Group.Quantile), p.Group.Prior)
}

// grow notes how many metrics there are. What so many fewer showed together says
// little: a part of the warm-up begins anew, with what is usual of many.
func (g *group) grow(p *params, able uint32) {
	if able < p.Group.Growth*g.Able || g.Open {
		return
	}
	g.Able, g.Seen, g.Some = able, min(g.Seen, p.Group.WarmupKept), max(g.Some, p.tailShare)
}

// late reports whether a moment is long over: samples of history, which comes
// series by series, are not odd together.
func (g *group) late(p *params, t int64) bool {
	return g.End != 0 && t < g.End-(p.Group.HoldSteps+1)*g.window(p)
}

// touch takes in a rare sample of a metric at time t. most is what alarms alone.
func (g *group) touch(p *params, slot uint32, t int64, rarity, step, most float32) {
	if g.Step == 0 {
		g.Step = step
	}
	g.Step += p.Group.StepRate * (step - g.Step)
	g.roll(p, t)
	g.hold(p, slot, t, rarity)
	g.Most = max(g.Most, float32(g.sum(p, t, most)))
}

// window returns the length of a window in ms.
func (g *group) window(p *params) int64 {
	return max(1000*int64(max(g.Step, float32(p.Evidence.LooksApart))), 1)
}

// roll ends the windows before t and learns from them.
func (g *group) roll(p *params, t int64) {
	if g.End == 0 {
		g.End = t + g.window(p)
		return
	}
	if t < g.End {
		return
	}
	w := g.window(p)
	empty := (t - g.End) / w
	g.End += (empty + 1) * w
	g.learn(p, g.Most)
	for range min(empty, p.Group.CatchUp) {
		g.learn(p, 0)
	}
	g.Most = 0
}

// learn takes in the largest sum of a window. An open episode teaches nothing
// until it has lasted for groupRelearn.
func (g *group) learn(p *params, most float32) {
	if g.Open && g.Quiet < math.MaxUint8 {
		g.Quiet++
	}
	if g.Open && g.End-g.Since < p.Group.Relearn {
		return
	}
	if g.Seen < math.MaxUint32 {
		g.Seen++
	}
	some := float32(0)
	if most > 0 {
		some = 1
	}
	g.Some += max(1/float32(g.Seen), p.Group.Memory) * (some - g.Some)
	g.Tail.learn(p, float32(math.Exp(float64(most))), p.groupFloor, p.Tail.Weight)
}

// hold keeps the rarity of a metric in place of what it had, of what is over, or
// of the least.
func (g *group) hold(p *params, slot uint32, t int64, rarity float32) {
	at := -1
	for i := range g.Held {
		h := &g.Held[i]
		switch {
		case h.Slot == slot:
			if g.over(p, h, t) || rarity >= h.Rarity {
				*h = held{At: max(t, h.At), Slot: slot, Rarity: rarity}
			}
			return
		case g.over(p, h, t):
			at = i
		case at < 0 || !g.over(p, &g.Held[at], t) && h.Rarity < g.Held[at].Rarity:
			at = i
		}
	}
	if h := &g.Held[at]; g.over(p, h, t) || rarity > h.Rarity {
		*h = held{At: t, Slot: slot, Rarity: rarity}
	}
}

// over reports whether what is held no longer counts at time t.
func (g *group) over(p *params, h *held, t int64) bool {
	return h.Slot == 0 || t-h.At >= p.Group.HoldSteps*g.window(p)
}

// sum returns the evidence held at t, 0 while fewer than groupLeast metrics are
// odd.
func (g *group) sum(p *params, t int64, most float32) float64 {
	var top [topHeld]float32
	n := 0
	for i := range g.Held {
		h := &g.Held[i]
		if g.over(p, h, t) {
			continue
		}
		n++
		r := min(max(h.Rarity, 0), most)
		for j := range top {
			if r > top[j] {
				r, top[j] = top[j], r
			}
		}
	}
	if n < int(p.Group.Least) {
		return 0
	}
	total := float32(0)
	for _, r := range top {
		total += r
	}
	return min(float64(total), p.Group.SumMost)
}

// rarity returns log10 of the hours between windows whose sum is at least as
// large, notRare while the tail is young.
func (g *group) rarity(p *params, sum float64) float64 {
	if g.Seen < p.Group.Warmup || sum == 0 {
		return float64(notRare)
	}
	return g.Tail.decades(p, p.Group.Prior, math.Exp(sum)) + g.seldom(p) - g.looks(p)
}

// seldom returns the powers of ten by which it is rarer than the tail's quantile
// that any two metrics are odd at once.
func (g *group) seldom(p *params) float64 {
	return max(0, math.Log10(p.Tail.Share/(float64(g.Some)+1/float64(g.Seen+1))))
}

// looks returns log10 of the windows in an hour, as series count theirs.
func (g *group) looks(p *params) float64 {
	return math.Log10(looksPerHour(p, float64(g.Step)))
}

// reach is the sum from which the rarity is at least need.
func (g *group) reach(p *params, need float64) float64 {
	return math.Log(max(g.Tail.reach(p, p.Group.Prior, need+g.looks(p)-g.seldom(p)), 1))
}

// name keeps the rarest of the metrics held at t as the guilty.
func (g *group) name(p *params, t int64) {
	odd := make([]held, 0, heldMost)
	for i := range g.Held {
		if h := &g.Held[i]; !g.over(p, h, t) {
			odd = append(odd, *h)
		}
	}
	slices.SortFunc(odd, func(a, b held) int {
		return cmp.Or(cmp.Compare(b.Rarity, a.Rarity), cmp.Compare(a.Slot, b.Slot))
	})
	clear(g.Named[:])
	copy(g.Named[:], odd)
}

// guilty returns the metrics that were named last, the rarest first, with their
// shares of the evidence.
func (g *group) guilty() []Guilt {
	var out []Guilt
	total := 0.0
	for _, h := range g.Named {
		if h.Slot != 0 {
			out = append(out, Guilt{Slot: Slot(h.Slot), Rarity: float64(h.Rarity)})
			total += max(float64(h.Rarity), 0)
		}
	}
	for i := range out {
		if total > 0 {
			out[i].Share = max(out[i].Rarity, 0) / total
		}
	}
	return out
}

// guiltyMost is how many metrics a verdict of a group names.
const guiltyMost = 5
