package detector

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"
)

// Guilt is the part of one metric in what a group shows.
type Guilt struct {
	Slot   Slot
	Labels labels.Labels // as registered; empty in a replay
	Rarity float64       // log10 of the hours between samples of this metric that are as odd
	Share  float64       // of the evidence of all that are odd, 0 to 1
}

// Group is what a Verdict of KindGroup tells of its service. It is not changed
// after it was handed over.
type Group struct {
	Service string
	Newly   bool    // the verdict's Value counts metrics that have just become odd, else all that are
	Guilty  []Guilt // the oddest first, five at most
}

// rare takes in a judged sample of a series of the service, whose chunk the
// caller has locked, and reports whether it was rare by touchLeast. Others
// cost one comparison.
func (v *service) rare(p *params, s *series, slot uint32, t int64, rarity float32) bool {
	if rarity == notRare || float64(rarity) < p.Group.TouchLeast-float64(s.Looks) {
		return false
	}
	if !s.has(flagAble) {
		s.set(flagAble)
		v.join(p, t)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.group.late(p, t) {
		return false
	}
	v.group.touch(p, slot, t, rarity, s.Step)
	return true
}

// alone returns the rarity from which a single series alarms; the caller holds
// the lock.
func (v *service) alone(p *params, t int64) float32 {
	return float32(-p.logBudget) + v.shareAt(p, t)
}

// groupScore is the score of a group, which pays for having a part of the budget
// only.
func groupScore(p *params, rarity float64) float64 {
	return score(-math.Log10(p.Service.GroupPart) - rarity)
}

// need returns the rarity from which the group alarms.
func (v *service) need(p *params, t int64) float64 {
	return -p.logBudget + v.groupShareAt(p, t)
}

// judge moves the group on to time t. It returns a verdict without names, which number
// it is about, and whether an episode has opened, changed or closed. While all is quiet, as
// it is nearly always, the verdict is left out unless full asks for it: it takes a dozen
// logarithms and exponentials.
func (v *service) judge(p *params, t int64, full bool) (out Verdict, which int, tell bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	g := &v.group
	if v.able < p.Group.Least && !g.Open || g.late(p, t) {
		return Verdict{}, oddNow, false
	}
	g.roll(p, t)
	which, n, rarity := g.rarest(p, t)
	if !g.Open && !full && rarity == float64(notRare) {
		return Verdict{}, which, false // which no need is as low as
	}
	need := v.need(p, t)
	phase := g.episode(p, t, rarity, need)
	if phase == PhaseQuiet && !full {
		return Verdict{}, which, false
	}
	out = v.scored(p, t, need, which, n, rarity)
	out.Phase = phase
	if out.Phase == PhaseOpened || out.Phase == PhaseChanged {
		g.name(p, t)
	}
	if out.Phase != PhaseQuiet {
		g.Peak = max(g.Peak, out.Score)
		out.Since, out.Peak = g.Since, g.Peak
	}
	return out, which, out.Phase != PhaseQuiet && out.Phase != PhaseOngoing
}

// scored returns the verdict on time t by what is rarest then, with a score that lies on
// the side of the threshold on which the rarity does.
func (v *service) scored(p *params, t int64, need float64, which, n int, rarity float64) Verdict {
	out := Verdict{Time: t, Value: float64(n), Lower: 0, Upper: v.group.reach(p, which, need), Kind: KindGroup, Score: groupScore(p, rarity)}
	if rarity >= need {
		out.Score = max(out.Score, groupScore(p, need))
	} else if rarity > need-rounding {
		out.Score = min(out.Score, math.Nextafter(groupScore(p, need), 0))
	}
	return out
}

// episode opens, holds and closes the group's episode. What keeps it open may be
// less odd than what opens it.
func (g *group) episode(p *params, t int64, rarity, need float64) Phase {
	if !g.Open {
		if rarity < need {
			return PhaseQuiet
		}
		g.Open, g.Quiet, g.Since, g.Last, g.Peak, g.Told = true, 0, t, t, 0, float32(rarity)
		return PhaseOpened
	}
	if rarity >= need-p.Group.Hold {
		g.Quiet, g.Last = 0, t
		if rarity >= float64(g.Told)+p.Episode.ToldMore {
			g.Told = float32(rarity)
			return PhaseChanged
		}
		return PhaseOngoing
	}
	if g.Quiet >= p.closeAfter && t-g.Last >= p.closeSpan {
		g.Open = false
		return PhaseClosed
	}
	return PhaseOngoing
}
