package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/tocsinhq/tocsin/detector"
)

// groupsSingle watches each metric of the groups as a series of its own, by the
// protocol of the detection bench: series of which no parameter of single series was
// chosen. An event is marked for all metrics of a group, so that most of what is
// missed cannot be seen in the metric at all: recall compares methods, and says
// nothing of how much is found.
func groupsSingle(cfg detector.Config, all []*group, out io.Writer) figures {
	var singles []*labelled
	for _, g := range all {
		marked := make([]bool, len(g.samples))
		for _, e := range g.events {
			for i := e.from; i <= e.to; i++ {
				marked[i] = true
			}
		}
		for m := range g.metrics {
			l := g.labelled
			l.name = fmt.Sprintf("%s/%d", g.name, m)
			l.heard(g.metrics[m], marked)
			singles = append(singles, &l)
		}
	}
	methods := append(slices.Clone(referenceLines),
		method{ours, ownScores(cfg)})
	results, together := compare(singles, methods)
	found := figures{}
	printResults(out, methods, results, together)
	recallFigures(results, found)
	falseAlarms(out, singles, cfg, found)
	following(out, singles, cfg, found)
	return found
}
