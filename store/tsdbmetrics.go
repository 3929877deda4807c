package store

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// dashboards ask the TSDB's own metrics for what is in memory. Of the base alone they
// would tell little, so that those of both parts take their places; see figures. Of
// exemplars the base has none.
func replaced(d *prometheus.Desc) bool {
	text := d.String()
	return strings.Contains(text, `"prometheus_tsdb_exemplar_`) ||
		slices.ContainsFunc(figureNames[:], func(name string) bool { return strings.Contains(text, `"`+name+`"`) })
}

var figureNames = [...]string{
	"prometheus_tsdb_head_series",
	"prometheus_tsdb_head_min_time", "prometheus_tsdb_head_min_time_seconds",
	"prometheus_tsdb_head_max_time", "prometheus_tsdb_head_max_time_seconds",
}

// figures are the metrics of both parts together, in the order of figureNames.
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
	return out
}
