package rca

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

const (
	// mostSuspects is how many services a ranking lists.
	mostSuspects = 10
	// sureness turns a lead in score into odds, and unknownScore is the score that a
	// cause outside of what was looked at has when evidence is as strong as can be;
	// unknownMore is added when there is none.
	sureness     = 2.0
	unknownScore = 0.8
	unknownMore  = 2.0
	// surely and likely begin the bands of confidence.
	surely, likely = 0.75, 0.5
	// changeBoost is what a change at its own time adds to its service's evidence.
	changeBoost = 1.0
	// blindTrust is what an order of services counts that no graph stands behind.
	blindTrust = 1.0 / 3
)

// inquiry is what is known of the nodes around an incident.
type inquiry struct {
	*nodes
	all              []weighed
	start            int // the incident's own node, -1 without one
	distance, before []int
	order            []int // nodes with a score, the highest first
	probability      []float64
	strength         float64             // of the strongest evidence, in [0, 1)
	changed          []*telemetry.Change // by node, the one that fits best in time
	connected        bool                // whether any edge is known
	unknown          float64             // probability of a cause that was not looked at
	began            span                // when the trouble began, at the earliest and at the latest
}

// inquire ranks the nodes: evidence, changes, what explains what, and the walk.
func (r *ranker) inquire() *inquiry {
	began, looked := r.window()
	q := &inquiry{began: began, nodes: newNodes(&r.in), start: -1, connected: len(r.in.Graph.Edges) > 0}
	q.all = r.weigh(q.nodes, looked)
	for i := range q.all {
		q.strength = max(q.strength, q.all[i].own)
	}
	r.charge(q)
	explain(q.nodes, q.all)
	if r.in.Service != "" {
		q.start = q.at[q.real(r.in.Service)]
	}
	q.distance, q.before = q.reach(q.start)
	if q.start >= 0 {
		wander(q.nodes, q.all, q.start)
	}
	combine(q.all, q.distance, q.start)
	for i := range q.all {
		if q.all[i].score > 0 {
			q.order = append(q.order, i)
		}
	}
	slices.SortFunc(q.order, func(a, b int) int { return cmp.Or(cmp.Compare(q.all[b].score, q.all[a].score), a-b) })
	q.spread()
	return q
}

// charge raises the evidence of services that changed shortly before the onset, by
// the same factor of odds however much there is: a change says nothing of a service
// that shows nothing.
func (r *ranker) charge(q *inquiry) {
	fits := make([]float64, len(q.names))
	q.changed = make([]*telemetry.Change, len(q.names))
	for i := range r.in.Changes {
		ch := &r.in.Changes[i]
		at, known := q.at[q.real(ch.Service)]
		fit := r.fits(ch)
		if !known || fit <= 0 {
			continue
		}
		best := q.changed[at]
		if best == nil || fit > fits[at] || fit == fits[at] && later(ch, best) {
			fits[at], q.changed[at] = fit, ch
		}
	}
	for i := range q.all {
		w := &q.all[i]
		w.own = 1 - math.Pow(1-w.own, 1+changeBoost*fits[i])
	}
}

// later orders changes that fit alike as the ranking of changes does.
func later(a, b *telemetry.Change) bool {
	return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(b.ID, a.ID)) > 0
}

// fits is exp(-lag/tau) of a change that can be the cause, 0 of one that cannot.
func (r *ranker) fits(ch *telemetry.Change) float64 {
	lag := r.in.Onset.Sub(ch.Effective())
	switch {
	case lag < -(r.in.Step + time.Duration(r.cfg.ClockSkew)), ch.Effective().After(r.in.At), r.afterwards(ch),
		lag > time.Duration(r.cfg.Window),
		ch.Environment != "" && r.in.Environment != "" && ch.Environment != r.in.Environment:
		return 0
	}
	end := ch.Effective()
	if ch.Finished.After(end) {
		end = ch.Finished
	}
	return math.Exp(-float64(max(r.in.Onset.Sub(end), 0)) / float64(r.cfg.tau(ch.Kind)))
}

// spread turns scores into probabilities, of which a cause that was not looked at
// has a part.
func (q *inquiry) spread() {
	q.probability = make([]float64, len(q.all))
	unknown := math.Exp(sureness * (unknownScore + unknownMore*(1-q.strength)))
	sum := unknown
	for _, i := range q.order {
		q.probability[i] = math.Exp(sureness * q.all[i].score)
		sum += q.probability[i]
	}
	for i := range q.probability {
		q.probability[i] /= sum
	}
	q.unknown = unknown / sum
}

// shown is the evidence of a service as a share of the largest, 0 if none is strong.
func (q *inquiry) shown(service string) float64 {
	at, known := q.at[q.real(service)]
	if !known || q.strength <= 0 {
		return 0
	}
	return q.all[at].loaded / q.strength
}

// trust is the strength of the evidence, and a third of it where nothing is known
// of what depends on what: the loudest service is then as likely a victim.
func (q *inquiry) trust() float64 {
	if !q.connected {
		return q.strength * blindTrust
	}
	return q.strength
}

func band(p float64) string {
	switch {
	case p >= surely:
		return High
	case p >= likely:
		return Medium
	}
	return Low
}
