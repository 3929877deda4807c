package app

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"github.com/tocsinhq/tocsin/logs/watch"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/topology"
)

// evidence is what root cause reads of services: their signals, and what spans, log
// lines and restarts tell beside them.
type evidence struct{ c *Core }

// SignalSeries returns the series of the services as the ranker asks for them. What
// cannot be read beside the signals before the context ends is left out.
func (e evidence) SignalSeries(ctx context.Context, q rca.SeriesQuery) ([]rca.Series, error) {
	out, err := seriesSource{e.c.engine}.SignalSeries(ctx, q)
	if err != nil {
		return nil, err
	}
	g := gatherer{c: e.c, q: q, services: alternatives(q.Services)}
	for _, part := range []func(context.Context) ([]rca.Series, error){g.spans, g.gaps, g.used, g.restarts} {
		list, err := part(ctx)
		if err != nil {
			e.c.log.Warn("ranking without all evidence", "error", err)
			return out, nil
		}
		out = append(out, list...)
	}
	lines, err := g.lines(ctx, out)
	if err != nil {
		e.c.log.Warn("ranking without log lines", "error", err)
	}
	return append(out, lines...), nil
}

// gatherer reads the evidence for one ranking.
type gatherer struct {
	c        *Core
	q        rca.SeriesQuery
	services string // a regular expression, quoted for PromQL
}

// alternatives is a matcher's value for any of the names.
func alternatives(names []string) string {
	escaped := make([]string, len(names))
	for i, n := range names {
		escaped[i] = regexp.QuoteMeta(n)
	}
	return strconv.Quote(strings.Join(escaped, "|"))
}

// window is the range in which a value of a step of spans counts.
func (g gatherer) window() string {
	return model.Duration(max(g.q.Step, 3*g.c.graphs.every)).String()
}

// read returns the series of an expression, in the order of their labels.
func (g gatherer) read(ctx context.Context, expr string) (promql.Matrix, error) {
	q, err := g.c.query.NewRangeQuery(ctx, g.c.bands, nil, expr, g.q.From, g.q.To, g.q.Step)
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	defer q.Close()
	m, err := q.Exec(ctx).Matrix()
	if err != nil {
		return nil, fmt.Errorf("read evidence: %w", err)
	}
	out := make(promql.Matrix, len(m))
	for i, s := range m {
		out[i] = promql.Series{Metric: s.Metric.Copy(), Floats: slices.Clone(s.Floats)}
	}
	slices.SortFunc(out, func(a, b promql.Series) int { return labels.Compare(a.Metric, b.Metric) })
	return out, nil
}

func points(list []promql.FPoint) []telemetry.Sample {
	out := make([]telemetry.Sample, len(list))
	for i, p := range list {
		out[i] = telemetry.Sample{T: p.T, V: p.F}
	}
	return out
}

// spans reads the self time of services and how often they are called.
func (g gatherer) spans(ctx context.Context) ([]rca.Series, error) {
	var out []rca.Series
	for _, x := range []struct {
		metric, signal, source, unit string
		bad                          int
	}{
		{topology.SelfMetric, "time in the service itself (p90)", rca.SourceSelfTime, telemetry.UnitSeconds, 1},
		{topology.CallsMetric, "requests for each root request", rca.SourceCalls, "", 0},
	} {
		m, err := g.read(ctx, fmt.Sprintf("last_over_time(%s{service=~%s}[%s])", x.metric, g.services, g.window()))
		if err != nil {
			return nil, err
		}
		for _, s := range m {
			service := s.Metric.Get("service")
			out = append(out, rca.Series{Service: service, Signal: x.signal, Source: x.source, Unit: x.unit, Bad: x.bad,
				Query: fmt.Sprintf("%s{service=%q}", x.metric, service), Points: points(s.Floats)})
		}
	}
	return out, nil
}

// gaps reads by how much calls take longer for clients than for servers, as a mean over
// the edges of each service.
func (g gatherer) gaps(ctx context.Context) ([]rca.Series, error) {
	window := g.window()
	m, err := g.read(ctx, fmt.Sprintf("last_over_time(%[1]s{client=~%[2]s}[%[3]s]) or last_over_time(%[1]s{server=~%[2]s}[%[3]s])", topology.GapMetric, g.services, window))
	if err != nil {
		return nil, err
	}
	sums := map[string]map[int64][2]float64{}
	for _, s := range m {
		for _, node := range []string{s.Metric.Get("client"), s.Metric.Get("server")} {
			if !slices.Contains(g.q.Services, node) {
				continue
			}
			if sums[node] == nil {
				sums[node] = map[int64][2]float64{}
			}
			for _, p := range s.Floats {
				sum := sums[node][p.T]
				sums[node][p.T] = [2]float64{sum[0] + p.F, sum[1] + 1}
			}
		}
	}
	var out []rca.Series
	for _, node := range g.q.Services {
		if len(sums[node]) == 0 {
			continue
		}
		s := rca.Series{Service: node, Signal: "time between client and server (p50)", Source: rca.SourceEdgeGap, Unit: telemetry.UnitSeconds, Bad: 1,
			Query: fmt.Sprintf("%[1]s{client=%[2]q} or %[1]s{server=%[2]q}", topology.GapMetric, node)}
		for t, sum := range sums[node] {
			s.Points = append(s.Points, telemetry.Sample{T: t, V: sum[0] / sum[1]})
		}
		slices.SortFunc(s.Points, func(a, b telemetry.Sample) int { return cmp.Compare(a.T, b.T) })
		out = append(out, s)
	}
	return out, nil
}

// used reads how databases, queues and services that send no spans answer, as those who
// call them see it.
func (g gatherer) used(ctx context.Context) ([]rca.Series, error) {
	silent := fmt.Sprintf("unless on (server) last_over_time(%s{server=~%s}[5m])", topology.ServerMetric, g.services)
	var out []rca.Series
	for _, x := range []struct{ signal, source, unit, expr string }{
		{"time of calls to it (p50)", rca.SourceSelfTime, telemetry.UnitSeconds,
			fmt.Sprintf("avg by (server) (last_over_time(%s{server=~%s}[%s]) %s)", topology.ClientMetric, g.services, g.window(), silent)},
		{"share of calls to it that fail", rca.SourceMetric, telemetry.UnitRatio,
			fmt.Sprintf("sum by (server) (rate(%[1]s{server=~%[2]s,status=\"error\"}[%[3]s]) %[4]s) / (sum by (server) (rate(%[1]s{server=~%[2]s}[%[3]s]) %[4]s) > 0)",
				topology.EdgeMetric, g.services, g.rates(), silent)},
	} {
		m, err := g.read(ctx, x.expr)
		if err != nil {
			return nil, err
		}
		for _, s := range m {
			node := s.Metric.Get("server")
			out = append(out, rca.Series{Service: node, Signal: x.signal, Source: x.source, Unit: x.unit, Bad: 1,
				Query: fmt.Sprintf("%s{server=%q}", topology.ClientMetric, node), Points: points(s.Floats)})
		}
	}
	return out, nil
}

// rates is the range over which counters are looked at.
func (g gatherer) rates() string { return model.Duration(g.c.engine.RateWindow()).String() }

// restarts reads how often processes and containers of the services began anew.
func (g gatherer) restarts(ctx context.Context) ([]rca.Series, error) {
	by := strings.Join(g.c.owner.Labels(), ", ")
	var exprs []string
	for _, name := range g.c.owner.Labels() {
		exprs = append(exprs, fmt.Sprintf("sum by (%s) (changes(process_start_time_seconds{%s=~%s}[%s]))", by, name, g.services, g.rates()))
	}
	exprs = append(exprs, fmt.Sprintf("label_replace(sum by (container) (changes(kube_pod_container_status_restarts_total{container=~%s}[%s])), %q, \"$1\", \"container\", \"(.*)\")",
		g.services, g.rates(), g.c.owner.Labels()[0]))
	m, err := g.read(ctx, strings.Join(exprs, " or "))
	if err != nil {
		return nil, err
	}
	var out []rca.Series
	for _, s := range m {
		service := g.c.owner.Service(s.Metric)
		if !slices.Contains(g.q.Services, service) || !slices.ContainsFunc(s.Floats, func(p promql.FPoint) bool { return p.F != 0 }) {
			continue
		}
		out = append(out, rca.Series{Service: service, Signal: "restarts", Source: rca.SourceRestarts, Bad: 1, Points: points(s.Floats)})
	}
	return out, nil
}

// lines reads how many lines of each frequent template a service writes for a request,
// or for a second if its requests are not known.
func (g gatherer) lines(ctx context.Context, known []rca.Series) ([]rca.Series, error) {
	m, err := g.read(ctx, fmt.Sprintf("sum by (service, template, level) (rate(%s{service=~%s,template!=\"rest\"}[%s]))", watch.LinesMetric, g.services, g.rates()))
	if err != nil {
		return nil, err
	}
	requests := map[string]map[int64]float64{}
	for _, s := range known {
		if s.Signal != "request_rate" {
			continue
		}
		if requests[s.Service] == nil {
			requests[s.Service] = map[int64]float64{}
		}
		for _, p := range s.Points {
			requests[s.Service][p.T] += p.V
		}
	}
	var out []rca.Series
	for _, s := range m {
		service, id := s.Metric.Get("service"), s.Metric.Get("template")
		one := rca.Series{Service: service, Signal: g.template(id), Source: rca.SourceTemplate,
			Query: fmt.Sprintf("%s{service=%q,template=%q}", watch.LinesMetric, service, id)}
		if sev, ok := telemetry.ParseSeverity(s.Metric.Get("level")); ok && sev.Level() >= telemetry.SeverityWarn {
			one.Bad = 1
		}
		for _, p := range s.Floats {
			v := p.F
			if of := requests[service]; of != nil {
				if of[p.T] <= 0 {
					continue
				}
				v /= of[p.T]
			}
			one.Points = append(one.Points, telemetry.Sample{T: p.T, V: v})
		}
		out = append(out, one)
	}
	return out, nil
}

// template returns the text of a template by the id that its series have.
func (g gatherer) template(id string) string {
	if n, err := strconv.ParseUint(id, 16, 64); err == nil {
		if info, ok := g.c.lines.miner.Template(n); ok {
			return info.Text
		}
	}
	return "template " + id
}
