package rca

import (
	"cmp"
	"slices"
)

// mostSuspects is how many services a ranking lists.
const mostSuspects = 10

func (r *ranker) suspects() []Cause {
	n := newNodes(&r.in)
	all := r.weigh(n, span{r.in.Onset.Add(-r.in.Step), r.post.to})
	explain(n, all)
	start := -1
	if r.in.Service != "" {
		start = n.at[n.real(r.in.Service)]
	}
	distance, before := n.reach(start)
	if start >= 0 {
		wander(n, all, start)
	}
	combine(all, distance, start)
	var out []Cause
	for i := range all {
		w := &all[i]
		if w.score > 0 {
			c := Cause{Service: n.names[i], Kind: w.kind.String(), Score: w.score, Path: n.path(i, distance, before)}
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Cause) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Service, b.Service)) })
	return out[:min(len(out), mostSuspects)]
}
