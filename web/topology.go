package web

import (
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// TopologyRequest asks for the graph of services: all of it, or what is around Service.
type TopologyRequest struct {
	Service string
	Limit   int
}

// Topology is the answer of GET topology. Nodes are those with most requests first, or
// the nearest to the service that was asked for; edges are among them.
type Topology struct {
	At    time.Time         `json:"at"`
	Nodes []TopologyNode    `json:"nodes"`
	Edges []TopologyEdge    `json:"edges"`
	Alias map[string]string `json:"alias"` // other names of services, and the services
	More  bool              `json:"more"`  // there are nodes that are not shown
}

// TopologyNode is a service, a database or queue, or a host. Figures are those of the
// last minutes, null if they are not known.
type TopologyNode struct {
	Name      string             `json:"name"`
	Kind      string             `json:"kind"` // service, store or host
	Requests  telemetry.Number   `json:"requests_per_second"`
	Errors    telemetry.Number   `json:"error_ratio"`
	P95       telemetry.Number   `json:"p95_seconds"`
	Self      telemetry.Number   `json:"self_p90_seconds"` // of requests, without calls to others
	Incidents []TopologyIncident `json:"incidents"`        // that are open
}

// TopologyIncident is an open incident of a node.
type TopologyIncident struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	State    string `json:"state"`
	Severity string `json:"severity"`
}

// TopologyEdge says that one node depends on another. Figures are those of the last
// minutes as spans show them, null without.
type TopologyEdge struct {
	From    string           `json:"from"`
	To      string           `json:"to"`
	Kind    string           `json:"kind"`    // calls, uses or runs_on
	Sources []string         `json:"sources"` // spans, metrics, config
	Seen    time.Time        `json:"seen,omitzero"`
	Weight  float64          `json:"weight"` // calls seen, each counting half for every hour since
	Calls   telemetry.Number `json:"calls_per_second"`
	Errors  telemetry.Number `json:"error_ratio"`
	Client  telemetry.Number `json:"client_p50_seconds"`
	Server  telemetry.Number `json:"server_p50_seconds"`
	Gap     telemetry.Number `json:"gap_p50_seconds"`
}

// Kinds of a TopologyNode.
const (
	NodeService = "service"
	NodeStore   = "store"
	NodeHost    = "host"
)

func (s *server) topology(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	req := TopologyRequest{Service: q.text("service"), Limit: q.limit(100, maxLimit)}
	if err := q.err(); err != nil {
		return result{}, err
	}
	out, err := s.opts.Topology(r.Context(), req)
	if err != nil {
		return result{}, err
	}
	out.Nodes, out.Edges = orEmpty(out.Nodes), orEmpty(out.Edges)
	for i := range out.Nodes {
		out.Nodes[i].Incidents = orEmpty(out.Nodes[i].Incidents)
	}
	for i := range out.Edges {
		out.Edges[i].Sources = orEmpty(out.Edges[i].Sources)
	}
	if out.Alias == nil {
		out.Alias = map[string]string{}
	}
	return ok(out)
}
