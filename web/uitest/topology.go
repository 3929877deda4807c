package uitest

import (
	"context"
	"math"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

// Topology is that of the shop: a front that calls checkout and search, a database and
// two hosts. Checkout is slow.
func (s *Shop) Topology(_ context.Context, r web.TopologyRequest) (web.Topology, error) {
	nan := telemetry.Number(math.NaN())
	at := time.Date(2026, time.January, 5, 10, 0, 0, 0, time.UTC)
	node := func(name, kind string, rate, errors, p95, self telemetry.Number) web.TopologyNode {
		return web.TopologyNode{Name: name, Kind: kind, Requests: rate, Errors: errors, P95: p95, Self: self}
	}
	edge := func(from, to, kind string, calls, client, server telemetry.Number) web.TopologyEdge {
		e := web.TopologyEdge{From: from, To: to, Kind: kind, Sources: []string{"spans"}, Seen: at, Weight: float64(calls) * 3600, Calls: calls, Errors: 0, Client: client, Server: server, Gap: client - server}
		if kind == "runs_on" {
			e.Sources, e.Weight = []string{"metrics"}, 0
			e.Calls, e.Errors = nan, nan
		}
		return e
	}
	out := web.Topology{At: at, Alias: map[string]string{"checkout.internal": "checkout"},
		Nodes: []web.TopologyNode{
			node("checkout", web.NodeService, 41, 0.071, 2.4, 1.9), node("front", web.NodeService, 82, 0.035, 2.6, 0.012), node("search", web.NodeService, 40, 0, 0.08, 0.06),
			node("payments", web.NodeService, 40, 0, 0.12, 0.1), node("postgresql:orders", web.NodeStore, nan, nan, nan, nan), node("node-1", web.NodeHost, nan, nan, nan, nan), node("node-2", web.NodeHost, nan, nan, nan, nan),
		},
		Edges: []web.TopologyEdge{
			edge("front", "checkout", "calls", 41, 1.9, 1.89), edge("front", "search", "calls", 40, 0.05, 0.045), edge("checkout", "payments", "calls", 40, 0.1, 0.09),
			edge("checkout", "postgresql:orders", "uses", 120, 0.004, nan), edge("checkout", "node-1", "runs_on", nan, nan, nan), edge("search", "node-2", "runs_on", nan, nan, nan), edge("front", "node-2", "runs_on", nan, nan, nan),
		},
	}
	out.Nodes[0].Incidents = []web.TopologyIncident{{ID: "01KE6Z0000000000000000000A", Title: "checkout: p95_latency is high", State: "open", Severity: "critical"}}
	out.More = r.Limit < len(out.Nodes)
	out.Nodes = out.Nodes[:min(r.Limit, len(out.Nodes))]
	return out, nil
}
