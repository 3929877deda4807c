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
	// What was seen gaugeOften times before, and in gaugeOftenShare of the points, is
	// ordinary.
	gaugeOften      = 4
	gaugeOftenShare = 0.025
	// gaugeDense is the share of the last minutes' points that must be there for
	// them to be a yardstick of their own.
	gaugeDense = 0.7
	// perRequest is the rate per request below which a move is nothing.
	perRequest = 0.01
)

// gauger measures series. Its slices are scratch memory.
type gauger struct {
	lo, hi   int64 // milliseconds: the trouble is later than lo and not later than hi
	onset    span
	baseline int64
	step     time.Duration

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
	full := s.complement()
	g.base, g.post = g.base[:0], g.post[:0]
	largest := 0.0
	for _, x := range p[from:i] {
		if finite(x.V) {
			v := x.V
			if full > 0 {
				v = full - v
			}
			g.base = append(g.base, v)
			largest = max(largest, math.Abs(v))
		}
	}
	for _, x := range p[i:] {
		if x.T > g.hi || len(g.post) == gaugeSince {
			break
		}
		if finite(x.V) {
			v := x.V
			if full > 0 {
				v = full - v
			}
			g.post = append(g.post, v)
			largest = max(largest, math.Abs(v))
		}
	}
	if len(g.base) < minBaseline || len(g.post) == 0 {
		return gauge{}, false
	}
	if ordinary(g.base, g.post, bad) {
		return gauge{}, false
	}
	y := g.yardstick(s, g.base, largest)
	out = gauge{kind: kindOf(s), shift: shift{series: s, z: g.stretch(y, g.post, bad), before: s.original(y.m)}}
	out.after = s.original(y.valueOf(out.z, g.post, bad))
	if out.z < noise {
		return out, true
	}
	near := sort.Search(i, func(k int) bool { return p[k].T >= g.lo-recent.Milliseconds() })
	if n := i - near; n >= minRecent && n <= len(g.base) && float64(n) >= gaugeDense*float64(recent)/float64(g.step) {
		// The last minutes kill what was odd already.
		out.z = min(out.z, g.stretch(g.yardstick(s, g.base[len(g.base)-n:], largest), g.post, bad))
	}
	if out.z >= noise {
		out.onset = firstOdd(s, y, g.onset)
		out.excess = max(out.score()-g.calm(s, y, i, bad), 0)
	}
	return out, true
}

// ordinary reports whether values as bad as the second worst since the onset were
// seen often before, which is cheap to tell and true of most series.
func ordinary(base, post []float64, bad int) bool {
	high, nextHigh := math.Inf(-1), math.Inf(-1)
	low, nextLow := math.Inf(1), math.Inf(1)
	for _, v := range post {
		if v > high {
			high, nextHigh = v, high
		} else {
			nextHigh = max(nextHigh, v)
		}
		if v < low {
			low, nextLow = v, low
		} else {
			nextLow = min(nextLow, v)
		}
	}
	if len(post) >= 3 {
		high, low = nextHigh, nextLow
	}
	above, below := 0, 0
	for _, v := range base {
		if v >= high {
			above++
		}
		if v <= low {
			below++
		}
	}
	often := max(gaugeOften, int(gaugeOftenShare*float64(len(base))))
	return (bad < 0 || above >= often) && (bad > 0 || below >= often)
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

// calm returns the score that counts for nothing. upto is the place of the first
// point since the onset.
func (g *gauger) calm(s *Series, y yardstick, upto, bad int) float64 {
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
	return max(pickQuantile(g.tmp, gaugeCalm), least)
}
