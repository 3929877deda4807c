package verdict

import (
	"fmt"
	"math"
)

// Arms are the two versions of a service that ran at the same time: a canary and what
// it is compared with. Blocks are those of Input; outside the time in which both ran
// they are NaN.
type Arms struct {
	// Label is the label by which series of the two are told apart, Canary and Baseline
	// its values.
	Label            string
	Canary, Baseline string
	Signals          []ArmSignal
	// Requests are requests per second to the canary per block, nil if nobody counts them.
	Requests []float64
}

// ArmSignal is one signal of both. Fields are as in Signal.
type ArmSignal struct {
	Name             string
	Unit             string
	Bad              int
	Floor            float64
	PerRequest       bool
	Canary, Baseline []float64
}

// Comparison is what a canary shows against its baseline in the same time.
type Comparison struct {
	Label    string       `json:"label"`
	Canary   string       `json:"canary"`
	Baseline string       `json:"baseline"`
	Evidence float64      `json:"evidence"` // the e-value of harm over all signals
	Signals  []ArmFinding `json:"signals"`  // the gravest first
}

// ArmFinding is what one signal shows.
type ArmFinding struct {
	Signal string `json:"signal"`
	Unit   string `json:"unit,omitempty"`
	// Baseline and Canary are medians of the blocks in which both have data, Shift the
	// median of their differences, with the signal's sign. Margin is the least shift that
	// counts as harm.
	Baseline float64 `json:"baseline"`
	Canary   float64 `json:"canary"`
	Shift    float64 `json:"shift"`
	Margin   float64 `json:"margin"`
	Harm     float64 `json:"harm"`
	Safe     float64 `json:"safe"`
	Blocks   int     `json:"blocks"`
	Lacks    string  `json:"lacks,omitempty"`
}

// stakes are the shares of its wealth that each bet puts on a sign; the wealth is
// divided evenly between them.
var stakes = [...]float64{0.1, 0.3, 0.5, 0.7, 0.9}

// wander is how many standard deviations of the differences between blocks their median
// must lie away to be a shift; see bench verdict for what it does to the error.
const wander = 2

// signs is an e-process of "the median of what is to come lies at or below zero,
// whatever came before": a bet on the sign of each value gains as much when it is
// above as it loses when it is below. It asks nothing else of the values: they may be
// skewed, of changing scale and hang together in any other way (a sequential sign test
// by betting; Waudby-Smith, Ramdas: Estimating means of bounded random variables by
// betting, 2024). A value of zero is taken as below.
type signs [len(stakes)]float64

func (s *signs) take(v float64) {
	sign := -1.0
	if v > 0 {
		sign = 1
	}
	for i, share := range stakes {
		s[i] += math.Log1p(sign * share)
	}
}

func (s *signs) wealth() float64 {
	sum := 0.0
	for _, l := range s {
		sum += math.Exp(l)
	}
	return sum / float64(len(stakes))
}

// compare judges a canary against its baseline in the blocks since the change began
// until the baseline was gone.
func (j *judgement) compare(a *Arms) *Comparison {
	c := &Comparison{Label: a.Label, Canary: a.Canary, Baseline: a.Baseline}
	harms := make([]signs, len(a.Signals))
	for _, s := range a.Signals {
		c.Signals = append(c.Signals, j.armFinding(a, s))
	}
	for k := j.armSince; k < j.armUntil; k++ {
		sum, n := 0.0, 0
		for i, s := range a.Signals {
			if c.Signals[i].Blocks == 0 {
				continue
			}
			if d, margin, ok := j.difference(s, k); ok {
				harms[i].take(d - margin)
			}
			sum, n = sum+harms[i].wealth(), n+1
		}
		if n > 0 {
			c.Evidence = max(c.Evidence, sum/float64(n))
		}
	}
	return c
}

// difference returns by how much the canary is worse in a block, and by how much it
// must be to do harm.
func (j *judgement) difference(s ArmSignal, block int) (d, margin float64, ok bool) {
	if block >= len(s.Canary) || block >= len(s.Baseline) {
		return 0, 0, false
	}
	x, y := s.Canary[block], s.Baseline[block]
	if math.IsNaN(x) || math.IsNaN(y) || math.IsInf(x, 0) || math.IsInf(y, 0) {
		return 0, 0, false
	}
	return (x - y) * float64(s.Bad), max(s.Floor, j.c.Relative*math.Abs(y), tiny), true
}

func (j *judgement) armFinding(a *Arms, s ArmSignal) ArmFinding {
	f := ArmFinding{Signal: s.Name, Unit: s.Unit}
	var harm, safe signs
	var canary, baseline, shifts, margins []float64
	for k := j.armSince; k < j.armUntil; k++ {
		d, margin, ok := j.difference(s, k)
		if !ok {
			continue
		}
		harm.take(d - margin)
		safe.take(margin - d)
		canary, baseline = append(canary, s.Canary[k]), append(baseline, s.Baseline[k])
		shifts, margins = append(shifts, d*float64(s.Bad)), append(margins, margin)
	}
	f.Blocks = len(shifts)
	f.Harm, f.Safe = harm.wealth(), safe.wealth()
	for _, x := range []struct {
		into *float64
		of   []float64
	}{{&f.Canary, canary}, {&f.Baseline, baseline}, {&f.Shift, shifts}, {&f.Margin, margins}} {
		level, _ := levelScale(x.of)
		*x.into = finite(level)
	}
	// What hangs together stays on one side for a while without any cause.
	if _, scale := levelScale(shifts); scale > 0 {
		f.Margin = max(f.Margin, wander*scale)
	}
	if f.Blocks < minBlocks {
		f.Lacks = fmt.Sprintf("%d of %d blocks in which both ran", f.Blocks, minBlocks)
	} else if n, known := j.requestsOf(a.Requests, j.armSince, j.armUntil); s.PerRequest && known && n < j.c.MinRequests {
		f.Lacks = fmt.Sprintf("%.0f of %.0f requests to the canary", n, j.c.MinRequests)
	}
	return f
}

// minArmBlocks is the least number of blocks on which a comparison condemns.
const minArmBlocks = 10

// longest returns how many blocks the signal with most of them has.
func (c *Comparison) longest() int {
	n := 0
	for _, f := range c.Signals {
		n = max(n, f.Blocks)
	}
	return n
}

// worse says whether the shift is in the bad direction and beyond the margin.
func (f ArmFinding) worse(bad int) bool { return f.Lacks == "" && f.Shift*float64(bad) >= f.Margin }

// bothRun says whether both versions had data in one of the latest three blocks: a
// change whose end nobody told is not under way when its old version is gone.
func (j *judgement) bothRun(a *Arms) bool {
	for _, s := range a.Signals {
		for k := max(j.armSince, j.armUntil-3); k < j.armUntil; k++ {
			if _, _, ok := j.difference(s, k); ok {
				return true
			}
		}
	}
	return false
}

// judgeArms lets the comparison speak: it may call a change faulty or suspicious by
// itself, and one that is under way healthy. While both versions run it outranks the
// comparison with the time before, since all else is the same for both.
func (j *judgement) judgeArms(v *Verdict) {
	if j.in.Arms == nil || len(j.in.Arms.Signals) == 0 {
		return
	}
	c := j.compare(j.in.Arms)
	v.Arms = c
	worse, judged, safe := false, 0, 0
	for i, f := range c.Signals {
		worse = worse || f.worse(j.in.Arms.Signals[i].Bad) && f.Harm >= suspicious
		if f.Lacks == "" {
			judged++
			if f.Safe >= excluded {
				safe++
			}
		}
	}
	if v.State == Faulty && j.in.Ended.IsZero() && j.bothRun(j.in.Arms) {
		// The service is worse than before. If both versions are, it is not the change's
		// doing; while that cannot be told, the word waits.
		switch {
		case judged > 0 && safe == judged:
			v.State, v.Final = Healthy, false
		case c.longest() < minArmBlocks:
			v.State, v.Final = Suspicious, false
		}
	}
	switch {
	// Both ways of judging may be wrong, so each has half of the accepted share.
	case worse && c.Evidence >= 2/j.c.Alpha && c.longest() >= minArmBlocks:
		v.State, v.Final = Faulty, true
	case v.State == Faulty:
	case worse && c.Evidence >= suspicious && !v.Final:
		v.State = Suspicious
	case v.State == Collecting && judged > 0 && safe == judged && j.in.At.Sub(j.in.Began) >= j.c.MinWatch+j.c.Settle:
		v.State = Healthy
	}
	orderArms(c)
}
