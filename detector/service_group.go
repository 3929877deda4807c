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
	heldMost     = 8
	topHeld      = 3
	holdSteps    = 2
	touchLeast   = 2.3            // decades of a sample that is held
	groupLeast   = 2              // metrics that must be odd at once
	groupPrior   = 1.3            // mean excess of the sum: that of three metrics that are one
	groupQuant   = 1.5            // where the quantile of the sum starts
	groupFloor   = 0.5            // and the smallest it may become
	groupWarmup  = 300            // windows before a group may alarm
	groupCatchUp = 200            // quiet windows learned at once at most
	groupMemory  = 1e-4           // share of a window in what is known of them
	groupMost    = 60.0           // largest sum, so that its exponential stays in range
	groupHold    = 1              // powers of ten less keep an episode open
	groupRelearn = 30 * 60 * 1000 // ms after which what an open episode shows is ordinary
	groupGrowth  = 2              // growth of the number of metrics at which learning begins anew
)

func (g *group) begin() {
	g.Tail = newTail(math.Exp(groupQuant))
	g.Tail.H = groupPrior
}

// grow notes how many metrics there are. What so many fewer showed together says
// little: a part of the warm-up begins anew, with what is usual of many.
func (g *group) grow(able uint32) {
	if able < groupGrowth*g.Able || g.Open {
		return
	}
	g.Able, g.Seen, g.Some = able, min(g.Seen, groupWarmup/3), max(g.Some, tailShare)
}

// late reports whether a moment is long over: samples of history, which comes
// series by series, are not odd together.
func (g *group) late(t int64) bool {
	return g.End != 0 && t < g.End-(holdSteps+1)*g.window()
}

// touch takes in a rare sample of a metric at time t. most is what alarms alone.
func (g *group) touch(slot uint32, t int64, rarity, step, most float32) {
	if g.Step == 0 {
		g.Step = step
	}
	g.Step += 0.02 * (step - g.Step)
	g.roll(t)
	g.hold(slot, t, rarity)
	g.Most = max(g.Most, float32(g.sum(t, most)))
}

// window returns the length of a window in ms.
func (g *group) window() int64 { return max(1000*int64(max(g.Step, looksApart)), 1) }

// roll ends the windows before t and learns from them.
func (g *group) roll(t int64) {
	if g.End == 0 {
		g.End = t + g.window()
		return
	}
	if t < g.End {
		return
	}
	w := g.window()
	empty := (t - g.End) / w
	g.End += (empty + 1) * w
	g.learn(g.Most)
	for range min(empty, groupCatchUp) {
		g.learn(0)
	}
	g.Most = 0
}

// learn takes in the largest sum of a window. An open episode teaches nothing
// until it has lasted for groupRelearn.
func (g *group) learn(most float32) {
	if g.Open && g.Quiet < math.MaxUint8 {
		g.Quiet++
	}
	if g.Open && g.End-g.Since < groupRelearn {
		return
	}
	if g.Seen < math.MaxUint32 {
		g.Seen++
	}
	some := float32(0)
	if most > 0 {
		some = 1
	}
	g.Some += max(1/float32(g.Seen), groupMemory) * (some - g.Some)
	g.Tail.learn(float32(math.Exp(float64(most))), float32(math.Exp(groupFloor)), tailWeight)
}

// hold keeps the rarity of a metric in place of what it had, of what is over, or
// of the least.
func (g *group) hold(slot uint32, t int64, rarity float32) {
	at := -1
	for i := range g.Held {
		h := &g.Held[i]
		switch {
		case h.Slot == slot:
			if g.over(h, t) || rarity >= h.Rarity {
				*h = held{At: max(t, h.At), Slot: slot, Rarity: rarity}
			}
			return
		case g.over(h, t):
			at = i
		case at < 0 || !g.over(&g.Held[at], t) && h.Rarity < g.Held[at].Rarity:
			at = i
		}
	}
	if h := &g.Held[at]; g.over(h, t) || rarity > h.Rarity {
		*h = held{At: t, Slot: slot, Rarity: rarity}
	}
}

// over reports whether what is held no longer counts at time t.
func (g *group) over(h *held, t int64) bool {
	return h.Slot == 0 || t-h.At >= holdSteps*g.window()
}

// sum returns the evidence held at t, 0 while fewer than groupLeast metrics are
// odd.
func (g *group) sum(t int64, most float32) float64 {
	var top [topHeld]float32
	n := 0
	for i := range g.Held {
		h := &g.Held[i]
		if g.over(h, t) {
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
	if n < groupLeast {
		return 0
	}
	total := float32(0)
	for _, r := range top {
		total += r
	}
	return min(float64(total), groupMost)
}

// rarity returns log10 of the hours between windows whose sum is at least as
// large, notRare while the tail is young.
func (g *group) rarity(sum float64) float64 {
	if g.Seen < groupWarmup || sum == 0 {
		return float64(notRare)
	}
	return g.Tail.decades(math.Exp(sum)) + g.seldom() - g.looks()
}

// seldom returns the powers of ten by which it is rarer than the tail's quantile
// that any two metrics are odd at once.
func (g *group) seldom() float64 {
	return max(0, math.Log10(tailShare/(float64(g.Some)+1/float64(g.Seen+1))))
}

// looks returns log10 of the windows in an hour, as series count theirs.
func (g *group) looks() float64 {
	return math.Log10(looksPerHour(float64(g.Step)))
}

// reach is the sum from which the rarity is at least need.
func (g *group) reach(need float64) float64 {
	return math.Log(max(g.Tail.reach(need+g.looks()-g.seldom()), 1))
}

// name keeps the rarest of the metrics held at t as the guilty.
func (g *group) name(t int64) {
	odd := make([]held, 0, heldMost)
	for i := range g.Held {
		if h := &g.Held[i]; !g.over(h, t) {
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
