package rules

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// gauges are what the engine counts of itself.
type gauges struct {
	set         *metrics.Set
	evaluations *metrics.Counter // groups evaluated
	failures    *metrics.Counter // rules whose evaluation failed
	missed      *metrics.Counter // evaluations skipped because their time had passed
	seconds     *metrics.Histogram
	refreshed   *metrics.Counter // reports of an alert whose state is as before
	changes     *metrics.Counter // change events seen
	late        *metrics.Counter // change events older than what is known
	forgotten   *metrics.Counter // attempts to store standing alerts that failed
}

func newGauges(set *metrics.Set) *gauges {
	if set == nil {
		set = metrics.NewSet()
	}
	return &gauges{
		set:         set,
		evaluations: set.NewCounter("tocsin_rules_group_evaluations_total"),
		failures:    set.NewCounter("tocsin_rules_evaluation_failures_total"),
		missed:      set.NewCounter("tocsin_rules_missed_evaluations_total"),
		seconds:     set.NewHistogram("tocsin_rules_evaluation_duration_seconds"),
		refreshed:   set.NewCounter("tocsin_rules_alert_refreshes_total"),
		changes:     set.NewCounter("tocsin_rules_changes_total"),
		forgotten:   set.NewCounter("tocsin_rules_memory_failures_total"),
		late:        set.NewCounter(`tocsin_rules_changes_ignored_total{reason="older_than_known"}`),
	}
}

// transition counts an alert that took a new state.
func (g *gauges) transition(s AlertState) {
	g.set.GetOrCreateCounter(fmt.Sprintf("tocsin_rules_alert_transitions_total{state=%q}", s)).Inc()
}

// load counts an attempt to load a rule set.
func (g *gauges) load(err error) {
	result := "loaded"
	if err != nil {
		result = "refused"
	}
	g.set.GetOrCreateCounter(fmt.Sprintf("tocsin_rules_loads_total{result=%q}", result)).Inc()
}

// watch registers the gauges that are read from the engine.
func (g *gauges) watch(e *Engine) {
	for _, s := range []AlertState{AlertFiring, AlertHeld, AlertStale} {
		g.set.NewGauge(fmt.Sprintf("tocsin_rules_alerts{state=%q}", s), func() float64 {
			n := 0
			for _, a := range e.Alerts() {
				if a.State == s {
					n++
				}
			}
			return float64(n)
		})
	}
	g.set.NewGauge("tocsin_rules_groups", func() float64 { return float64(len(e.RuleGroups())) })
}
