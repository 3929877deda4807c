package rules

import (
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// Recorded returns a func that reports whether evaluating the set writes series of
// a metric: those of recording rules, of alerts, and everything under the prefix
// of signals.
func (s RuleSet) Recorded() func(metric string) bool {
	names := map[string]bool{"ALERTS": true, "ALERTS_FOR_STATE": true}
	for _, f := range s.Files {
		for _, g := range f.Groups.Groups {
			for _, r := range g.Rules {
				names[r.Record] = names[r.Record] || r.Record != ""
			}
		}
	}
	return func(metric string) bool { return names[metric] || strings.HasPrefix(metric, signal.Prefix) }
}

// Lean returns the set with only those signals in its catalogue that its rules
// read, so that an evaluation costs what they need. Rules that select metrics by
// a pattern may read any.
func (s RuleSet) Lean() RuleSet {
	if s.Catalogue == nil {
		return s
	}
	var read []string // names of metrics
	all := false
	inspect := func(text string) {
		e, err := parser.NewParser(parser.Options{}).ParseExpr(text)
		if err != nil {
			all = true // it is for Load to say what is wrong
			return
		}
		parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
			if v, ok := n.(*parser.VectorSelector); ok {
				name := metricName(v)
				all = all || name == ""
				read = append(read, name)
			}
			return nil
		})
	}
	for _, f := range s.Alerts {
		for _, r := range f.Alerts {
			if r.Condition.Event != nil {
				continue
			}
			inspect(r.Explain())
			for _, c := range r.Condition.Comparisons() {
				read = append(read, c.Signal.Metric())
			}
		}
	}
	for _, f := range s.Files {
		for _, g := range f.Groups.Groups {
			for _, r := range g.Rules {
				inspect(r.Expr)
			}
		}
	}
	if all {
		return s
	}
	s.Catalogue = s.Catalogue.Only(func(name string) bool { return slices.Contains(read, signal.Prefix+name) })
	return s
}
