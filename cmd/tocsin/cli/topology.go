package cli

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

type topologyCommand struct {
	remoteFlags
	Service string `arg:"" optional:"" help:"Only what is around this service."`
	Limit   int    `default:"100" help:"At most so many services, databases, queues and hosts."`
}

// Run prints which service depends on which, with figures of each.
func (c *topologyCommand) Run(ctx context.Context, s streams) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	t, err := cl.Topology(ctx, c.Service, c.Limit)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.out, t)
	}
	if len(t.Edges) == 0 {
		_, err := fmt.Fprintln(s.out, "nothing is known of who depends on whom; send traces to /v1/traces, or say it under topology.calls")
		return err
	}
	rows := [][]string{{"NAME", "KIND", "REQUESTS", "ERRORS", "P95", "ITSELF P90", "OPEN INCIDENTS"}}
	for _, n := range t.Nodes {
		rows = append(rows, []string{n.Name, n.Kind, figureOr(n.Requests, telemetry.UnitPerSecond), figureOr(n.Errors, telemetry.UnitRatio),
			figureOr(n.P95, telemetry.UnitSeconds), figureOr(n.Self, telemetry.UnitSeconds), incidentsOf(n)})
	}
	if err := table(s.out, rows); err != nil {
		return err
	}
	if t.More {
		if _, err := fmt.Fprintln(s.out, "... and more; --limit shows them"); err != nil {
			return err
		}
	}
	fmt.Fprintln(s.out)
	rows = [][]string{{"FROM", "KIND", "TO", "CALLS", "ERRORS", "CLIENT P50", "SERVER P50", "BETWEEN P50", "KNOWN BY", "SEEN"}}
	for _, e := range t.Edges {
		rows = append(rows, []string{e.From, strings.ReplaceAll(e.Kind, "_", " "), e.To, figureOr(e.Calls, telemetry.UnitPerSecond), figureOr(e.Errors, telemetry.UnitRatio),
			figureOr(e.Client, telemetry.UnitSeconds), figureOr(e.Server, telemetry.UnitSeconds), figureOr(e.Gap, telemetry.UnitSeconds),
			strings.Join(e.Sources, ", "), local(e.Seen)})
	}
	return table(s.out, rows)
}

// figureOr writes a figure, "-" if it is not known.
func figureOr(v telemetry.Number, unit string) string {
	if math.IsNaN(float64(v)) {
		return "-"
	}
	return telemetry.Figure(float64(v), unit)
}

func incidentsOf(n web.TopologyNode) string {
	var out []string
	for _, i := range n.Incidents {
		out = append(out, i.Severity+": "+i.Title)
	}
	return strings.Join(out, "; ")
}
