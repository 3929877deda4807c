package rca

const (
	// explained is the part of the evidence of a dependency that explains away
	// evidence of the same size at what depends on it.
	explained = 0.5
	// backWeight is how much a step against the direction of calls counts: trouble
	// goes from what is called to its callers, but load goes the other way. What is
	// shared is left as easily as it is entered.
	backWeight = 0.3
	// restart is the chance to begin again at the symptom at each step.
	restart = 0.15
	// wanderings is the number of steps; 0.85^40 is under two in a thousand.
	wanderings = 40
	// stayLeast lets a walk stay where nothing is odd.
	stayLeast = 1e-6
	// unreached is what a node's score keeps that the symptom does not depend on,
	// as far as the graph knows.
	unreached = 0.5
)

// explain leaves of each node's evidence what the nodes it depends on do not
// explain. It is soft, because a dependency may be slow for a reason that lies with
// its caller.
func explain(n *nodes, all []weighed) {
	for i := range all {
		most := 0.0
		for _, a := range n.out[i] {
			most = max(most, all[a.to].own)
		}
		all[i].rest = max(all[i].own-explained*most, 0)
	}
}

// wander walks from the symptom along what nodes depend on, more often to those
// with more evidence, and stays where a node has more than all it depends on. It is
// a walk with restart after Kim, Sumbaly and Shah, "Root Cause Detection in a
// Service-Oriented Architecture" (MonitorRank), SIGMETRICS 2013. The cost is that
// of wanderings times the edges.
func wander(n *nodes, all []weighed, start int) {
	p, next := make([]float64, len(all)), make([]float64, len(all))
	p[start] = 1
	back := func(a arc) float64 {
		if a.shared {
			return all[a.to].own
		}
		return backWeight * all[a.to].own
	}
	for range wanderings {
		clear(next)
		for i, mass := range p {
			if mass == 0 {
				continue
			}
			sum, most := 0.0, 0.0
			for _, a := range n.out[i] {
				sum += all[a.to].own
				most = max(most, all[a.to].own)
			}
			for _, a := range n.in[i] {
				sum += back(a)
			}
			stay := max(all[i].own-most, 0) + stayLeast
			sum += stay
			move := mass * (1 - restart) / sum
			next[start] += mass * restart
			next[i] += move * stay
			for _, a := range n.out[i] {
				next[a.to] += move * all[a.to].own
			}
			for _, a := range n.in[i] {
				next[a.to] += move * back(a)
			}
		}
		p, next = next, p
	}
	for i := range all {
		all[i].walk = p[i]
	}
}

// combine sums a node's own evidence, what of it is not explained and the walk,
// each as a share of the largest.
func combine(all []weighed, distance []int, start int) {
	var own, rest, walk float64
	for i := range all {
		own, rest, walk = max(own, all[i].own), max(rest, all[i].rest), max(walk, all[i].walk)
	}
	share := func(x, most float64) float64 {
		if most <= 0 {
			return 0
		}
		return x / most
	}
	for i := range all {
		w := &all[i]
		if w.own <= 0 {
			continue // where nothing is odd nothing began
		}
		w.score = share(w.own, own) + share(w.rest, rest) + share(w.walk, walk)
		if start >= 0 && distance[i] < 0 {
			w.score *= unreached
		}
	}
}
