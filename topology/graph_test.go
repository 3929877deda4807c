package topology_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/topology"
)

// configured is a graph of "from to" calls.
func configured(t *testing.T, calls ...string) *topology.Graph {
	return newRig(t, func(c *topology.GraphConfig) {
		for _, s := range calls {
			from, to, _ := strings.Cut(s, " ")
			c.Calls = append(c.Calls, topology.Dependency{From: from, To: to})
		}
	}).graph
}

func rows(list ...string) []topology.Row {
	var out []topology.Row
	for _, s := range list {
		out = append(out, topology.Row{Labels: labels.FromStrings(strings.Fields(s)...), Value: 1})
	}
	return out
}

func TestRelated(t *testing.T) {
	g := configured(t, "web cart", "cart pay", "pay bank", "web search", "other alone")
	owner := topology.NewOwner(nil)
	g.NotePlaces(owner, rows("job alone instance box1:80", "job search instance box1:81", "job cart instance box2:80"), nil, noon)
	f := func(a, b string, want float64) {
		t.Helper()
		if got, back := g.Related(a, b), g.Related(b, a); got != want || back != want {
			t.Errorf("%s and %s: got %g, and %g the other way, want %g", a, b, got, back, want)
		}
	}
	f("web", "web", 1)
	f("nobody", "nobody", 1)
	f("web", "cart", 0.8)
	f("web", "bank", 0.8)
	f("cart", "search", 0.6) // both are called by web
	f("search", "alone", 0.6)
	f("web", "alone", 0)
	f("web", "nobody", 0)
	g = newRig(t, func(c *topology.GraphConfig) {
		c.Uses = []topology.Dependency{{From: "a", To: "db"}, {From: "b", To: "db"}}
	}).graph
	f("a", "b", 0.6)
	f("a", "db", 0.8)
	// A change of the graph is seen.
	g = configured(t, "web cart")
	f("cart", "alone", 0)
	g.NotePlaces(owner, rows("job cart instance box2:80"), nil, noon)
	g.NotePlaces(owner, rows("job alone node box2"), nil, noon)
	f("cart", "alone", 0.6)
}

func TestRelated_CrowdedHost_SaysNothing(t *testing.T) {
	g := configured(t)
	var list []string
	for i := range 30 {
		list = append(list, fmt.Sprintf("job s%d instance localhost:%d", i, i))
	}
	g.NotePlaces(topology.NewOwner(nil), rows(list...), nil, noon)
	if got := g.Related("s1", "s2"); got != 0 {
		t.Errorf("got %g", got)
	}
	nodes, edges := g.Around("s1", 50)
	if fmt.Sprint(nodes) != "[s1 localhost]" || len(edges) != 1 {
		t.Errorf("got %v %v", nodes, edges)
	}
}

func TestAround_NearestFirst_AndBounded(t *testing.T) {
	g := configured(t, "web cart", "cart pay", "pay bank", "mobile web", "far bank", "a b")
	nodes, edges := g.Around("web", 50)
	if got := fmt.Sprint(nodes); got != "[web cart mobile pay bank far]" || len(edges) != 5 {
		t.Errorf("got %s %v", got, edges)
	}
	if nodes, edges = g.Around("web", 3); fmt.Sprint(nodes) != "[web cart mobile]" || len(edges) != 2 {
		t.Errorf("got %v %v", nodes, edges)
	}
	if nodes, edges = g.Around("nobody", 50); fmt.Sprint(nodes) != "[nobody]" || len(edges) != 0 {
		t.Errorf("got %v %v", nodes, edges)
	}
}

func TestMeshes_EachMetric_GivesItsEdge(t *testing.T) {
	owner := topology.NewOwner(nil)
	meshes := topology.Meshes("5m", owner)
	f := func(metric, row, want string) {
		t.Helper()
		r := newRig(t, nil)
		for _, m := range meshes {
			if m.Metric == metric {
				r.graph.NoteMesh(m, owner, rows(row), time.Minute, noon)
			}
		}
		if got := r.edges(); got != want {
			t.Errorf("%s %s: got %q, want %q", metric, row, got, want)
		}
	}
	f("traces_service_graph_request_total", "client a server b", "a calls b [metrics]")
	f("istio_requests_total", "source_workload a destination_service_name b destination_workload b-v1", "a calls b [metrics]")
	f("istio_requests_total", "source_workload unknown destination_workload b", "")
	f("request_total", "deployment a dst_deployment b", "a calls b [metrics]")
	f("hubble_http_requests_total", "source shop/a destination shop/b", "a calls b [metrics]")
	f("hubble_http_requests_total", "source reserved:world destination shop/b", "")
	f("envoy_cluster_upstream_rq_total", "job a envoy_cluster_name b", "a calls b [metrics]")
	if got := meshes[1].Expr; got != `sum by (source_canonical_service, source_workload, destination_canonical_service, destination_service_name, destination_workload) (rate(istio_requests_total{reporter="destination"}[5m])) > 0` {
		t.Errorf("got %s", got)
	}
}

func TestPlaces_NodeThenPodThenInstance(t *testing.T) {
	r := newRig(t, nil)
	r.graph.NotePlaces(topology.NewOwner(nil),
		rows("job a instance 10.0.0.1:80 node n1", "job b pod b-1 instance 10.0.0.2:80", "job c pod c-1 instance 10.0.0.3:80", "job d instance http://box9:80/x"),
		rows("pod b-1 node n2"), noon)
	expect(t, r.edges(), "a runs_on n1 [metrics]\nb runs_on n2 [metrics]\nd runs_on box9 [metrics]")
}

func TestGraph_EdgesFade_AndAreForgotten(t *testing.T) {
	r := newRig(t, func(c *topology.GraphConfig) { c.Calls = []topology.Dependency{{From: "x", To: "y"}} })
	owner := topology.NewOwner(nil)
	tempo := topology.Meshes("5m", owner)[0]
	r.graph.NoteMesh(tempo, owner, rows("client a server b", "client x server y"), time.Minute, noon)
	list, _ := r.graph.All(noon.Add(time.Hour))
	if list[0].Weight != 30 || !list[0].Seen.Equal(noon) {
		t.Errorf("60 calls an hour ago: got %+v", list[0])
	}
	r.graph.Forget(noon.Add(23 * time.Hour))
	expect(t, r.edges(), "a calls b [metrics]\nx calls y [metrics config]")
	r.graph.Forget(noon.Add(25 * time.Hour))
	expect(t, r.edges(), "x calls y [config]")
}

func TestGraph_SaveAndLoad(t *testing.T) {
	r := newRig(t, func(c *topology.GraphConfig) { c.Calls = []topology.Dependency{{From: "x", To: "y"}} })
	root := r.span(1, 0, "web", "GET /", server, 100, 50)
	c := r.span(1, root, "web", "GET", client, 90, 10, peer("cart.internal"))
	r.span(1, c, "cart", "GET /", server, 88, 5)
	r.take()
	r.step(15 * time.Second)
	var b bytes.Buffer
	if err := r.graph.Save(&b); err != nil {
		t.Fatal(err)
	}
	next := newRig(t, nil)
	if err := next.graph.Load(bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	expect(t, next.edges(), "web calls cart [spans]")
	if got := next.graph.Resolve("cart.internal"); got != "cart" {
		t.Errorf("got %s", got)
	}
	for _, bad := range []string{"", "{", `{"version":2}`, `{"version":1,"edges":[{"from":"a","to":"b","kind":"loves"}]}`} {
		if err := newRig(t, nil).graph.Load(strings.NewReader(bad)); err == nil {
			t.Errorf("%q: want an error", bad)
		}
	}
}

func TestGraphConfig_Validate(t *testing.T) {
	f := func(change func(*topology.GraphConfig), want string) {
		t.Helper()
		c := topology.DefaultGraphConfig()
		change(&c)
		var got []string
		c.Validate(func(path, format string, args ...any) { got = append(got, path+": "+fmt.Sprintf(format, args...)) })
		if all := strings.Join(got, "; "); all != want {
			t.Errorf("got %q, want %q", all, want)
		}
	}
	f(func(*topology.GraphConfig) {}, "")
	f(func(c *topology.GraphConfig) { c.Calls = []topology.Dependency{{From: "a"}} }, `calls: want a service in from and in to, got from "a" to ""`)
	f(func(c *topology.GraphConfig) { c.Calls = []topology.Dependency{{From: "a", To: "a"}} }, `calls: want two services, got "a" twice`)
	f(func(c *topology.GraphConfig) { c.Alias = map[string]string{"a": ""} }, `alias: want another name and the service that it stands for, got "a" for ""`)
	f(func(c *topology.GraphConfig) { c.Spans.Step = 0 }, "spans.step: want 5s to 5m, got 0s")
	f(func(c *topology.GraphConfig) { c.Spans.MaxPending = 1 }, "spans.max_pending: want 1000 to 10000000, got 1")
}
