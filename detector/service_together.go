package detector

import "math"

// Together returns what the metrics of a service show together at time t (ms),
// for callers that want a word on every row of a service; false while fewer than
// two of its series can alarm or it is not known what they usually show together,
// and for a service that is not known. It changes
// nothing. Value is how many are odd, or (Group.Newly) have just become so, whichever is rarer, Upper
// how many it takes to alarm; Group names who is odd now, the oddest first. Phase is PhaseOngoing while an episode
// of the group is open, PhaseQuiet else.
func (b *Bank) Together(name string, t int64) (Verdict, bool) {
	b.register.RLock()
	i, ok := b.services.byName[name]
	b.register.RUnlock()
	if !ok {
		return Verdict{}, false
	}
	out, ok := b.services.at(i).together(&b.params, t)
	if !ok {
		return Verdict{}, false
	}
	newly := out.Group.Newly
	out.Group = b.nameGuilty(i, out.Group.Guilty)
	out.Group.Newly = newly
	return out, true
}

func (v *service) together(p *params, t int64) (Verdict, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	g := v.group // a copy, so that the group itself does not move on
	if v.able < p.Group.Least || g.young(p, t) && !g.Open {
		return Verdict{}, false
	}
	which, n, rarity := g.rarest(p, t)
	out := v.scored(p, t, v.need(p, t), which, n, rarity)
	if g.Open {
		out.Phase, out.Since, out.Peak = PhaseOngoing, g.Since, max(g.Peak, out.Score)
	}
	out.Expected = math.NaN()
	g.name(p, t)
	out.Group = &Group{Newly: which == oddNewly, Guilty: g.guilty()}
	return out, true
}
