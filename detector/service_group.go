package detector

import (
	"cmp"
	"math"
	"slices"
)

// group watches the metrics of one service together. Samples that a series shows about
// once in a hundred and sixty make it odd for HoldSteps steps, because metrics of one
// service are not sampled at the same instant. Two numbers are watched, each by what is
// usual of it, see headcount: how many metrics are odd at once, and how many of these have
// become so just now. One machine on which many metrics are slightly odd alarms although
// none does alone, and one on which many always are does not. Numbers, and no sums of
// evidence: how far a metric is from its ways is told by the metric itself, and one that
// is far makes no second. The cost is 904 bytes for each service and some tens of
// comparisons for each rare sample.
type group struct {
	Odd    [oddMost]odd
	Named  [guiltyMost]odd // the guilty when the episode was told of last
	Step   float32         // of the metrics that are odd, seconds, averaged
	End    int64           // of the window, ms
	Seen   uint32          // windows that the tails have learned from
	Counts [counted]headcount
	Open   bool
	Quiet  uint8 // windows without an odd number
	Since  int64 // of the episode
	Last   int64 // last odd moment of the episode
	Peak   float64
	Told   float32 // evidence that has been told
	Able   uint32  // metrics that could be odd when learning began
	Mean   float32 // of the largest number that is odd in a window
	Began  uint32  // first rare sample, seconds
	Most   uint8   // largest number that was odd in the window
}

// odd is a metric that is odd, or was of late.
type odd struct {
	Slot   uint32 // 0 is none
	At     uint32 // last, seconds
	Since  uint32 // when it became so, seconds; it does so anew after Again
	Rarity float32
}

const oddMost = 32

// What is counted.
const (
	oddNow   = iota // metrics that are odd
	oddNewly        // of these, that have just become so
	counted
)

func (g *group) begin(p *params) {
	for i := range g.Counts {
		g.Counts[i].begin(p)
	}
}

// grow notes how many metrics there are. What so many fewer showed together says
// little: a part of the warm-up begins anew, with what is usual of many.
func (g *group) grow(p *params, able uint32) {
	if able < p.Group.Growth*g.Able || g.Open {
		return
	}
	g.Able, g.Seen = able, min(g.Seen, p.Group.WarmupKept)
	for i := range g.Counts {
		g.Counts[i].Some = max(g.Counts[i].Some, p.tailShare)
	}
}

// late reports whether a moment is long over: samples of history, which comes
// series by series, are not odd together.
func (g *group) late(p *params, t int64) bool {
	return g.End != 0 && t < g.End-(p.Group.HoldSteps+1)*g.window(p)
}

// touch takes in a rare sample of a metric at time t.
func (g *group) touch(p *params, slot uint32, t int64, rarity, step float32) {
	if g.Step == 0 {
		g.Step, g.Began = step, seconds(t)
	}
	g.Step += p.Group.StepRate * (step - g.Step)
	g.roll(p, t)
	g.hold(p, slot, t, rarity)
	all := g.count(p, t)
	for i, n := range all {
		g.Counts[i].note(n)
	}
	g.Most = max(g.Most, uint8(all[oddNow]))
}

// window returns the length of a window in ms.
func (g *group) window(p *params) int64 {
	return max(1000*int64(max(g.Step, float32(p.Evidence.LooksApart))), 1)
}

// roll ends the windows before t and learns from them.
func (g *group) roll(p *params, t int64) {
	at := p.quarter(t)
	for i := range g.Counts {
		g.Counts[i].turn(p, at, g.scale(p))
	}
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
	g.learn(p)
	for range min(empty, p.Group.CatchUp) {
		g.learn(p)
	}
}

// learn takes in the largest numbers of a window. An open episode teaches nothing until
// it has lasted for Relearn.
func (g *group) learn(p *params) {
	if g.Open && g.Quiet < math.MaxUint8 {
		g.Quiet++
	}
	taught := !g.Open || g.End-g.Since >= p.Group.Relearn
	if taught {
		g.Seen = min(g.Seen, math.MaxUint32-1) + 1
		g.average(p)
	}
	g.Most = 0
	for i := range g.Counts {
		if taught {
			g.Counts[i].learn(p, g.Seen, g.scale(p))
		}
		g.Counts[i].Most = 0
	}
}

// average follows the mean of a window's number over MeanTime. One window counts for
// MeanTimes the mean and one more at most, so that an incident is not what is usual.
func (g *group) average(p *params) {
	rate := max(1/float32(g.Seen), float32(g.window(p))/(1000*p.Group.MeanTime))
	g.Mean += min(rate, 1) * (min(float32(g.Most), p.Group.MeanTimes*g.Mean+1) - g.Mean)
}

// young reports whether too little is known of what the metrics show together.
func (g *group) young(p *params, t int64) bool {
	return g.Seen < p.Group.Warmup || since(g.Began, t) < p.Group.WarmupTime
}

// hold notes that a metric is odd, in its own place or in that of whoever was so the
// longest time ago.
func (g *group) hold(p *params, slot uint32, t int64, rarity float32) {
	at, now := 0, seconds(t)
	for i := range g.Odd {
		x := &g.Odd[i]
		if x.Slot == slot {
			if g.over(p, x, t) {
				x.Rarity = rarity
				if since(x.Since, t) > 1000*int64(p.Group.Again) {
					x.Since = now
				}
			}
			x.At, x.Rarity = max(now, x.At), max(x.Rarity, rarity)
			return
		}
		if x.Slot == 0 || g.Odd[at].Slot != 0 && x.At < g.Odd[at].At {
			at = i
		}
	}
	g.Odd[at] = odd{Slot: slot, At: now, Since: now, Rarity: rarity}
}

// forget takes out the metric of a place that is given to another series: that one was not
// odd, and is not to be named for it.
func (g *group) forget(slot uint32) {
	for _, list := range [...][]odd{g.Odd[:], g.Named[:]} {
		for i := range list {
			if list[i].Slot == slot {
				list[i] = odd{}
			}
		}
	}
}

// over reports whether a metric is odd no more at time t.
func (g *group) over(p *params, x *odd, t int64) bool {
	return x.over(t, p.Group.HoldSteps*g.window(p))
}

// over is the same of what is held for so many ms.
func (x *odd) over(t, held int64) bool { return x.Slot == 0 || since(x.At, t) >= held }

// count returns the numbers at t.
func (g *group) count(p *params, t int64) (n [counted]int) {
	window := g.window(p)
	held, fresh := p.Group.HoldSteps*window, max(1000*int64(p.Group.Fresh), window)
	for i := range g.Odd {
		x := &g.Odd[i]
		if x.over(t, held) {
			continue
		}
		n[oddNow]++
		if since(x.Since, t) < fresh {
			n[oddNewly]++
		}
	}
	return n
}

// rarest returns which of the numbers at t is the rarest, what it is, and log10 of the
// hours between windows in which it or the other is as rare; notRare while the tails are
// young and where no number is more than usual.
func (g *group) rarest(p *params, t int64) (which, n int, rarity float64) {
	rarity = float64(notRare)
	all := g.count(p, t)
	if g.young(p, t) {
		return which, all[which], rarity
	}
	var scale, looks float64 // alike for all, and worked out for one that is beyond only
	for i := range all {
		beyond := g.Counts[i].beyond(all[i])
		if beyond == 0 {
			continue
		}
		if scale == 0 {
			scale, looks = g.scale(p), g.looks(p)
		}
		if r := g.Counts[i].rarity(p, beyond, g.Seen, scale) - looks; r > rarity {
			which, rarity = i, r
		}
	}
	return which, all[which], rarity
}

// scale returns the metrics of which a tail is learned as a power of e: that many odd ones
// by chance more or less grows with the root of how many are odd on average. That is
// measured, and not taken from how many metrics there are: while calendars are young
// metrics are odd ever more often, four times as often on the ninth day as on the fourth,
// and what a tail knows of days with few is to hold on those with many.
func (g *group) scale(p *params) float64 {
	return p.Group.Scale * math.Sqrt(max(float64(g.Mean)/p.Group.Many, 1))
}

// looks returns log10 of the chances in an hour: the windows, as series count theirs,
// times the numbers.
func (g *group) looks(p *params) float64 {
	return math.Log10(counted * looksPerHour(p, float64(g.Step)))
}

// reach is the number from which the rarity is at least need.
func (g *group) reach(p *params, which int, need float64) float64 {
	return g.Counts[which].reach(p, need+g.looks(p), g.Seen, g.scale(p))
}

// name keeps the rarest of the metrics that are odd at t as the guilty.
func (g *group) name(p *params, t int64) {
	now := make([]odd, 0, oddMost)
	for i := range g.Odd {
		if h := &g.Odd[i]; !g.over(p, h, t) {
			now = append(now, *h)
		}
	}
	slices.SortFunc(now, func(a, b odd) int {
		return cmp.Or(cmp.Compare(b.Rarity, a.Rarity), cmp.Compare(a.Slot, b.Slot))
	})
	clear(g.Named[:])
	copy(g.Named[:], now)
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
