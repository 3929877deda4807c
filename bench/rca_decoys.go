package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// distractor begins the names of services that were made up.
const distractor = "distractor-"

// distracted is the input of a case with n more services, each called by a random
// one. Each has the series of a service that is there, but for the trouble: in its
// place are what the series were at random earlier times, at the same for all
// series of one service, so that they stay of one piece.
func (c *rcaCase) distracted(rnd *rand.Rand, n int) rca.Input {
	in := c.input(0)
	in.Series, in.Graph.Edges = slices.Clone(in.Series), slices.Clone(in.Graph.Edges)
	var names []string
	for _, s := range c.all {
		if !slices.Contains(names, s.Service) {
			names = append(names, s.Service)
		}
	}
	quiet := c.onset.Add(-2 * in.Step).UnixMilli()
	for k := range n {
		from, name := names[rnd.IntN(len(names))], fmt.Sprintf("%s%d", distractor, k)
		in.Graph.Edges = append(in.Graph.Edges, rca.Edge{From: names[rnd.IntN(len(names))], To: name, Kind: rca.EdgeCalls})
		draws := map[int64]float64{}
		for _, s := range c.all {
			if s.Service != from {
				continue
			}
			before := 0
			for before < len(s.Points) && s.Points[before].T < quiet {
				before++
			}
			if before == 0 {
				continue
			}
			s.Service, s.Points, s.Exposure = name, slices.Clone(s.Points), slices.Clone(s.Exposure)
			for i := before; i < len(s.Points); i++ {
				at, drawn := draws[s.Points[i].T]
				if !drawn {
					at = rnd.Float64()
					draws[s.Points[i].T] = at
				}
				j := int(at * float64(before))
				s.Points[i].V = s.Points[j].V
				if s.Exposure != nil {
					s.Exposure[i] = s.Exposure[j]
				}
			}
			in.Series = append(in.Series, s)
		}
	}
	return in
}

func isDistractor(service string) bool { return strings.HasPrefix(service, distractor) }

// rcaDecoys is how many changes of other services stand beside the true one.
const rcaDecoys = 20

// changes puts the change that caused a case, some minutes before it, among others
// within two hours, and then takes it away.
func (b *rcaRun) changes() {
	fmt.Fprintf(b.w, "\nchange among %d decoys\tdraws\tAC@1\tAC@3\tAvg@5\tnone fits, when it is left out\n", rcaDecoys)
	for _, set := range b.sets() {
		h, none := &hits{}, 0.0
		for i, c := range b.cases {
			if c.Dataset != set || c.Fault == "load" {
				continue // no change caused it
			}
			for seed := range b.seeds {
				in := c.input(0)
				in.Changes = c.decoys(rand.New(rand.NewPCG(seed, uint64(i))))
				h.add(slices.IndexFunc(rca.Rank(in, b.cfg).Findings, func(f rca.Finding) bool { return f.Change != nil && f.Change.ID == "true" }))
				in.Changes = in.Changes[1:]
				if rca.Rank(in, b.cfg).Findings[0].Change == nil {
					none++
				}
			}
		}
		fmt.Fprintf(b.w, "%s\t%s\t%.3f\n", set, h, none/max(h.n, 1))
		if set == "petshop" {
			b.found["change_ac1"], b.found["none_fits_right"] = h.ac(1), none/max(h.n, 1)
		}
	}
}

// decoys returns the true change first, then the others.
func (c *rcaCase) decoys(rnd *rand.Rand) []telemetry.Change {
	made := func(id, service string, before time.Duration) telemetry.Change {
		return telemetry.Change{ID: id, Kind: telemetry.KindDeployment, Service: service, Started: c.onset.Add(-before), Status: telemetry.StatusStarted}
	}
	out := []telemetry.Change{made("true", c.root, time.Duration(60+rnd.IntN(360))*time.Second)}
	var others []string
	for _, s := range c.all {
		if c.real(s.Service) != c.real(c.root) && s.Service != c.entry && !slices.Contains(others, s.Service) {
			others = append(others, s.Service)
		}
	}
	for k := range rcaDecoys {
		if len(others) == 0 {
			break
		}
		out = append(out, made(fmt.Sprintf("decoy%d", k), others[rnd.IntN(len(others))], time.Duration(rnd.IntN(7200))*time.Second))
	}
	return out
}
