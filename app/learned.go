package app

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/incident/similar"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/web"
)

// lessons are what people's words and past incidents have taught.
type lessons struct {
	prints   *similar.Store
	words    *feedback.Store
	due      atomic.Bool                 // a refit; what is due when a process ends waits for the next word
	weights  atomic.Pointer[rca.Weights] // in force; never nil once opened
	expected expecting
}

// openLearned reads what an earlier process learned.
func (c *Core) openLearned(ctx context.Context, o CoreOptions) error {
	c.lessons.prints, c.lessons.words = similar.NewStore(c.state, o.Metrics), feedback.NewStore(c.state)
	if err := c.readWeights(ctx); err != nil {
		return err
	}
	c.lessons.expected.expose(o.Metrics)
	return c.readExpected(ctx, o.Now())
}

func (c *Core) readWeights(ctx context.Context) error {
	row, err := c.lessons.words.Current(ctx)
	if err != nil {
		return err
	}
	c.lessons.weights.Store(&row.Weights)
	return nil
}

// taught adds to a query what was learned before. What cannot be read is left out:
// a ranking without it is better than none.
func (c *Core) taught(ctx context.Context, inc incident.Incident, q rca.Query) rca.Query {
	q.Weights = *c.lessons.weights.Load()
	l, err := c.likeness(ctx, inc, q.At)
	if err != nil {
		c.log.Warn("past incidents could not be read for a ranking", "incident", inc.ID, "error", err)
		return q
	}
	q.TimeToResolve = estimate(l.Estimates.Resolve)
	for _, f := range similar.Fixes(l.Similar) {
		q.Fixes = append(q.Fixes, rca.Fix{Title: f.Title, Source: "similar", Ref: f.Incident, Helped: f.Helped, Tried: f.Tried})
	}
	return q
}

// GiveFeedback keeps what somebody says of an incident and does what follows from
// it: a false alarm ends the incident and charges the budget for false alarms, what
// is expected makes such occurrences weak and ends the incident, and words on its
// cause lead to a refit of the weights when enough have come together; see StepRefit.
func (c *Core) GiveFeedback(ctx context.Context, id string, r web.FeedbackRequest, at time.Time) (feedback.Feedback, error) {
	inc, _, err := c.incidents.Get(ctx, id)
	if err != nil {
		return feedback.Feedback{}, err
	}
	f := feedback.Feedback{Incident: id, Kind: r.Kind, Actor: r.Actor, Note: r.Note, At: at, Cause: r.Cause, Right: r.Right}
	switch r.Kind {
	case feedback.RightCause, feedback.WrongCause:
		return c.labelled(ctx, f)
	case feedback.FalseAlarm:
		return c.falseAlarm(ctx, inc, f)
	case feedback.Expected:
		return c.expectedIncident(ctx, inc, f, r.Expect)
	}
	return f, fmt.Errorf("feedback on incident %s: kind: want right_cause, wrong_cause, false_alarm or expected, got %q: %w", id, r.Kind, feedback.ErrInvalid)
}

// labelled stores a word on the cause, and refits when enough have come together.
func (c *Core) labelled(ctx context.Context, f feedback.Feedback) (feedback.Feedback, error) {
	ranking, _, err := c.rankings.Latest(ctx, f.Incident)
	if err != nil {
		return f, err
	}
	f.Rows = ranking.Findings
	if f, err = c.lessons.words.Record(ctx, f); err != nil {
		return f, err
	}
	text := fmt.Sprintf("%s says that the cause was right: %s", f.Actor, titleOf(f.Rows, f.Cause))
	if f.Kind == feedback.WrongCause {
		text = fmt.Sprintf("%s says that the cause was wrong: %s", f.Actor, titleOf(f.Rows, f.Cause))
		if f.Right != "" {
			text += "; right was " + titleOf(f.Rows, f.Right)
		}
	}
	if _, err := c.incidents.Note(ctx, f.Incident, f.Actor, withNote(text, f.Note), f.At); err != nil {
		return f, err
	}
	c.rememberWord(ctx, f)
	labels, err := c.lessons.words.Labels(ctx)
	if err != nil {
		return f, err
	}
	rows, err := c.lessons.words.Refits(ctx)
	if err != nil {
		return f, err
	}
	c.lessons.due.Store(feedback.Due(labels, rows))
	return f, nil
}

// StepRefit refits the weights when enough has been said since the last time.
func (c *Core) StepRefit(ctx context.Context, now time.Time) error {
	if !c.lessons.due.Swap(false) {
		return nil
	}
	_, err := c.Refit(ctx, incident.ActorSelf, now)
	return err
}

func titleOf(rows []rca.Finding, name string) string {
	for _, f := range rows {
		if feedback.NameOf(f) == name {
			return f.Title
		}
	}
	return name
}

func withNote(text, note string) string {
	if note != "" {
		text += ": " + note
	}
	return text
}

// falseAlarm ends the incident and charges the services for the alarms in it.
func (c *Core) falseAlarm(ctx context.Context, inc incident.Incident, f feedback.Feedback) (feedback.Feedback, error) {
	was, err := c.lessons.words.SaidFalse(ctx, inc.ID)
	if err != nil {
		return f, err
	}
	if !was {
		f.Charged = c.chargeFalse(inc)
	}
	if f, err = c.lessons.words.Record(ctx, f); err != nil {
		return f, err
	}
	c.metrics.set.GetOrCreateCounter("tocsin_false_alarms_total").Inc()
	return f, c.endFalse(ctx, inc.ID, f.Actor, withNote("false alarm", f.Note), f.At)
}

// chargeFalse charges the services for the alarms in an incident that was a false
// alarm, and returns how many there were that had not been charged before.
func (c *Core) chargeFalse(inc incident.Incident) int {
	n := 0
	for _, o := range inc.Occurrences {
		if o.Source == incident.SourceAnomaly && c.bank.FalseAlarm(o.Service, o.Since.UnixMilli()) {
			n++
		}
	}
	c.metrics.set.GetOrCreateCounter("tocsin_false_alarms_charged_total").Add(n)
	return n
}

// stateFalse is the state, and the event, of an incident that people called a false
// positive, by whichever way.
const stateFalse = "false_positive"

// endFalse brings an incident to its end as a false alarm.
func (c *Core) endFalse(ctx context.Context, id, actor, reason string, at time.Time) error {
	_, err := c.incidents.FalsePositive(ctx, id, actor, reason, at)
	return err
}

// saidFalse says whether people called an incident a false alarm, so that nothing is
// given back for it.
func (c *Core) saidFalse(inc incident.Incident) bool {
	if string(inc.State) == stateFalse {
		return true
	}
	is, err := c.lessons.words.SaidFalse(context.Background(), inc.ID)
	if err != nil {
		c.log.Warn("feedback could not be read", "incident", inc.ID, "error", err)
	}
	return is
}

// Feedback returns what was said of an incident, without the rankings.
func (c *Core) Feedback(ctx context.Context, id string) ([]feedback.Feedback, error) {
	if _, _, err := c.incidents.Get(ctx, id); err != nil {
		return nil, err
	}
	all, err := c.lessons.words.Of(ctx, id)
	for i := range all {
		all[i].Rows = nil
	}
	return all, err
}

// Weights returns the weights in force and how they came about.
func (c *Core) Weights(ctx context.Context) (web.Weights, error) {
	var w web.Weights
	var err error
	if w.Current, err = c.lessons.words.Current(ctx); err != nil {
		return w, err
	}
	if w.History, err = c.lessons.words.Refits(ctx); err != nil {
		return w, err
	}
	labels, err := c.lessons.words.Labels(ctx)
	w.Labels, w.Wanted = len(labels), feedback.MinLabels
	return w, err
}

// Refit fits the weights to all labels because somebody asks for it.
func (c *Core) Refit(ctx context.Context, actor string, at time.Time) (feedback.RefitRow, error) {
	labels, err := c.lessons.words.Labels(ctx)
	if err != nil {
		return feedback.RefitRow{}, err
	}
	return c.refit(ctx, labels, actor, at)
}

func (c *Core) refit(ctx context.Context, labels []feedback.Label, actor string, at time.Time) (feedback.RefitRow, error) {
	row, err := c.lessons.words.SaveRefit(ctx, feedback.Refit(labels, *c.lessons.weights.Load(), actor, at))
	if err != nil {
		return row, err
	}
	c.log.Info("weights of the ranking were refitted", "row", row.ID, "taken", row.Taken, "labels", len(row.Labels), "before", row.Before, "after", row.After, "reason", row.Reason)
	return row, c.readWeights(ctx)
}

// UndoRefit goes back to the weights of an earlier row, 0 for those of the house.
func (c *Core) UndoRefit(ctx context.Context, to int64, actor, reason string, at time.Time) (feedback.RefitRow, error) {
	old, err := c.lessons.words.Row(ctx, to)
	if err != nil {
		return feedback.RefitRow{}, err
	}
	if !old.Taken {
		return old, fmt.Errorf("go back to refit %d: want one that was taken, but its weights never were in force: %w", to, feedback.ErrInvalid)
	}
	row, err := c.lessons.words.SaveRefit(ctx, feedback.Undo(old, actor, reason, at))
	if err != nil {
		return row, err
	}
	return row, c.readWeights(ctx)
}
