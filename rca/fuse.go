package rca

import (
	"cmp"
	"math"
	"slices"
)

const (
	// fuseFloor is the part of its weight that a kind of evidence keeps when its
	// winner is hardly ahead of the next.
	fuseFloor = 0.2
	// fuseUsual is the part of what is usual in quiet times that a winner must beat.
	fuseUsual = 0.5
	// fuseMore is what each further series of a kind adds, and fuseMost how many do.
	fuseMore, fuseMost = 0.1, 3
	// fuseFull keeps one kind from deciding alone for certain.
	fuseFull = 0.999
)

// weighed is what is known of one node.
type weighed struct {
	gauges []gauge            // with an excess, the largest first
	by     [kindCount]float64 // excess by kind
	share  [kindCount]float64 // what a kind says for this node, in [0, 1)
	own    float64            // all kinds together, in [0, 1)
	kind   kind               // the kind that says most
	rest   float64            // own, less what the nodes it depends on explain
	walk   float64            // share of the time that a walk from the symptom is here
	score  float64            // all three, each by its largest; in [0, 3]
	loaded float64            // own before changes were looked at
}

// weigh measures all series and puts together what they say of each node.
func (r *ranker) weigh(n *nodes, in span) []weighed {
	all := make([]weighed, len(n.names))
	parts := make([][kindCount][]*Series, len(n.names))
	g := newGauger(r, in)
	for i := range r.in.Series {
		s := &r.in.Series[i]
		at := n.at[n.real(s.Service)]
		if k := kindOf(s); k.mixed() {
			parts[at][k] = append(parts[at][k], s)
		}
		if x, ok := g.measure(s); ok && x.excess > 0 {
			all[at].gauges = append(all[at].gauges, x)
		}
	}
	for i := range all {
		all[i].gather()
		for _, k := range []kind{kindLogs, kindCalls} {
			slices.SortFunc(parts[i][k], bySignal)
			all[i].by[k] = g.mixed(k, parts[i][k])
		}
	}
	fuse(all, g)
	return all
}

func bySignal(a, b *Series) int {
	return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Signal, b.Signal), cmp.Compare(a.Query, b.Query))
}

// gather sums the excess by kind: the largest, and a little for each further one.
func (w *weighed) gather() {
	slices.SortFunc(w.gauges, func(a, b gauge) int {
		return cmp.Or(cmp.Compare(b.excess, a.excess), bySignal(a.series, b.series))
	})
	var count [kindCount]int
	for _, x := range w.gauges {
		switch {
		case x.kind.mixed(): // judged by the mix
		case count[x.kind] == 0:
			w.by[x.kind] = x.excess
		case count[x.kind] <= fuseMost:
			w.by[x.kind] += fuseMore * x.excess
		}
		count[x.kind]++
	}
}

// fuse weighs each kind of evidence by how strong its winner is and how far it is
// ahead, of the next node now and of what is usual in quiet times, so that a kind
// in which nothing stands out stays silent. A node then has
//
//	own = 1 - product over kinds of (1 - weight * excess / largest excess)
//
// which is the noisy or of independent hints. Comparing raw scores over kinds
// would let the kind with the widest tails decide.
func fuse(all []weighed, g *gauger) {
	for k := range kindCount {
		first, second := 0.0, 0.0
		for i := range all {
			if x := all[i].by[k]; x > first {
				first, second = x, first
			} else {
				second = max(second, x)
			}
		}
		if first <= 0 {
			continue
		}
		margin := max(first-max(second, fuseUsual*g.usual(k)), 0) / first
		weight := traits[k].weight * (fuseFloor + (1-fuseFloor)*margin) * (1 - math.Exp(-first/traits[k].scale))
		for i := range all {
			all[i].share[k] = weight * all[i].by[k] / first
		}
	}
	for i := range all {
		w := &all[i]
		left := 1.0
		for k, x := range w.share {
			left *= 1 - min(x, fuseFull)
			if x > w.share[w.kind] {
				w.kind = kind(k)
			}
		}
		w.own = 1 - left
		w.loaded = w.own
	}
}
