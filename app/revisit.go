package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
)

// Revisit looks again at anomalies of open incidents whose data had stopped. The
// detector ended their episodes then and has nothing to tell when data come back
// that it does not find odd, so that without another look such an incident would
// stay open for ever. Whether the value is back where it was expected, or has
// only settled elsewhere, is the incident manager's to say.
func (c *Core) Revisit(ctx context.Context, now time.Time) error {
	open, err := c.incidents.List(ctx, incident.Filter{States: openStates})
	if err != nil {
		return fmt.Errorf("revisit held anomalies: %w", err)
	}
	for _, inc := range open {
		for _, held := range inc.Occurrences {
			if o, ok := c.returned(held, now); ok {
				if err := c.incidents.Apply(ctx, o); err != nil {
					return fmt.Errorf("revisit held anomaly %s: %w", held.Key, err)
				}
			}
		}
	}
	return nil
}

// returned says how a held anomaly stands now that its data are back; false when
// it is none, when they are not, or when the detector tells of it by itself.
func (c *Core) returned(held incident.Occurrence, now time.Time) (incident.Occurrence, bool) {
	if held.Source != incident.SourceAnomaly || held.Condition != incident.ConditionHeld {
		return incident.Occurrence{}, false
	}
	l, ok := seriesOf(held)
	if !ok {
		return incident.Occurrence{}, false
	}
	slot := c.bank.Register(l)
	v, ok := c.bank.Last(slot)
	if !ok || v.Phase != detector.PhaseQuiet || v.Time <= held.At.UnixMilli() || now.Sub(time.UnixMilli(v.Time)) > c.maxLate {
		return incident.Occurrence{}, false
	}
	v.Slot, v.Phase, v.Since = slot, detector.PhaseClosed, held.Since.UnixMilli()
	return c.occurrence(v)
}

// seriesOf returns the labels of the series that an anomaly is about.
func seriesOf(o incident.Occurrence) (labels.Labels, bool) {
	text, ok := strings.CutPrefix(o.Key, incident.SeriesKey)
	if !ok {
		return labels.EmptyLabels(), false
	}
	l, err := parser.NewParser(parser.Options{}).ParseMetric(text)
	return l, err == nil
}
