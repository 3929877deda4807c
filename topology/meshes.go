package topology

import (
	"net"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
)

// Mesh is a metric that tells which service calls which: that of a service mesh, or of
// a program that makes a graph of spans.
type Mesh struct {
	Name   string   // whose metric it is
	Metric string   // its name, to see whether there is any
	Expr   string   // PromQL for the calls per second of each edge
	From   []string // labels that name who calls, the first with a value; none: the labels of the series' service
	To     []string // and who is called
}

// Meshes returns the metrics that are looked at. window is that of their rates.
func Meshes(window string, owner Owner) []Mesh {
	rate := func(by []string, selector string) string {
		return "sum by (" + strings.Join(by, ", ") + ") (rate(" + selector + "[" + window + "])) > 0"
	}
	mesh := func(name, metric, match string, from, to []string) Mesh {
		by := append(slices.Clone(from), to...)
		if len(from) == 0 {
			by = append(owner.Labels(), to...)
		}
		return Mesh{Name: name, Metric: metric, Expr: rate(by, metric+match), From: from, To: to}
	}
	return []Mesh{
		mesh("service graphs of Tempo and the OpenTelemetry Collector", "traces_service_graph_request_total", "", []string{"client"}, []string{"server"}),
		mesh("Istio", "istio_requests_total", `{reporter="destination"}`,
			[]string{"source_canonical_service", "source_workload"},
			[]string{"destination_canonical_service", "destination_service_name", "destination_workload"}),
		mesh("Linkerd", "request_total", `{direction="outbound",dst_deployment!=""}`, []string{"deployment"}, []string{"dst_deployment"}),
		mesh("Cilium Hubble", "hubble_http_requests_total", "",
			[]string{"source_workload", "source_app", "source"}, []string{"destination_workload", "destination_app", "destination"}),
		mesh("Envoy", "envoy_cluster_upstream_rq_total", `{envoy_cluster_name!~".*[|].*|xds.*|admin.*"}`, nil, []string{"envoy_cluster_name"}),
	}
}

// Row is one series of an answer.
type Row struct {
	Labels labels.Labels
	Value  float64
}

// NoteMesh takes the edges of an answer to a Mesh, of calls per second, that were seen
// over a time up to at.
func (g *Graph) NoteMesh(m Mesh, owner Owner, rows []Row, over time.Duration, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range rows {
		from := owner.Service(r.Labels)
		if len(m.From) > 0 {
			from = first(r.Labels, m.From)
		}
		if to := first(r.Labels, m.To); meshName(from) != "" && meshName(to) != "" && r.Value > 0 {
			g.noteLocked(meshName(from), meshName(to), Calls, byMetrics, r.Value*over.Seconds(), at)
		}
	}
}

func first(l labels.Labels, names []string) string {
	for _, n := range names {
		if v := l.Get(n); v != "" {
			return v
		}
	}
	return ""
}

// meshName returns the service of a name in a mesh, "" for names that stand for no
// service. A namespace before it is left out.
func meshName(n string) string {
	if n == "unknown" || strings.HasPrefix(n, "reserved:") || isAddress(n) {
		return ""
	}
	return n[strings.LastIndexByte(n, '/')+1:]
}

// PlacesExpr is PromQL for where services run; PodsExpr for the nodes of pods, as
// kube-state-metrics tells them.
func PlacesExpr(owner Owner) string {
	return "group by (" + strings.Join(append(owner.Labels(), "pod", "node", "instance"), ", ") + ") (up)"
}

// PodsExpr is PromQL for the nodes that pods run on.
const PodsExpr = `group by (pod, node) (kube_pod_info{pod!="",node!=""})`

// NotePlaces takes the answers to PlacesExpr and PodsExpr: a service runs on the node
// that its series name, else on that of their pod, else on the host of their instance.
func (g *Graph) NotePlaces(owner Owner, places, pods []Row, at time.Time) {
	nodes := make(map[string]string, len(pods))
	for _, r := range pods {
		nodes[r.Labels.Get("pod")] = r.Labels.Get("node")
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range places {
		host := r.Labels.Get("node")
		if pod := r.Labels.Get("pod"); host == "" && pod != "" {
			host = nodes[pod]
		} else if host == "" {
			host = HostOf(r.Labels.Get("instance"))
		}
		if service := owner.Service(r.Labels); service != "" && host != "" {
			g.noteLocked(service, host, RunsOn, byMetrics, 0, at)
		}
	}
}

// HostOf returns the host of an instance, which may have a port or be an address of the web.
func HostOf(instance string) string {
	if _, rest, ok := strings.Cut(instance, "://"); ok {
		instance, _, _ = strings.Cut(rest, "/")
	}
	if host, _, err := net.SplitHostPort(instance); err == nil {
		return host
	}
	return instance
}
