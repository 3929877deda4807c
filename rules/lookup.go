package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

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

// EnvironmentLabels returns the names that Environment asks, in their order. The caller
// must not change them.
func (e *Engine) EnvironmentLabels() []string { return e.cfg.EnvironmentLabels }

// RateWindow returns the range over which signals take rates: a recorded value is
// the mean over so long before its time.
func (e *Engine) RateWindow() time.Duration { return e.cfg.RateWindow.Std() }

// Services returns the services that had recorded signals at a time, sorted.
func (e *Engine) Services(ctx context.Context, at time.Time) ([]string, error) {
	cat := e.Catalogue()
	if cat == nil {
		return nil, nil
	}
	v, err := e.query(ctx, "group by (service) ("+signalSelector(cat, nil)+")", at)
	if err != nil {
		return nil, fmt.Errorf("list services: %w", err)
	}
	var out []string
	for _, s := range v {
		if name := s.Metric.Get("service"); name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// SeverityOf reads the common words for severities, such as page or sev1, as
// info, warning or critical; what it does not know is a warning.
func SeverityOf(word string) string { return severityOf(word) }
