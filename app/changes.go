package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

// RecordChange stores a change, shows it to the rules that speak of changes and
// puts it on the timeline of the open incident of its service. Created is false
// when a known change was brought up to date.
func (c *Core) RecordChange(ctx context.Context, ch telemetry.Change, at time.Time) (telemetry.Change, bool, error) {
	ch, created, err := c.feed.Record(ctx, ch, at)
	if err != nil {
		return ch, false, err
	}
	return ch, created, c.told(ctx, ch, at)
}

// told shows a change to the rules that speak of changes, after the one that it rolled
// back, and puts it on the timeline of open incidents.
func (c *Core) told(ctx context.Context, ch telemetry.Change, at time.Time) error {
	if id := ch.Labels[change.LabelRevert]; id != "" && ch.Status == telemetry.StatusSucceeded {
		undone, err := c.feed.Get(ctx, id)
		if err == nil && undone.Status == telemetry.StatusRolledBack {
			c.engine.Change(ctx, undone, at)
		} else if err != nil && !errors.Is(err, change.ErrNotFound) {
			return err
		}
	}
	c.engine.Change(ctx, ch, at)
	return c.noteChange(ctx, ch, at)
}

// noteChange adds the change to open incidents of the same service.
func (c *Core) noteChange(ctx context.Context, ch telemetry.Change, at time.Time) error {
	return c.note(ctx, ch, at, ch.Title()+": "+string(ch.Status), ch.ID+" "+string(ch.Status))
}

// noteVerdict adds the word on a change to open incidents of the same service.
func (c *Core) noteVerdict(ctx context.Context, ch telemetry.Change, v verdict.Verdict, at time.Time) error {
	return c.note(ctx, ch, at, ch.Title()+" is judged "+string(v.State)+": "+v.Reason, ch.ID+" verdict "+string(v.State))
}

// note adds a text about a change to open incidents of the same service, once for each key.
func (c *Core) note(ctx context.Context, ch telemetry.Change, at time.Time, text, key string) error {
	open, err := c.incidents.List(ctx, incident.Filter{
		Service: ch.Service, States: openStates,
	})
	if err != nil {
		return err
	}
	for _, inc := range open {
		if ch.Environment != "" && inc.Environment != "" && ch.Environment != inc.Environment {
			continue
		}
		_, _, err := c.incidents.AppendEvent(ctx, incident.Event{
			Incident: inc.ID, Kind: incident.EventChange, At: at, Actor: "tocsin",
			Text: text, Key: key,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// resume tells the rule engine, after a start, which alerts were firing and
// which changes it may have to speak of.
func (c *Core) resume(ctx context.Context) error {
	open, err := c.incidents.List(ctx, incident.Filter{
		States: openStates, Limit: 1000,
	})
	if err != nil {
		return fmt.Errorf("resume alerts: %w", err)
	}
	var alerts []rules.Alert
	for _, inc := range open {
		for _, o := range inc.Occurrences {
			if a, ok := incident.ToAlert(o); ok {
				alerts = append(alerts, a)
			}
		}
	}
	if err := c.engine.Resume(ctx, alerts); err != nil {
		c.log.Error("standing alerts go on with less than was known of them", "error", err)
	}
	changes, err := c.feed.List(ctx, change.Filter{From: c.now().Add(-resumeChanges), Limit: 1000})
	if err != nil {
		return fmt.Errorf("resume changes: %w", err)
	}
	c.engine.ResumeChanges(ctx, changes)
	return nil
}

// resumeChanges is how far back changes are shown to the rule engine at a start.
const resumeChanges = 7 * 24 * time.Hour

// seriesSource lets the ranker read signals.
type seriesSource struct{ engine *rules.Engine }

// SignalSeries returns the signals of the services as the ranker asks for them.
func (s seriesSource) SignalSeries(ctx context.Context, q rca.SeriesQuery) ([]rca.Series, error) {
	list, err := s.engine.SignalSeries(ctx, q.Services, q.From, q.To, q.Step)
	if err != nil {
		return nil, err
	}
	out := make([]rca.Series, len(list))
	for i, x := range list {
		out[i] = rca.Series{Service: x.Service, Signal: x.Signal, Unit: string(x.Unit), Bad: bad(x.Bad), Query: x.Query, Points: x.Points}
	}
	return out, nil
}

// Rerank ranks the causes of young incidents again, because the first ranking of
// an incident rests on its first samples. A new first suspect goes on the
// timeline, from where people are told.
func (c *Core) Rerank(ctx context.Context, now time.Time) error {
	open, err := c.incidents.List(ctx, incident.Filter{
		States: openStates,
	})
	if err != nil {
		return err
	}
	for _, inc := range open {
		age := now.Sub(inc.Opened)
		if age < 0 || age > rerankFor || !burning(inc) || !c.rerankDue(inc.ID, now) {
			continue
		}
		if err := c.rerank(ctx, inc, now); err != nil && !errors.Is(err, context.Canceled) {
			c.log.Warn("rank causes again", "incident", inc.ID, "error", err)
		}
	}
	return nil
}

const (
	rerankEvery = 15 * time.Second
	rerankFor   = 30 * time.Minute
)

// burning says whether any strong occurrence still fires: recovery is no
// evidence about the cause.
func burning(inc incident.Incident) bool {
	for _, o := range inc.Occurrences {
		if o.Strong && o.Condition == incident.ConditionFiring {
			return true
		}
	}
	return false
}

// rerankDue says whether the incident was not ranked in the last rerankEvery,
// and notes that it is now. Entries of incidents too old to be ranked are dropped.
func (c *Core) rerankDue(id string, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, at := range c.ranked {
		if now.Sub(at) > rerankFor {
			delete(c.ranked, k)
		}
	}
	if last, ok := c.ranked[id]; ok && now.Sub(last) < rerankEvery {
		return false
	}
	c.ranked[id] = now
	return true
}

func (c *Core) rerank(ctx context.Context, inc incident.Incident, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, c.rankTimeout)
	defer cancel()
	r, err := c.currentRanker().Rank(ctx, c.taught(ctx, inc, rca.Query{Service: inc.Service, Environment: inc.Environment, Onset: inc.Onset, At: now, Seen: inc.Opened}))
	if err != nil {
		return err
	}
	c.related.ranked(inc.ID, r)
	changed, err := c.rankings.Save(ctx, inc.ID, r)
	if err != nil || !changed || len(r.Findings) == 0 {
		return err
	}
	first := r.Findings[0]
	_, _, err = c.incidents.AppendEvent(ctx, incident.Event{
		Incident: inc.ID, Kind: incident.EventSuspects, At: now, Actor: "tocsin",
		Text: fmt.Sprintf("first suspect: %s (%.0f%%)", first.Title, 100*first.Probability),
	})
	return err
}

func (c *Core) currentRanker() *rca.Ranker {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.ranker
}
