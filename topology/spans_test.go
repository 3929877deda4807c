package topology_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// rig folds made-up spans.
type rig struct {
	t     *testing.T
	graph *topology.Graph
	spans *topology.Spans
	batch telemetry.SpanBatch
	now   time.Time
	next  uint64
}

func newRig(t *testing.T, change func(*topology.GraphConfig)) *rig {
	c := topology.DefaultGraphConfig()
	if change != nil {
		change(&c)
	}
	c.Validate(func(path, format string, args ...any) { t.Errorf(path+": "+format, args...) })
	g := topology.NewGraph(c)
	return &rig{t: t, graph: g, spans: topology.NewSpans(c.Spans, g), now: noon}
}

// span adds a span from so many milliseconds before now, that took as many, under a
// parent, 0 for a root, and returns its number.
func (r *rig) span(trace byte, parent uint64, service, name string, kind telemetry.SpanKind, before, took int, change ...func(*telemetry.Span)) uint64 {
	r.next++
	s := r.batch.Next()
	s.TraceID[0] = trace
	binary.BigEndian.PutUint64(s.SpanID[:], r.next)
	binary.BigEndian.PutUint64(s.ParentID[:], parent)
	s.Service, s.Name, s.Kind = []byte(service), []byte(name), kind
	s.Start = r.now.Add(-time.Duration(before) * time.Millisecond).UnixNano()
	s.End = s.Start + int64(time.Duration(took)*time.Millisecond)
	for _, f := range change {
		f(s)
	}
	return r.next
}

func (r *rig) take() telemetry.SpanResult {
	var res telemetry.SpanResult
	r.spans.Take(&r.batch, &res, r.now)
	r.batch.Reset()
	return res
}

// step returns the samples of a step that match a prefix, a line each.
func (r *rig) step(after time.Duration, prefix ...string) string {
	r.now = r.now.Add(after)
	var b telemetry.Batch
	r.spans.Step(&b, r.now)
	var out []string
	for _, s := range b.Series {
		line := ""
		for i, p := range s.Labels {
			if i == 0 {
				line = string(p.Value)
				continue
			}
			line += fmt.Sprintf(" %s=%s", p.Name, p.Value)
		}
		for _, x := range s.Samples {
			line += fmt.Sprintf(" %.3g", x.V)
		}
		for _, x := range s.Histograms {
			line += fmt.Sprintf(" n=%d sum=%.3g", x.Int.Count, x.Int.Sum)
			if err := x.Int.Validate(); err != nil {
				r.t.Errorf("%s: %s", line, err)
			}
		}
		if slices.ContainsFunc(prefix, func(p string) bool { return strings.HasPrefix(line, p) }) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func (r *rig) edges() string {
	list, _ := r.graph.All(r.now)
	var out []string
	for _, e := range list {
		out = append(out, fmt.Sprintf("%s %s %s %v", e.From, e.Kind, e.To, e.Sources))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got, want = strings.TrimSpace(got), strings.TrimSpace(want); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

const (
	server   = telemetry.SpanServer
	client   = telemetry.SpanClient
	internal = telemetry.SpanInternal
	producer = telemetry.SpanProducer
	consumer = telemetry.SpanConsumer
)

func failed(s *telemetry.Span) { s.Failed = true }

func uses(system, target string, messaging bool) func(*telemetry.Span) {
	return func(s *telemetry.Span) {
		s.System, s.Target, s.Messaging = []byte(system), []byte(target), messaging
	}
}

func peer(name string) func(*telemetry.Span) {
	return func(s *telemetry.Span) { s.Peer = []byte(name) }
}

// A request to web calls cart twice at a time and asks a database in between; web
// itself takes what is left.
func TestSpans_OneTrace_FiguresAndEdges(t *testing.T) {
	r := newRig(t, nil)
	root := r.span(1, 0, "web", "GET /cart/77", server, 1000, 100)
	work := r.span(1, root, "web", "render", internal, 995, 90)
	a := r.span(1, work, "web", "GET", client, 990, 30)
	b := r.span(1, work, "web", "GET", client, 980, 30, failed)
	r.take() // the rest comes with another export
	r.span(1, a, "cart", "GET /items", server, 985, 20)
	r.span(1, b, "cart", "GET /items", server, 975, 20, failed)
	r.span(1, root, "web", "select", client, 940, 10, uses("postgresql", "orders", false))
	r.take()
	if got := r.step(5*time.Second, topology.SelfMetric); got != "" {
		t.Errorf("the trace may go on, got %s", got)
	}
	// 100 ms without 40 ms for both calls to cart together and 10 ms for the database.
	expect(t, r.step(5*time.Second, "tocsin_span_", "tocsin_edge"), `
tocsin_span_duration_seconds service=web operation=GET /cart/* n=1 sum=0.1
tocsin_span_self_seconds service=web 0.0521
tocsin_span_calls_per_root service=web 1
tocsin_span_duration_seconds service=cart operation=GET /items n=2 sum=0.04
tocsin_span_self_seconds service=cart 0.0201
tocsin_span_calls_per_root service=cart 2
tocsin_edge_calls_total service=cart client=web server=cart kind=calls status=ok 1
tocsin_edge_calls_total service=cart client=web server=cart kind=calls status=error 1
tocsin_edge_client_seconds service=cart client=web server=cart kind=calls 0.0299
tocsin_edge_server_seconds service=cart client=web server=cart kind=calls 0.0194
tocsin_edge_gap_seconds service=cart client=web server=cart kind=calls 0.0097
tocsin_edge_calls_total service=postgresql:orders client=web server=postgresql:orders kind=uses status=ok 1
tocsin_edge_calls_total service=postgresql:orders client=web server=postgresql:orders kind=uses status=error 0
tocsin_edge_client_seconds service=postgresql:orders client=web server=postgresql:orders kind=uses 0.0097`)
	expect(t, r.edges(), "web calls cart [spans]\nweb uses postgresql:orders [spans]")
	expect(t, r.step(15*time.Second, topology.SpansMetric, topology.SelfMetric, topology.GapMetric), `
tocsin_spans_total service=web operation=GET /cart/* status=ok 1
tocsin_spans_total service=web operation=GET /cart/* status=error 0
tocsin_spans_total service=cart operation=GET /items status=ok 1
tocsin_spans_total service=cart operation=GET /items status=error 1`)
}

func TestSpans_NamesOfOthers_AreAliasesOfWhoAnswers(t *testing.T) {
	r := newRig(t, func(c *topology.GraphConfig) { c.Alias = map[string]string{"pay.example": "pay"} })
	// At first the server's span is lost: what is called is known by its address.
	root := r.span(1, 0, "web", "GET /", server, 100, 50)
	r.span(1, root, "web", "GET", client, 90, 10, peer("cart.internal"))
	r.span(1, root, "web", "GET", client, 80, 10, peer("pay.example"))
	r.span(1, root, "web", "GET", client, 80, 10, peer("10.0.0.1"))
	r.take()
	r.step(15 * time.Second)
	expect(t, r.edges(), "web calls cart.internal [spans]\nweb calls pay [spans]")
	root = r.span(2, 0, "web", "GET /", server, 100, 50)
	c := r.span(2, root, "web", "GET", client, 90, 10, peer("cart.internal"))
	r.span(2, c, "cart", "GET /", server, 88, 5)
	r.take()
	r.step(15 * time.Second)
	expect(t, r.edges(), "web calls cart [spans]\nweb calls pay [spans]")
	if got := r.graph.Resolve("cart.internal"); got != "cart" {
		t.Errorf("got %s", got)
	}
}

func TestSpans_QueueBetween_IsUsedByBoth(t *testing.T) {
	r := newRig(t, nil)
	root := r.span(1, 0, "shop", "POST /order", server, 100, 20)
	p := r.span(1, root, "shop", "orders publish", producer, 95, 2, uses("kafka", "orders", true))
	r.span(1, p, "mailer", "orders process", consumer, 50, 30, uses("kafka", "orders", true))
	r.take()
	expect(t, r.step(15*time.Second, topology.SelfMetric), `
tocsin_span_self_seconds service=shop 0.0184
tocsin_span_self_seconds service=mailer 0.031`)
	expect(t, r.edges(), "mailer uses kafka:orders [spans]\nshop uses kafka:orders [spans]")
}

func TestSpans_Ceilings_AreKeptAndCounted(t *testing.T) {
	r := newRig(t, func(c *topology.GraphConfig) {
		c.Spans.MaxPending, c.Spans.MaxServices, c.Spans.MaxOperations = 1000, 20, 3
		c.MaxEdges = 100
	})
	for i := range 5000 {
		r.now = r.now.Add(time.Millisecond)
		root := r.span(byte(i), 0, fmt.Sprint("s", i%30), fmt.Sprint("do", i%7, "it"), server, 50, 10)
		r.span(byte(i), root, fmt.Sprint("s", i%30), "x", client, 45, 5, peer(fmt.Sprint("p", i)))
		r.take()
	}
	out := r.step(20*time.Second, topology.SpansMetric)
	if n := len(strings.Split(out, "\n")); n != 20*4*2 {
		t.Errorf("want 20 services of 3 operations and other, got %d series", n)
	}
	if !strings.Contains(out, "operation=other") {
		t.Errorf("got %s", out)
	}
	var w strings.Builder
	r.spans.WriteMetrics(&w)
	for _, want := range []string{"tocsin_topology_spans_total 10000\n", `{reason="too_many_services"} 3`, "tocsin_topology_held_spans 0\n", "tocsin_topology_span_edges 100\n", "tocsin_topology_services 20\n", "tocsin_topology_edges 100\n"} {
		if !strings.Contains(w.String(), want) {
			t.Errorf("want %s in\n%s", want, w.String())
		}
	}
	if strings.Contains(w.String(), "too_many_edges\"} 0") || strings.Contains(w.String(), "early_traces_total 0") || strings.Contains(w.String(), "other_operation_total 0") {
		t.Errorf("not counted:\n%s", w.String())
	}
	// Services that are gone leave room.
	r.now = r.now.Add(25 * time.Hour)
	r.step(0)
	r.span(1, 0, "new", "x", server, 50, 10)
	r.take()
	if out := r.step(20*time.Second, topology.SpansMetric); !strings.HasPrefix(out, "tocsin_spans_total service=new operation=x status=ok 1") {
		t.Errorf("got %s", out)
	}
}

func TestSpans_WrongTimes_AreRefused(t *testing.T) {
	r := newRig(t, nil)
	r.span(1, 0, "a", "old", server, 3600_000, 10)
	r.span(1, 0, "a", "new", server, -3600_000, 10)
	r.span(1, 0, "a", "good", server, 10, 10)
	res := r.take()
	if res.Taken != 1 || res.Refused[telemetry.ReasonSpanOld] != 1 || res.Refused[telemetry.ReasonSpanNew] != 1 || !strings.Contains(res.First, `"old" of service "a" ended at 2026-05-04T11:00:00.01Z`) {
		t.Errorf("got %+v", res)
	}
}

// Whatever comes in whatever shape, a self time is neither negative nor longer than
// its request, and nothing hangs.
func TestSpans_StrangeTraces_EndWell(t *testing.T) {
	r := newRig(t, nil)
	a, b := r.next+1, r.next+2
	r.span(1, b, "a", "x", internal, 100, 10)
	r.span(1, a, "a", "x", internal, 100, 10)
	r.span(1, a, "a", "x", client, 100, 10)
	self := r.next + 1
	r.span(2, self, "a", "x", server, 100, 10)
	r.span(2, self, "a", "x", client, 500, 5000)
	r.span(2, 99, "b", "x", client, 500, 1)
	r.batch.Spans[len(r.batch.Spans)-1].SpanID = r.batch.Spans[0].SpanID
	r.take()
	expect(t, r.step(15*time.Second, topology.SelfMetric), "tocsin_span_self_seconds service=a 0")
}

func TestGroup(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := topology.Group(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	f("GET /users/:id", "GET /users/:id")
	f("GET /users/42?page=3", "GET /users/*")
	f("GET /v1/orders/9f1c2ab0-aa11-4c1d-9e2f-1b2c3d4e5f60/items", "GET /v1/orders/*/items")
	f("face", "face")
	f("grpc.health.v1.Health/Check", "grpc.health.v1.Health/Check")
	f("select 5", "select *")
	f("", "")
}

func TestQuantiles_AreWithinABucket(t *testing.T) {
	r := newRig(t, nil)
	for i := range 1000 {
		r.span(byte(i), 0, "a", "x", server, 2000, i+1)
		r.batch.Spans[0].TraceID[1] = byte(i >> 8)
		r.take()
	}
	out := r.step(15*time.Second, topology.SelfMetric)
	var got float64
	if _, err := fmt.Sscanf(out, "tocsin_span_self_seconds service=a %g", &got); err != nil || math.Abs(got-0.9) > 0.09*0.9 {
		t.Errorf("want about 0.9, got %s %v", out, err)
	}
}
