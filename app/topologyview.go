package app

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
	"github.com/tocsinhq/tocsin/web"
)

// topologyView draws up the graph with what is known of its nodes and edges now.
func (c *Core) topologyView(ctx context.Context, r web.TopologyRequest) (web.Topology, error) {
	now := c.now()
	edges, alias := c.graphs.graph.All(now)
	out := web.Topology{At: now.UTC(), Alias: alias}
	v := view{c: c, at: now, nodes: map[string]*web.TopologyNode{}, edges: map[[3]string]*web.TopologyEdge{}}
	var names []string
	if r.Service != "" {
		names, _ = c.graphs.graph.Around(r.Service, r.Limit+1)
	}
	for _, e := range edges {
		v.add(e)
	}
	if err := v.figures(ctx); err != nil {
		return out, err
	}
	if err := v.incidents(ctx); err != nil {
		return out, err
	}
	if r.Service == "" {
		names = v.byRequests()
	}
	out.More = len(names) > r.Limit
	shown := map[string]bool{}
	for _, n := range names[:min(len(names), r.Limit)] {
		shown[n] = true
		out.Nodes = append(out.Nodes, *v.node(n))
	}
	for _, e := range edges {
		if shown[e.From] && shown[e.To] {
			out.Edges = append(out.Edges, *v.edges[[3]string{e.From, e.To, e.Kind}])
		}
	}
	return out, nil
}

// view gathers what is known of nodes and edges.
type view struct {
	c     *Core
	at    time.Time
	nodes map[string]*web.TopologyNode
	edges map[[3]string]*web.TopologyEdge
}

var unknown = telemetry.Number(math.NaN())

func (v *view) node(name string) *web.TopologyNode {
	n := v.nodes[name]
	if n == nil {
		n = &web.TopologyNode{Name: name, Kind: web.NodeService, Requests: unknown, Errors: unknown, P95: unknown, Self: unknown}
		v.nodes[name] = n
	}
	return n
}

func (v *view) add(e topology.Edge) {
	v.node(e.From)
	to := v.node(e.To)
	switch e.Kind {
	case topology.Uses:
		to.Kind = web.NodeStore
	case topology.RunsOn:
		to.Kind = web.NodeHost
	}
	v.edges[[3]string{e.From, e.To, e.Kind}] = &web.TopologyEdge{From: e.From, To: e.To, Kind: e.Kind, Sources: e.Sources, Seen: e.Seen, Weight: e.Weight,
		Calls: unknown, Errors: unknown, Client: unknown, Server: unknown, Gap: unknown}
}

// byRequests returns all nodes, those with an incident and then those with the most
// requests first.
func (v *view) byRequests() []string {
	var names []string
	for n := range v.nodes {
		names = append(names, n)
	}
	known := func(x telemetry.Number) float64 {
		if math.IsNaN(float64(x)) {
			return -1
		}
		return float64(x)
	}
	slices.SortFunc(names, func(a, b string) int {
		x, y := v.nodes[a], v.nodes[b]
		return cmp.Or(cmp.Compare(len(y.Incidents), len(x.Incidents)), cmp.Compare(known(y.Requests), known(x.Requests)), cmp.Compare(a, b))
	})
	return names
}

// figures asks the store for what it has of the last minutes. Signals tell of nodes,
// whatever they are computed from.
func (v *view) figures(ctx context.Context) error {
	window := fmt.Sprintf("[%ds]", int(max(time.Minute, 3*v.c.graphs.every).Seconds()))
	rate := "[" + gatherer{c: v.c}.rates() + "]"
	node := func(to func(*web.TopologyNode) *telemetry.Number) func(labels.Labels, float64) {
		return func(l labels.Labels, x float64) {
			if n := v.nodes[l.Get("service")]; n != nil {
				*to(n) = telemetry.Number(x)
			}
		}
	}
	edge := func(to func(*web.TopologyEdge) *telemetry.Number) func(labels.Labels, float64) {
		return func(l labels.Labels, x float64) {
			if e := v.edges[[3]string{l.Get("client"), l.Get("server"), l.Get("kind")}]; e != nil {
				*to(e) = telemetry.Number(x)
			}
		}
	}
	const by = "(client, server, kind)"
	for _, q := range []struct {
		expr string
		take func(labels.Labels, float64)
	}{
		{"sum by (service) (" + signal.Prefix + "request_rate)", node(func(n *web.TopologyNode) *telemetry.Number { return &n.Requests })},
		{"max by (service) (" + signal.Prefix + "error_rate)", node(func(n *web.TopologyNode) *telemetry.Number { return &n.Errors })},
		{"max by (service) (" + signal.Prefix + "p95_latency)", node(func(n *web.TopologyNode) *telemetry.Number { return &n.P95 })},
		{"last_over_time(" + topology.SelfMetric + window + ")", node(func(n *web.TopologyNode) *telemetry.Number { return &n.Self })},
		{"sum by " + by + " (rate(" + topology.EdgeMetric + rate + "))", edge(func(e *web.TopologyEdge) *telemetry.Number { return &e.Calls })},
		{"sum by " + by + " (rate(" + topology.EdgeMetric + `{status="error"}` + rate + ")) / (sum by " + by + " (rate(" + topology.EdgeMetric + rate + ")) > 0)",
			edge(func(e *web.TopologyEdge) *telemetry.Number { return &e.Errors })},
		{"last_over_time(" + topology.ClientMetric + window + ")", edge(func(e *web.TopologyEdge) *telemetry.Number { return &e.Client })},
		{"last_over_time(" + topology.ServerMetric + window + ")", edge(func(e *web.TopologyEdge) *telemetry.Number { return &e.Server })},
		{"last_over_time(" + topology.GapMetric + window + ")", edge(func(e *web.TopologyEdge) *telemetry.Number { return &e.Gap })},
	} {
		list, err := v.c.Query(ctx, q.expr, v.at)
		if err != nil {
			return fmt.Errorf("figures of the service graph: %w", err)
		}
		for _, s := range list {
			q.take(s.Metric, s.F)
		}
	}
	return nil
}

// incidents puts the open incidents at their nodes.
func (v *view) incidents(ctx context.Context) error {
	open, err := v.c.incidents.List(ctx, incident.Filter{States: openStates})
	if err != nil {
		return fmt.Errorf("incidents of the service graph: %w", err)
	}
	for _, inc := range open {
		if n := v.nodes[v.c.graphs.graph.Resolve(inc.Service)]; n != nil {
			n.Incidents = append(n.Incidents, web.TopologyIncident{ID: inc.ID, Title: inc.Title, State: string(inc.State), Severity: string(inc.Severity)})
		}
	}
	return nil
}
