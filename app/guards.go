package app

import (
	"context"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// guards says what is known of what stood between changes and users: whether a
// deployment ran beside the version that it replaced, whether its stage takes failed
// ones back, and which signals have an alert. Whether anybody waited for a verdict, and
// what limits services have, nobody tells, so nothing is claimed of it. What cannot be
// read is left unknown.
func (c *Core) guards(ctx context.Context, list []telemetry.Change) rca.Guards {
	g := rca.Guards{Watched: c.watched(), Rollback: map[string]bool{}}
	p := c.stages.Load()
	for _, ch := range list {
		if i := p.Of(ch); i >= 0 {
			back := p.Stages()[i].Rollback
			g.Rollback[ch.ID] = back != nil && back.Enabled
		}
	}
	var err error
	if g.Canary, err = c.feed.Canaries(ctx, ids(list)); err != nil {
		c.log.Warn("which changes were canaries could not be read", "error", err)
	}
	return g
}

// watched names the signals that an alerting rule asks for, and is not nil.
func (c *Core) watched() map[string]bool {
	out := map[string]bool{}
	for _, rule := range c.engine.AlertingRules() {
		parser.Inspect(rule.Query(), func(n parser.Node, _ []parser.Node) error {
			if v, ok := n.(*parser.VectorSelector); ok {
				if s, known := c.engine.SignalOf(v.Name); known {
					out[s.Name] = true
				}
			}
			return nil
		})
	}
	return out
}
