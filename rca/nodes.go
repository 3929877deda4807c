package rca

import (
	"maps"
	"slices"
)

// nodes are the services, hosts and stores around an incident, with the views of
// clients put to what they are views of, in the order of their names.
type nodes struct {
	names []string
	at    map[string]int
	alias map[string]string
	out   [][]arc // what a node depends on
	in    [][]arc // what depends on it
}

type arc struct {
	to     int
	shared bool // a host, database or queue, through which trouble also reaches others
}

// newNodes takes the nodes of a graph, those that have series and the incident's.
func newNodes(in *Input) *nodes {
	n := &nodes{at: map[string]int{}, alias: in.Graph.Alias}
	seen := map[string]bool{}
	take := func(name string) {
		if name != "" {
			seen[n.real(name)] = true
		}
	}
	take(in.Service)
	for i := range in.Series {
		take(in.Series[i].Service)
	}
	for _, e := range in.Graph.Edges {
		take(e.From)
		take(e.To)
	}
	n.names = slices.Sorted(maps.Keys(seen))
	for i, name := range n.names {
		n.at[name] = i
	}
	n.out, n.in = make([][]arc, len(n.names)), make([][]arc, len(n.names))
	for _, e := range in.Graph.Edges {
		from, ok1 := n.at[n.real(e.From)]
		to, ok2 := n.at[n.real(e.To)]
		if !ok1 || !ok2 || from == to {
			continue
		}
		shared := e.Kind == EdgeRunsOn || e.Kind == EdgeUses
		if k := slices.IndexFunc(n.out[from], func(a arc) bool { return a.to == to }); k >= 0 {
			n.out[from][k].shared = n.out[from][k].shared || shared
			continue
		}
		n.out[from] = append(n.out[from], arc{to, shared})
	}
	for from, list := range n.out {
		slices.SortFunc(list, func(a, b arc) int { return a.to - b.to })
		for _, a := range list {
			n.in[a.to] = append(n.in[a.to], arc{from, a.shared})
		}
	}
	return n
}

// real follows aliases to their end; a circle of them ends where it was entered.
func (n *nodes) real(name string) string {
	for range len(n.alias) {
		next, ok := n.alias[name]
		if !ok || next == "" {
			break
		}
		name = next
	}
	return name
}

// reach returns the distance of each node from start along what it depends on and
// through what is shared, and the node before it on a shortest way; -1 for nodes
// that cannot be reached.
func (n *nodes) reach(start int) (distance, before []int) {
	distance, before = make([]int, len(n.names)), make([]int, len(n.names))
	for i := range distance {
		distance[i], before[i] = -1, -1
	}
	if start < 0 {
		return distance, before
	}
	distance[start] = 0
	queue := []int{start}
	visit := func(from, to int) {
		if distance[to] < 0 {
			distance[to], before[to] = distance[from]+1, from
			queue = append(queue, to)
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, a := range n.out[at] {
			visit(at, a.to)
		}
		for _, a := range n.in[at] {
			if a.shared {
				visit(at, a.to)
			}
		}
	}
	return distance, before
}

// path names the nodes from the start of reach to one of its nodes.
func (n *nodes) path(to int, distance, before []int) []string {
	if to < 0 || distance[to] < 0 {
		return nil
	}
	var out []string
	for at := to; at >= 0; at = before[at] {
		out = append(out, n.names[at])
	}
	slices.Reverse(out)
	return out
}
