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

// Revisit looks again at anomalies of open incidents whose data had stopped, and at
// those that were told before this process began. The detector ended the episodes
// of the first, and may know nothing of the second when it had to start without a
// checkpoint: it has nothing to tell when data come that it does not find odd, so
// that without another look such an incident would stay open for ever. Whether the value is back where it was expected, or has
// only settled elsewhere, is the incident manager's to say.
func (c *Core) Revisit(ctx context.Context, now time.Time) error {
	if c.CatchingUp() {
		return nil
	}
	if err := c.endUntold(ctx, now); err != nil {
		return err
	}
	open, err := c.incidents.List(ctx, incident.Filter{States: openStates})
	if err != nil {
		return fmt.Errorf("revisit held anomalies: %w", err)
	}
	for _, inc := range open {
		for _, held := range inc.Occurrences {
			if o, ok := c.returned(held, now); ok {
				if err := c.incidents.Apply(ctx, c.excuse(ctx, o)); err != nil {
					return fmt.Errorf("revisit held anomaly %s: %w", held.Key, err)
				}
			}
		}
	}
	return nil
}

// returned says how an anomaly that is held, or is known from before the start,
// stands now that it has data; false when it is none, when it has none, or when the
// detector tells of it by itself.
func (c *Core) returned(held incident.Occurrence, now time.Time) (incident.Occurrence, bool) {
	before := held.Condition == incident.ConditionFiring && held.At.Before(c.opened)
	if held.Source != incident.SourceAnomaly || held.Condition != incident.ConditionHeld && !before {
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
	return c.closedBy(v, slot, held)
}

// closedBy words the newest verdict on the series of an anomaly as its end.
func (c *Core) closedBy(v detector.Verdict, slot detector.Slot, o incident.Occurrence) (incident.Occurrence, bool) {
	v.Slot, v.Phase, v.Since = slot, detector.PhaseClosed, o.Since.UnixMilli()
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
