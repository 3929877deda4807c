package app

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/signal"
	"github.com/tocsinhq/tocsin/telemetry"
)

// consumeBatch bounds the verdicts that are stored in one transaction.
const consumeBatch = 512

// Consume takes the given verdicts, which were read from the queue already, and
// then the queue until it is empty: each episode goes into the anomaly log, and
// those that are not late into the incident manager.
func (c *Core) Consume(ctx context.Context, now time.Time, first ...detector.Verdict) error {
	c.consumeMu.Lock()
	defer c.consumeMu.Unlock()
	for {
		batch := c.takeVerdicts(first)
		first = nil
		if len(batch) == 0 {
			return nil
		}
		if n, err := c.consume(ctx, batch, now); err != nil {
			c.metrics.verdictsFailed.Add(n)
			c.observer.lost.Store(true)
			return err
		}
	}
}

func (c *Core) takeVerdicts(out []detector.Verdict) []detector.Verdict {
	for len(out) < consumeBatch {
		select {
		case v := <-c.observer.queue:
			out = append(out, v)
		default:
			return out
		}
	}
	return out
}

// consume returns with an error how many of the verdicts it leaves undone.
func (c *Core) consume(ctx context.Context, batch []detector.Verdict, now time.Time) (undone int, err error) {
	reports := make([]incident.AnomalyReport, 0, len(batch))
	for _, v := range batch {
		if o, ok := c.occurrence(v); ok {
			reports = append(reports, incident.AnomalyReport{Occurrence: c.mark(o), Phase: v.Phase})
		}
	}
	if err := c.anomalies.RecordAll(ctx, reports); err != nil {
		return len(batch), fmt.Errorf("store anomalies: %w", err)
	}
	for i, r := range reports {
		if now.Sub(r.Occurrence.At) > c.maxLate {
			c.metrics.verdictsLate.Inc()
			continue
		}
		if err := c.incidents.Apply(ctx, c.excuse(ctx, r.Occurrence)); err != nil {
			return len(reports) - i, err
		}
	}
	return 0, nil
}

// occurrence adds to a verdict what is known of its series; false for one whose
// series is gone.
func (c *Core) occurrence(v detector.Verdict) (incident.Occurrence, bool) {
	if v.Group != nil {
		return c.groupOccurrence(v)
	}
	l := c.bank.Labels(v.Slot)
	if l.IsEmpty() {
		return incident.Occurrence{}, false // evicted, and its place is another's
	}
	vc := incident.VerdictContext{
		Verdict: v, Labels: l, Service: c.owner.Service(l),
		Environment: c.engine.Environment(l), Config: c.incidentConfig,
	}
	if s, ok := c.signalOf(l); ok {
		vc.Signal, vc.Unit, vc.Symptom, vc.Bad = s.Name, string(s.Unit), s.Symptom, bad(s.Bad)
	}
	return incident.FromVerdict(vc)
}

// signalOf returns the catalogue's entry of a recorded signal series.
func (c *Core) signalOf(l labels.Labels) (signal.Signal, bool) {
	return c.engine.SignalOf(l.Get(labels.MetricName))
}

func bad(d signal.Direction) int {
	switch d {
	case signal.Up:
		return 1
	case signal.Down:
		return -1
	}
	return 0
}

// Sweep lets the detector notice series that have gone silent by event time t. While it
// catches up it cannot know of any.
func (c *Core) Sweep(t time.Time) {
	if c.CatchingUp() {
		return
	}
	c.bank.Sweep(t.UnixMilli(), c.observer.tell)
}

// onAlerts takes the alerts of one evaluation from the rule engine.
func (c *Core) onAlerts(ctx context.Context, alerts []rules.Alert) {
	if err := c.routeAlerts(ctx, alerts); err != nil {
		c.log.Error("alerts could not be handed to the routes; what they missed is made good within a minute or two", "error", err)
	}
	if err := c.alertLog.Record(ctx, alerts); err != nil {
		c.metrics.alertsUnlogged.Add(len(alerts))
		c.log.Error("what alerts did is not in the alert log; people are told all the same", "error", err)
	}
	for _, a := range alerts {
		if a.Shadow {
			continue // counted in the log, and for nobody's eyes
		}
		o, ok := incident.FromAlert(a)
		if !ok {
			continue
		}
		if s, known := c.engine.SignalOf(signal.Prefix + a.Signal); known {
			o.Symptom = s.Symptom
		}
		o.Channels, o.Step = c.toldBy(a.Labels, a.Channels), telemetry.Number(c.ruleInterval.Seconds())
		if err := c.incidents.Apply(ctx, c.excuse(ctx, o)); err != nil {
			// A firing alert is reported again when its value changes; an end
			// that is lost here is only found again by Resume, at a start.
			c.metrics.alertsDropped.Inc()
			c.log.Error("a report of an alert could not be stored; should its incident stay open after a recovery, resolve it or restart",
				"alert", a.Name, "service", a.Service, "state", a.State, "error", err)
		}
	}
}
