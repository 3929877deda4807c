package store

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tocsinhq/tocsin/store/head"
)

// dashboards, and /api/v1/status/tsdb, ask the TSDB's own metrics for what is in memory.
// Of the base alone they would tell little, so that those of both parts take their places;
// see figures. Of exemplars the base has none.
const exemplarFigures = "prometheus_tsdb_exemplar_"

// Figures that both parts have and that are added up.
const (
	headChunks   = "prometheus_tsdb_head_chunks"
	headAppended = "prometheus_tsdb_head_samples_appended_total"
	headCreated  = "prometheus_tsdb_head_series_created_total"
	headRemoved  = "prometheus_tsdb_head_series_removed_total"
)

var addedFigures = [...]string{headChunks, headAppended, headCreated, headRemoved}

// Figures that are made anew.
var figureNames = [...]string{
	"prometheus_tsdb_head_series",
	"prometheus_tsdb_head_min_time", "prometheus_tsdb_head_min_time_seconds",
	"prometheus_tsdb_head_max_time", "prometheus_tsdb_head_max_time_seconds",
}

// replaced reports whether a metric of the base gives its place to another one, and the
// name by which that one adds to it, if it does.
func replaced(d *prometheus.Desc) (name string, ok bool) {
	text := d.String()
	is := func(name string) bool { return strings.Contains(text, `"`+name+`"`) }
	if i := slices.IndexFunc(addedFigures[:], is); i >= 0 {
		return addedFigures[i], true
	}
	return "", strings.Contains(text, `"`+exemplarFigures) || slices.ContainsFunc(figureNames[:], is)
}

// figures are the metrics of both parts together, those of figureNames first.
func (g *generation) figures() []prometheus.Collector {
	var out []prometheus.Collector
	add := func(help string, value func() float64) {
		out = append(out, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: figureNames[len(out)], Help: help}, value))
	}
	add("Series in memory.", func() float64 { return float64(g.numSeries()) })
	add("Time of the oldest sample in memory, in milliseconds.", func() float64 { return float64(g.minTime()) })
	add("Time of the oldest sample in memory, in seconds.", func() float64 { return float64(g.minTime()) / 1000 })
	add("Time of the newest sample, in milliseconds.", func() float64 { return float64(g.maxTime()) })
	add("Time of the newest sample, in seconds.", func() float64 { return float64(g.maxTime()) / 1000 })
	return append(out, g.addedFigures()...)
}

// addedFigures are those that are sums of what the parts have. A series that both have
// counts twice in them.
func (g *generation) addedFigures() []prometheus.Collector {
	base := func(name, label string) float64 { return valueOf(g.parts.added[name], label) }
	count := func(name, help string, labels prometheus.Labels, value func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, value)
	}
	const appended = "Samples that were stored since the start."
	ours := func() head.Counts { return g.head.Counts() }
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: headChunks, Help: "Chunks of series in memory."},
			func() float64 { return base(headChunks, "") + float64(ours().Chunks) }),
		count(headAppended, appended, prometheus.Labels{"type": "float"},
			func() float64 { return base(headAppended, "float") + float64(ours().Appended) }),
		count(headAppended, appended, prometheus.Labels{"type": "histogram"},
			func() float64 { return base(headAppended, "histogram") }),
		count(headCreated, "Series that were made since the start.", nil,
			func() float64 { return base(headCreated, "") + float64(ours().Created) }),
		count(headRemoved, "Series that memory has let go since the start.", nil,
			func() float64 { return base(headRemoved, "") + float64(ours().Removed) }),
	}
}

// valueOf returns the sum of the values of a gauge or counter, nil for none, over its
// metrics that have a label of that value; "" takes them all.
func valueOf(c prometheus.Collector, label string) float64 {
	if c == nil {
		return 0
	}
	metrics := make(chan prometheus.Metric)
	go func() { c.Collect(metrics); close(metrics) }()
	sum := 0.0
	for metric := range metrics {
		var m dto.Metric
		if metric.Write(&m) != nil {
			continue
		}
		if label == "" || slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == label }) {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sum
}
