package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/incident"
)

// endUntold ends the episodes whose end may not have been told, since verdicts were lost
// on their way: the queue was full, or they could not be stored.
func (c *Core) endUntold(ctx context.Context, now time.Time) error {
	if len(c.observer.queue) > 0 || !c.observer.lost.Swap(false) {
		return nil
	}
	c.consumeMu.Lock() // what was taken from the queue is stored first
	defer c.consumeMu.Unlock()
	if err := c.endEpisodes(ctx, now); err != nil {
		c.observer.lost.Store(true)
		return err
	}
	return nil
}

// endEpisodes ends the episodes in the log of anomalies of which the detector knows
// nothing any more. The end of one that has data is what these show; else it is lost, and
// what an incident holds of it waits until it is looked at again.
func (c *Core) endEpisodes(ctx context.Context, now time.Time) error {
	which := incident.AnomalyFilter{Open: true, Limit: page}
	for {
		open, err := c.anomalies.List(ctx, which)
		if err != nil {
			return fmt.Errorf("end episodes that are over: %w", err)
		}
		var over []incident.AnomalyReport
		for _, a := range open {
			if r, ok := c.over(a.Occurrence, now); ok {
				over = append(over, r)
			}
		}
		if err := c.anomalies.RecordAll(ctx, over); err != nil {
			return fmt.Errorf("end episodes that are over: %w", err)
		}
		for _, r := range over {
			if err := c.incidents.Apply(ctx, c.excuse(ctx, r.Occurrence)); err != nil {
				return fmt.Errorf("end the episode of %s: %w", r.Occurrence.Key, err)
			}
		}
		if len(open) < page {
			return nil
		}
		if len(over) == 0 {
			which.To = open[page-1].At
		}
	}
}

// over reports the end of an episode that the detector does not know, or has ended.
func (c *Core) over(o incident.Occurrence, now time.Time) (incident.AnomalyReport, bool) {
	end := incident.AnomalyReport{Occurrence: o, Phase: detector.PhaseLost}
	end.Occurrence.Condition = incident.ConditionHeld
	if o.At.Before(now) {
		end.Occurrence.At = now
	}
	if service, ok := strings.CutPrefix(o.Key, incident.GroupKey); ok {
		s, known := c.bank.Service(service, now.UnixMilli())
		if known {
			end.Phase, end.Occurrence.Condition = detector.PhaseClosed, incident.ConditionCleared
		}
		return end, !s.Open
	}
	l, ok := seriesOf(o)
	if !ok {
		return end, false
	}
	slot := c.bank.Lookup(l)
	v, known := c.bank.Last(slot)
	if known && v.Phase != detector.PhaseQuiet {
		return end, false
	}
	if known && v.Time > o.At.UnixMilli() {
		if closed, ok := c.closedBy(v, slot, o); ok {
			return incident.AnomalyReport{Occurrence: closed, Phase: detector.PhaseClosed}, true
		}
	}
	return end, true
}
