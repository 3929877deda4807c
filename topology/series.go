package topology

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/tocsinhq/tocsin/telemetry"
)

// Names of the series that are made of spans. All have the label service.
const (
	SpansMetric    = "tocsin_spans_total"           // requests answered, by operation and status
	DurationMetric = "tocsin_span_duration_seconds" // native histogram, by operation
	SelfMetric     = "tocsin_span_self_seconds"     // p90 of the time that requests took in the service itself
	CallsMetric    = "tocsin_span_calls_per_root"   // requests answered for each root of a trace
	EdgeMetric     = "tocsin_edge_calls_total"      // by client, server, kind and status
	ClientMetric   = "tocsin_edge_client_seconds"   // median of calls as the client sees them
	ServerMetric   = "tocsin_edge_server_seconds"   // and as the server does
	GapMetric      = "tocsin_edge_gap_seconds"      // median of the one minus the other, call by call
)

// Step finishes the traces that are complete by event time at and appends the figures of
// the step to a batch, whose memory is the caller's. Counters are from the start of the
// process; medians and quantiles are those of the step, and are left out when nothing
// came in it.
func (s *Spans) Step(b *telemetry.Batch, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = max(s.now, at.UnixMilli())
	s.due(at)
	s.forget(at)
	t := at.UnixMilli()
	for _, x := range s.order {
		s.operations(b, x, t)
		if x.self.count > 0 {
			gauge(b, SelfMetric, t, x.self.quantile(0.9), "service", x.name)
			x.self.reset()
		}
		if s.roots > 0 && x.entries > 0 {
			gauge(b, CallsMetric, t, float64(x.entries)/float64(s.roots), "service", x.name)
		}
		x.entries = 0
	}
	s.roots = 0
	keys := slices.SortedFunc(maps.Keys(s.links), func(a, b linkKey) int {
		return cmp.Or(cmp.Compare(a.client, b.client), cmp.Compare(a.server, b.server), cmp.Compare(a.kind, b.kind))
	})
	for _, key := range keys {
		s.edge(b, key, s.links[key], at)
	}
}

// forget lets services and edges go that sent nothing for GraphConfig.Keep, so that
// names that are no longer used leave room for new ones.
func (s *Spans) forget(at time.Time) {
	oldest := at.Add(-time.Duration(s.graph.config.Keep)).UnixMilli()
	s.order = slices.DeleteFunc(s.order, func(x *service) bool {
		if x.seen >= oldest {
			return false
		}
		delete(s.services, x.key)
		return true
	})
	maps.DeleteFunc(s.links, func(_ linkKey, l *link) bool { return l.last < oldest })
}

func (s *Spans) operations(b *telemetry.Batch, x *service, t int64) {
	for _, name := range slices.Sorted(maps.Keys(x.operations)) {
		o := x.operations[name]
		gauge(b, SpansMetric, t, float64(o.ok), "service", x.name, "operation", name, "status", "ok")
		gauge(b, SpansMetric, t, float64(o.failed), "service", x.name, "operation", name, "status", "error")
		h := series(b, DurationMetric, "service", x.name, "operation", name)
		h.Histograms = append(h.Histograms[:0], telemetry.HistogramSample{T: t, Int: o.took.native()})
	}
}

// edge appends the figures of one edge. Their service is the server: what is wrong with
// a call is wrong with it or the way to it.
func (s *Spans) edge(b *telemetry.Batch, key linkKey, l *link, at time.Time) {
	t := at.UnixMilli()
	pairs := []string{"service", key.server, "client", key.client, "server", key.server, "kind", key.kind}
	gauge(b, EdgeMetric, t, float64(l.ok), append(pairs, "status", "ok")...)
	gauge(b, EdgeMetric, t, float64(l.failed), append(pairs, "status", "error")...)
	if l.client.count > 0 {
		gauge(b, ClientMetric, t, l.client.quantile(0.5), pairs...)
		if l.server.count > 0 {
			gauge(b, ServerMetric, t, l.server.quantile(0.5), pairs...)
			gauge(b, GapMetric, t, l.gap.quantile(0.5), pairs...)
		}
		l.client.reset()
		l.server.reset()
		l.gap.reset()
	}
	if l.seen > 0 {
		s.graph.note(key.client, key.server, key.kind, bySpans, float64(l.seen), at)
		l.seen = 0
	}
}

func series(b *telemetry.Batch, name string, pairs ...string) *telemetry.Series {
	s := b.Next()
	s.Labels = append(s.Labels[:0], telemetry.Pair{Name: []byte("__name__"), Value: []byte(name)})
	for i := 0; i < len(pairs); i += 2 {
		s.Labels = append(s.Labels, telemetry.Pair{Name: []byte(pairs[i]), Value: []byte(pairs[i+1])})
	}
	return s
}

func gauge(b *telemetry.Batch, name string, t int64, v float64, pairs ...string) {
	s := series(b, name, pairs...)
	s.Samples = append(s.Samples[:0], telemetry.Sample{T: t, V: v})
}

// WriteMetrics writes what came and what is held in the text format of Prometheus.
func (s *Spans) WriteMetrics(out io.Writer) {
	s.mu.Lock()
	c, held, traces, services, links := s.counts, s.held.spans, len(s.held.traces), len(s.services), len(s.links)
	s.mu.Unlock()
	edges, overflow := s.graph.Edges()
	for _, x := range []struct {
		name string
		n    uint64
	}{
		{`tocsin_topology_spans_total`, c.taken},
		{`tocsin_topology_traces_total`, c.traces},
		{`tocsin_topology_dropped_total{reason="span_too_old"}`, c.old},
		{`tocsin_topology_dropped_total{reason="span_in_future"}`, c.future},
		{`tocsin_topology_dropped_total{reason="too_many_services"}`, c.folded},
		{`tocsin_topology_dropped_total{reason="too_many_edges"}`, c.linksDropped + overflow},
		{`tocsin_topology_dropped_total{reason="client_without_peer"}`, c.clientsUnnamed},
		{`tocsin_topology_dropped_total{reason="span_id_repeated"}`, c.repeated},
		{`tocsin_topology_other_operation_total`, c.otherOperation},
		{`tocsin_topology_early_traces_total`, c.early},
		{`tocsin_topology_held_spans`, uint64(held)},
		{`tocsin_topology_held_traces`, uint64(traces)},
		{`tocsin_topology_services`, uint64(services)},
		{`tocsin_topology_span_edges`, uint64(links)},
		{`tocsin_topology_edges`, uint64(edges)},
	} {
		fmt.Fprintf(out, "%s %d\n", x.name, x.n)
	}
}
