package app

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"

	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
)

const (
	graphFile = "topology.json" // in the data folder
	// meshEvery is how often metrics are asked for which service calls which, over
	// meshWindow.
	meshEvery  = time.Minute
	meshWindow = 5 * time.Minute
	// aroundMost is how many nodes the neighbourhood of an incident has.
	aroundMost = 50
	// meshTimeout is how long one look at the metrics may take.
	meshTimeout = 20 * time.Second
)

// graphs is what is known of which service depends on which.
type graphs struct {
	graph   *topology.Graph
	spans   *topology.Spans
	now     func() time.Time
	batch   telemetry.Batch
	every   time.Duration
	stepped time.Time // when figures of spans last became samples
	asked   time.Time // when metrics were last asked for edges
}

// openTopology reads the graph of an earlier process.
func (c *Core) openTopology(o CoreOptions) error {
	cfg := o.Config.Topology
	g := topology.NewGraph(cfg)
	c.graphs = &graphs{graph: g, spans: topology.NewSpans(cfg.Spans, g), now: o.Now, every: cfg.Spans.Step.Std()}
	o.Metrics.RegisterMetricsWriter(c.graphs.spans.WriteMetrics)
	return c.graphKept().load(c.log, g.Load)
}

func (c *Core) graphKept() keepsake {
	return keepsake{filepath.Join(c.dir, graphFile), "the service graph"}
}

// saveTopology writes the graph in place of the old.
func (c *Core) saveTopology() error { return c.graphKept().save(c.graphs.graph.Save) }

// TakeSpans folds spans of one request; see ingest.SpanSink.
func (g *graphs) TakeSpans(b *telemetry.SpanBatch, r *telemetry.SpanResult) {
	g.spans.Take(b, r, g.now())
}

// TakeSpans folds spans that came now into the figures of their services.
func (c *Core) TakeSpans(b *telemetry.SpanBatch, r *telemetry.SpanResult) { c.graphs.TakeSpans(b, r) }

// StepTopology makes samples of the figures of spans and looks at the metrics that tell
// of calls, each when it is due at event time t. One caller at a time.
func (c *Core) StepTopology(ctx context.Context, t time.Time) error {
	g := c.graphs
	if t.Sub(g.asked) >= meshEvery {
		g.asked = t
		if err := c.askMeshes(ctx, t); err != nil && ctx.Err() == nil {
			c.log.Warn("metrics could not be asked for calls between services", "error", err)
		}
		g.graph.Forget(t)
	}
	if t.Sub(g.stepped) < g.every {
		return nil
	}
	g.stepped = t
	g.batch.Reset()
	g.batch.Source = "spans"
	g.spans.Step(&g.batch, t)
	if len(g.batch.Series) == 0 {
		return nil
	}
	res, err := c.writer.Write(ctx, &g.batch)
	if err != nil {
		return fmt.Errorf("store figures of spans: %w", err)
	}
	if n := res.RefusedTotal(); n > 0 {
		c.log.Warn("some figures of spans were refused", "refused", n, "first", res.Rejected[0].Message)
	}
	return nil
}

// askMeshes takes the edges that metrics show.
func (c *Core) askMeshes(ctx context.Context, t time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, meshTimeout)
	defer cancel()
	ask := func(expr string) ([]topology.Row, error) {
		list, err := c.Query(ctx, expr, t)
		rows := make([]topology.Row, len(list))
		for i, s := range list {
			rows[i] = topology.Row{Labels: s.Metric, Value: s.F}
		}
		return rows, err
	}
	for _, m := range topology.Meshes(model.Duration(meshWindow).String(), c.owner) {
		rows, err := ask(m.Expr)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		c.graphs.graph.NoteMesh(m, c.owner, rows, meshEvery, t)
	}
	places, err := ask(topology.PlacesExpr(c.owner))
	if err != nil {
		return fmt.Errorf("hosts of services: %w", err)
	}
	pods, err := ask(topology.PodsExpr)
	if err != nil {
		return fmt.Errorf("nodes of pods: %w", err)
	}
	c.graphs.graph.NotePlaces(c.owner, places, pods, t)
	return nil
}

// Related says how near two services are in the graph; see topology.Graph.Related.
func (c *Core) Related(a, b string) float64 { return c.graphs.graph.Related(a, b) }

// Topology returns the graph of services.
func (c *Core) Topology() *topology.Graph { return c.graphs.graph }

// around returns the neighbourhood of a service as root cause takes it.
func (g *graphs) around(service string) rca.Graph {
	_, edges := g.graph.Around(service, aroundMost)
	_, alias := g.graph.All(g.now())
	out := rca.Graph{Alias: alias}
	for _, e := range edges {
		out.Edges = append(out.Edges, rca.Edge{From: e.From, To: e.To, Kind: e.Kind})
	}
	return out
}

// topologyLoop makes samples of spans. It has a loop of its own, as metrics may take
// their time to answer.
func (a *App) topologyLoop(ctx context.Context, c *Core) error {
	return every(ctx, tickEvery, func() {
		if err := c.StepTopology(ctx, c.now()); err != nil && ctx.Err() == nil {
			c.log.Error("figures of spans could not be stored", "error", err)
		}
	})
}
