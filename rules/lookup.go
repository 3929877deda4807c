package rules

import (
	"strings"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/rules/signal"
)

// SignalOf returns the signal that is recorded under the given metric name, such
// as tocsin:error_rate; false for any other series.
func (e *Engine) SignalOf(metric string) (signal.Signal, bool) {
	name, ok := strings.CutPrefix(metric, signal.Prefix)
	cat := e.Catalogue()
	if !ok || cat == nil {
		return signal.Signal{}, false
	}
	return cat.Lookup(name)
}

// Environment returns the environment of a series by the configured order of
// labels, "" when none has a value.
func (e *Engine) Environment(l labels.Labels) string {
	for _, n := range e.cfg.EnvironmentLabels {
		if v := l.Get(n); v != "" {
			return v
		}
	}
	return ""
}
