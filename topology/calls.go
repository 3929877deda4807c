package topology

import (
	"maps"
	"slices"
)

// Kinds of Call.
const (
	KindCalls  = "calls"   // From calls To
	KindRunsOn = "runs_on" // From runs on host To
	KindUses   = "uses"    // From uses the database or queue To
)

// How closely services are related, as Calls.Related says it.
const (
	RelatedSame   = 1.0
	RelatedPath   = 0.8 // one is reached from the other along calls
	RelatedShared = 0.6 // both are called by one service, use the same database or queue, or run on the same host
)

// Call is one edge between services, or from a service to what it stands on.
type Call struct {
	From, To string
	Kind     string // KindCalls when ""
}

// Calls knows which services depend on which. It is immutable and safe for
// concurrent use.
type Calls struct {
	reach  map[string]map[string]bool // all that is reached along calls
	stands map[string][]string        // sorted: what a service uses, runs on and is called by
}

// NewCalls builds it from edges in any order; those that are told twice count
// once. Time and space are O(services * calls).
func NewCalls(edges []Call) *Calls {
	next := map[string][]string{}
	stands := map[string]map[string]bool{}
	for _, e := range edges {
		if e.Kind == KindRunsOn || e.Kind == KindUses {
			if stands[e.From] == nil {
				stands[e.From] = map[string]bool{}
			}
			stands[e.From][e.To] = true
			continue
		}
		next[e.From] = append(next[e.From], e.To)
		if stands[e.To] == nil {
			stands[e.To] = map[string]bool{}
		}
		stands[e.To]["called by "+e.From] = true
	}
	c := &Calls{reach: map[string]map[string]bool{}, stands: map[string][]string{}}
	for from := range next {
		seen, todo := map[string]bool{}, []string{from}
		for len(todo) > 0 {
			at := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			for _, to := range next[at] {
				if !seen[to] {
					seen[to] = true
					todo = append(todo, to)
				}
			}
		}
		c.reach[from] = seen
	}
	for name, on := range stands {
		c.stands[name] = slices.Sorted(maps.Keys(on))
	}
	return c
}

// Related returns how closely two services are related, from 0 for not at all to
// 1 for the same. It costs the length of what they stand on. A nil Calls knows
// only what is the same.
func (c *Calls) Related(a, b string) float64 {
	switch {
	case a == b:
		return RelatedSame
	case c == nil:
		return 0
	case c.reach[a][b] || c.reach[b][a]:
		return RelatedPath
	}
	x, y := c.stands[a], c.stands[b]
	for len(x) > 0 && len(y) > 0 {
		switch {
		case x[0] == y[0]:
			return RelatedShared
		case x[0] < y[0]:
			x = x[1:]
		default:
			y = y[1:]
		}
	}
	return 0
}
