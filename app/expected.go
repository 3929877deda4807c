package app

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/web"
)

// expecting is what people expect, and what it holds back.
type expecting struct {
	mu   sync.Mutex
	all  []feedback.Expectation         // that may still hold, oldest first
	back map[string]incident.Occurrence // by key: what fires and was made weak, as it was

	episodes, dropped *metrics.Counter
}

// maxHeldBack bounds what is remembered for the end of an expectation.
const maxHeldBack = 2000

func (x *expecting) expose(set *metrics.Set) {
	x.back = map[string]incident.Occurrence{}
	x.episodes = set.NewCounter("tocsin_expected_episodes_total")
	x.dropped = set.NewCounter(`tocsin_expected_dropped_total{reason="held_back_full"}`)
	count := func(n func() int) func() float64 {
		return func() float64 {
			x.mu.Lock()
			defer x.mu.Unlock()
			return float64(n())
		}
	}
	set.NewGauge("tocsin_expectations", count(func() int { return len(x.all) }))
	set.NewGauge("tocsin_expected_occurrences", count(func() int { return len(x.back) }))
}

// readExpected reads the expectations and, at a start, which episodes they hold back.
// Alerts are told again by the rules.
func (c *Core) readExpected(ctx context.Context, now time.Time) error {
	if err := c.renewExpected(ctx, now); err != nil {
		return err
	}
	open, err := c.anomalies.List(ctx, incident.AnomalyFilter{Open: true, Limit: 1000})
	if err != nil {
		return err
	}
	x := &c.lessons.expected
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, a := range open {
		if a.Excused != "" && a.Condition == incident.ConditionFiring && a.Incident == "" {
			x.back[a.Key] = a.Occurrence
		}
	}
	return nil
}

func (c *Core) renewExpected(ctx context.Context, now time.Time) error {
	all, err := c.lessons.words.Active(ctx, now)
	if err != nil {
		return err
	}
	c.lessons.expected.mu.Lock()
	c.lessons.expected.all = all
	c.lessons.expected.mu.Unlock()
	return nil
}

// mark notes on an occurrence that it is expected, without making it weak.
func (c *Core) mark(o incident.Occurrence) incident.Occurrence {
	x := &c.lessons.expected
	x.mu.Lock()
	defer x.mu.Unlock()
	if e, ok := feedback.Find(x.all, o, o.At); ok {
		o.Excused = e.Reason
	}
	return o
}

// excuse makes an occurrence weak that is expected: it is recorded and may attach as
// evidence, but opens nothing. Others are returned as they are.
func (c *Core) excuse(ctx context.Context, o incident.Occurrence) incident.Occurrence {
	x := &c.lessons.expected
	x.mu.Lock()
	e, ok := feedback.Find(x.all, o, o.At)
	if !ok || o.Condition == incident.ConditionCleared {
		delete(x.back, o.Key)
		o.Excused = ""
		x.mu.Unlock()
		return o
	}
	old, known := x.back[o.Key]
	if o.Condition == incident.ConditionFiring {
		if known || len(x.back) < maxHeldBack {
			x.back[o.Key] = o
		} else {
			x.dropped.Inc()
		}
	}
	x.mu.Unlock()
	if !known || !old.Since.Equal(o.Since) {
		x.episodes.Inc()
		if err := c.lessons.words.Matched(ctx, e.ID, o.At); err != nil {
			c.log.Warn("a match of an expectation could not be counted", "error", err)
		}
	}
	o.Excused, o.Strong, o.Severity = e.Reason, false, incident.SeverityInfo
	return o
}

func (c *Core) excuseAll(ctx context.Context, all []incident.Occurrence) []incident.Occurrence {
	for i := range all {
		all[i] = c.excuse(ctx, all[i])
	}
	return all
}

// expectsAlert says whether an alert of a rule is expected, so that routes do not
// hear of it.
func (c *Core) expectsAlert(a rules.Alert) bool {
	o, ok := incident.FromAlert(a)
	return ok && c.mark(o).Excused != ""
}

// StepExpected lets go, by event time now, of what is not expected any more: what
// still fires then counts as it would have without.
func (c *Core) StepExpected(ctx context.Context, now time.Time) error {
	x := &c.lessons.expected
	x.mu.Lock()
	var free []incident.Occurrence
	for _, key := range slices.Sorted(maps.Keys(x.back)) {
		o := x.back[key]
		if _, still := feedback.Find(x.all, o, now); !still {
			free = append(free, o)
			delete(x.back, key)
		}
	}
	x.all = slices.DeleteFunc(slices.Clone(x.all), func(e feedback.Expectation) bool { return !now.Before(e.Expires) })
	x.mu.Unlock()
	for _, o := range free {
		o.Excused = ""
		if o.At.Before(now) {
			o.At = now
		}
		if err := c.incidents.Apply(ctx, o); err != nil {
			return fmt.Errorf("let go of %s, which is not expected any more: %w", o.Key, err)
		}
	}
	return nil
}

// Expect takes in what somebody expects. What fires already stays in its incident.
func (c *Core) Expect(ctx context.Context, e feedback.Expectation, at time.Time) (feedback.Expectation, error) {
	e.Created = at
	e, err := c.lessons.words.Expect(ctx, e)
	if err != nil {
		return e, err
	}
	return e, c.renewExpected(ctx, at)
}

// EndExpectation ends an expectation before its time.
func (c *Core) EndExpectation(ctx context.Context, id int64, actor string, at time.Time) (feedback.Expectation, error) {
	e, err := c.lessons.words.EndExpectation(ctx, id, actor, at)
	if err != nil {
		return e, err
	}
	return e, c.renewExpected(ctx, at)
}

// Expectations returns those that hold, or all that are kept.
func (c *Core) Expectations(ctx context.Context, all bool, limit int) ([]feedback.Expectation, error) {
	if all {
		return c.lessons.words.Expectations(ctx, limit)
	}
	list, err := c.lessons.words.Active(ctx, c.now())
	return list[:min(len(list), limit)], err
}

// expectedIncident expects what an incident is about, or what is asked for, and ends
// the incident.
func (c *Core) expectedIncident(ctx context.Context, inc incident.Incident, f feedback.Feedback, want *web.ExpectRequest) (feedback.Feedback, error) {
	if want == nil {
		return f, fmt.Errorf("feedback on incident %s: expect: want what is expected, until when and why, got nothing: %w", inc.ID, feedback.ErrInvalid)
	}
	e := want.Expectation(f.Actor, f.At)
	e.Incident = inc.ID
	if e.Service == "" && e.Signal == "" {
		e.Service, e.Environment = inc.Service, inc.Environment
	}
	e, err := c.Expect(ctx, e, f.At)
	if err != nil {
		return f, err
	}
	f.Expectation, f.Note = e.ID, e.Reason
	if f, err = c.lessons.words.Record(ctx, f); err != nil {
		return f, err
	}
	if inc.State == incident.StateResolved {
		return f, nil
	}
	going := slices.ContainsFunc(inc.Occurrences, func(o incident.Occurrence) bool {
		return o.Strong && o.Condition == incident.ConditionFiring && !e.Matches(o, f.At)
	})
	text := fmt.Sprintf("expected until %s: %s", e.Expires.UTC().Format("2006-01-02 15:04 UTC"), e.Reason)
	if going { // something else is wrong as well
		_, err = c.incidents.Note(ctx, inc.ID, f.Actor, text, f.At)
	} else {
		_, err = c.incidents.Resolve(ctx, inc.ID, f.Actor, text, f.At)
	}
	return f, err
}
