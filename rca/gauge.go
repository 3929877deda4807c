package rca

import (
	"math"
	"sort"
	"time"
)

// gauge is what one series says of an incident: how far it moved, and by how much
// that is more than what it does when all is quiet.
type gauge struct {
	shift
	kind   kind
	excess float64 // score beyond the quiet one, in units of evidence; never negative
}

// Bounds of what a gauge looks at.
const (
	gaugeBase  = 60  // points of a baseline, when Config.Baseline holds fewer
	gaugeMost  = 240 // points of a baseline at most
	gaugeSince = 20  // points since the onset at most
	gaugeQuiet = 40  // quiet stretches at most
	gaugeFew   = 3   // fewer of them say nothing
	// gaugeCalm is the share of quiet stretches that stay below what counts.
	gaugeCalm = 0.95
	// gaugeDense is the share of the last minutes' points that must be there for
	// them to be a yardstick of their own.
	gaugeDense = 0.7
	// perRequest is the rate per request below which a move is nothing.
	perRequest = 0.01
)

// gauger measures series and keeps what the loudest of each kind do in quiet times.
// Its slices are scratch memory.
type gauger struct {
	lo, hi    int64 // milliseconds: the trouble is later than lo and not later than hi
	onset     span
	baseline  int64
	step      time.Duration
	loudest   [kindCount][gaugeQuiet]float64
	stretches [kindCount]int

	base, post, zs, tmp []float64
	quiet               [gaugeQuiet]float64
}

func newGauger(r *ranker, in span) *gauger {
	return &gauger{lo: in.from.UnixMilli() + 1, hi: in.to.UnixMilli(), onset: in,
		baseline: time.Duration(r.cfg.Baseline).Milliseconds(), step: max(r.in.Step, time.Second)}
}

// measure compares a series since the onset with the time before it as the function
// measure does, and with stretches of that time that are as long:
//
//	excess = score - max(95th percentile of the scores of quiet stretches, ln(1+noise))
//
// so that a series that is often odd says little, whatever its unit and shape. ok is
// false when too little is known of it. The cost is linear in the points.
func (g *gauger) measure(s *Series) (out gauge, ok bool) {
	p := s.Points
	i := sort.Search(len(p), func(i int) bool { return p[i].T >= g.lo })
	from := sort.Search(i, func(k int) bool { return p[k].T >= g.lo-g.baseline })
	from = max(min(from, i-gaugeBase), i-gaugeMost, 0)
	_, bad := s.badness(0)
	g.base, g.post = g.base[:0], g.post[:0]
	largest := 0.0
	for _, x := range p[from:i] {
		if finite(x.V) {
			v, _ := s.badness(x.V)
			g.base = append(g.base, v)
			largest = max(largest, math.Abs(v))
		}
	}
	for _, x := range p[i:] {
		if x.T > g.hi || len(g.post) == gaugeSince {
			break
		}
		if finite(x.V) {
			v, _ := s.badness(x.V)
			g.post = append(g.post, v)
			largest = max(largest, math.Abs(v))
		}
	}
	if len(g.base) < minBaseline || len(g.post) == 0 {
		return gauge{}, false
	}
	y := g.yardstick(s, g.base, largest)
	out = gauge{kind: kindOf(s), shift: shift{series: s, z: g.stretch(y, g.post, bad)}}
	calm := g.calm(s, y, i, bad, out.kind)
	if out.score() <= calm {
		return out, true
	}
	near := sort.Search(i, func(k int) bool { return p[k].T >= g.lo-recent.Milliseconds() })
	if n := i - near; n >= minRecent && n <= len(g.base) && float64(n) >= gaugeDense*float64(recent)/float64(g.step) {
		// The last minutes kill what was odd already.
		out.z = min(out.z, g.stretch(g.yardstick(s, g.base[len(g.base)-n:], largest), g.post, bad))
	}
	g.tmp = append(g.tmp[:0], g.post...)
	out.before, out.after = s.original(y.m), s.original(pickQuantile(g.tmp, 0.5))
	if out.excess = max(out.score()-calm, 0); out.excess > 0 {
		out.onset = firstOdd(s, y, g.onset)
	}
	return out, true
}

// yardstick is newYardstick over scratch memory, with a floor for rates per request.
func (g *gauger) yardstick(s *Series, x []float64, largest float64) yardstick {
	g.tmp = append(g.tmp[:0], x...)
	floor := 0.0
	switch s.Source {
	case SourceTemplate, SourceCalls, SourceErrors:
		floor = perRequest
	}
	return yardstickOf(g.tmp, s.Unit, largest, floor)
}

// stretch is yardstick.z over scratch memory.
func (g *gauger) stretch(y yardstick, x []float64, bad int) float64 {
	g.zs = g.zs[:0]
	for _, v := range x {
		g.zs = append(g.zs, y.one(v, bad))
	}
	return trimmedTop(g.zs)
}

// calm returns the score that counts for nothing, and notes what the series does
// in quiet stretches, the last first. upto is the place of its first point since
// the onset.
func (g *gauger) calm(s *Series, y yardstick, upto, bad int, k kind) float64 {
	least := math.Log1p(noise)
	n, found := len(g.post), 0
	g.zs = g.zs[:0]
	for i := upto - 1; i >= 0 && found < gaugeQuiet; i-- {
		if x := s.Points[i].V; finite(x) {
			v, _ := s.badness(x)
			g.zs = append(g.zs, y.one(v, bad))
		}
		if len(g.zs) == n {
			g.quiet[found] = math.Log1p(max(trimmedTop(g.zs), 0))
			found++
			g.zs = g.zs[:0]
		}
	}
	if found < gaugeFew {
		return least
	}
	g.tmp = append(g.tmp[:0], g.quiet[:found]...)
	calm := max(pickQuantile(g.tmp, gaugeCalm), least)
	g.note(k, g.quiet[:found], calm)
	return calm
}

// note keeps the loudest that any series of a kind was in each quiet stretch.
func (g *gauger) note(k kind, quiet []float64, calm float64) {
	for i, x := range quiet {
		g.loudest[k][i] = max(g.loudest[k][i], x-calm)
	}
	g.stretches[k] = max(g.stretches[k], len(quiet))
}

// usual is the median over quiet stretches of the largest excess of any node, which
// grows with the number of nodes: with many, one is always odd.
func (g *gauger) usual(k kind) float64 {
	n := g.stretches[k]
	if n < gaugeFew {
		return 0
	}
	g.tmp = append(g.tmp[:0], g.loudest[k][:n]...)
	return pickQuantile(g.tmp, 0.5)
}
