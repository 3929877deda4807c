package uitest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tocsinhq/tocsin/incident/similar"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/web"
)

// lessons are what the shop has learned. They are safe for concurrent use.
type lessons struct {
	shop *Shop

	mu       sync.Mutex
	words    []feedback.Feedback
	expected []feedback.Expectation
	refits   []feedback.RefitRow // the newest first
}

func newLessons(s *Shop) *lessons {
	now := s.now()
	return &lessons{shop: s,
		expected: []feedback.Expectation{
			{ID: 1, Service: "ledger", Signal: "*latency", Hours: &feedback.Hours{From: "01:00", To: "03:30", Zone: "Europe/Berlin", Days: []string{"sat", "sun"}}, Reason: "month-end batch is allowed to be slow", Actor: "ann", Created: now.Add(-72 * time.Hour), Expires: now.Add(12 * 24 * time.Hour), Matched: 4, LastMatch: now.Add(-9 * time.Hour)},
			{ID: 2, Service: "search", Signal: "memory_percent", Reason: "index is being rebuilt", Actor: "on-call", Created: now.Add(-30 * time.Hour), Expires: now.Add(-2 * time.Hour), Matched: 1, LastMatch: now.Add(-20 * time.Hour)},
		},
		refits: []feedback.RefitRow{
			{ID: 2, Kind: feedback.KindRefit, At: now.Add(-20 * time.Hour), Actor: "tocsin", Labels: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, Before: 0.612, After: 0.618, Reason: "leaving one out, the log loss goes from 0.612 to 0.618: not worth it"},
			{ID: 1, Kind: feedback.KindRefit, At: now.Add(-70 * time.Hour), Actor: "tocsin", Labels: []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, Before: 0.781, After: 0.64, Taken: true, Reason: "leaving one out, the log loss of 10 labels goes from 0.781 to 0.640, calibrated by slope and offset",
				Weights: rca.Weights{Multipliers: map[string]float64{"prior": 1.04, "time": 1.31, "effect": 0.86, "place": 1.12, "before": 1}, Slope: 0.92, Offset: 0.18}},
		},
	}
}

// Likeness knows of past incidents for checkout only.
func (l *lessons) Likeness(ctx context.Context, id string) (web.Likeness, error) {
	in, _, err := l.shop.Incidents().Get(ctx, id)
	if err != nil {
		return web.Likeness{}, err
	}
	elapsed := l.shop.now().Sub(in.Onset)
	s := func(d time.Duration) *float64 { return web.Seconds(d) }
	out := web.Likeness{Incident: id, Similar: []similar.Match{}, Compared: 23, Nothing: "nothing similar among own past incidents"}
	none := web.StageEstimate{BasedOn: 2, Reason: "not enough history: 2 comparable incidents have ended, want at least 5"}
	out.Estimates = web.Estimates{Detect: web.StageEstimate{Took: s(in.Opened.Sub(in.Onset))}, Ack: none, Mitigate: none, Resolve: none}
	if in.Service != "checkout" {
		return out, nil
	}
	out.Nothing = ""
	long := func(p50, p80, p95 time.Duration) web.StageEstimate {
		return web.StageEstimate{P50: s(p50), P80: s(p80), P95: s(p95), Left50: s(max(p50-elapsed, 0)), Left80: s(max(p80-elapsed, 0)), BasedOn: 14}
	}
	out.Estimates.Ack, out.Estimates.Mitigate, out.Estimates.Resolve = long(12*time.Minute, 18*time.Minute, 40*time.Minute), long(24*time.Minute, 45*time.Minute, 2*time.Hour), long(31*time.Minute, 62*time.Minute, 3*time.Hour)
	past := in.Onset.Add(-9 * 24 * time.Hour)
	out.Similar = []similar.Match{
		{Similarity: 0.83, Level: similar.Instance, Shared: []similar.Shared{{What: "signal checkout error_rate", Now: 3.5, Then: 3.2}, {What: "signal checkout latency", Now: 3.0, Then: 2.6}, {What: "alert high_errors", Now: 2.4, Then: 2.4}},
			Record: similar.Record{Incident: "01JD0S3V6HAAAA", Title: "checkout: error rate 11.8%, expected 0.7%", Service: "checkout", Environment: "production", Severity: "critical", Onset: past, Opened: past.Add(time.Minute), Mitigated: past.Add(14 * time.Minute), Resolved: past.Add(22 * time.Minute),
				Cause: "deployment checkout v38 -> v39", Confirmed: true, Ended: []similar.Outcome{{Kind: similar.OutcomeRollback, Text: "rolled back: deployment checkout v38 -> v39", Actor: "tocsin", At: past.Add(11 * time.Minute), Helped: true}, {Kind: similar.OutcomeNote, Text: "rolled back, the connection pool was sized for the old driver", Actor: "ann", At: past.Add(22 * time.Minute), Helped: true}}}},
		{Similarity: 0.58, Level: similar.ByClass, Shared: []similar.Shared{{What: "signal checkout error_rate", Now: 3.5, Then: 2.1}},
			Record: similar.Record{Incident: "01JCZ9M0P2BBBB", Title: "checkout: error rate 4.1%, expected 0.7%", Service: "checkout", Severity: "warning", Onset: past.Add(-30 * time.Hour), Opened: past.Add(-30 * time.Hour), Resolved: past.Add(-29 * time.Hour), False: true, Ended: []similar.Outcome{}}},
	}
	return out, nil
}

// Feedback returns what was said of an incident.
func (l *lessons) Feedback(ctx context.Context, id string) ([]feedback.Feedback, error) {
	if _, _, err := l.shop.Incidents().Get(ctx, id); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []feedback.Feedback
	for _, f := range l.words {
		if f.Incident == id {
			out = append(out, f)
		}
	}
	return out, nil
}

// GiveFeedback keeps a word.
func (l *lessons) GiveFeedback(ctx context.Context, id string, r web.FeedbackRequest, at time.Time) (feedback.Feedback, error) {
	in, _, err := l.shop.Incidents().Get(ctx, id)
	if err != nil {
		return feedback.Feedback{}, err
	}
	f := feedback.Feedback{Incident: id, Kind: r.Kind, Actor: r.Actor, Note: r.Note, At: at, Cause: r.Cause, Right: r.Right}
	switch r.Kind {
	case feedback.RightCause, feedback.WrongCause:
	case feedback.FalseAlarm:
		f.Charged = 1
		_, err = l.shop.Incidents().Resolve(ctx, id, r.Actor, "false alarm", at)
	case feedback.Expected:
		if r.Expect == nil {
			return f, &web.Error{Kind: web.KindInvalid, Message: "expect: want what is expected, until when and why"}
		}
		e := r.Expect.Expectation(r.Actor, at)
		if e.Service == "" && e.Signal == "" {
			e.Service = in.Service
		}
		if e, err = l.Expect(ctx, e, at); err == nil {
			f.Expectation, f.Note = e.ID, e.Reason
			_, err = l.shop.Incidents().Resolve(ctx, id, r.Actor, "expected: "+e.Reason, at)
		}
	default:
		err = &web.Error{Kind: web.KindInvalid, Message: fmt.Sprintf("kind: want right_cause, wrong_cause, false_alarm or expected, got %q", r.Kind)}
	}
	if err != nil {
		return f, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f.ID = int64(len(l.words) + 1)
	l.words = append(l.words, f)
	return f, nil
}

// Expect keeps an expectation.
func (l *lessons) Expect(_ context.Context, e feedback.Expectation, at time.Time) (feedback.Expectation, error) {
	e.Created = at
	if err := e.Check(); err != nil {
		return e, &web.Error{Kind: web.KindInvalid, Message: err.Error()}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e.ID = int64(len(l.expected) + 1)
	l.expected = append(l.expected, e)
	return e, nil
}

// EndExpectation ends one.
func (l *lessons) EndExpectation(_ context.Context, id int64, actor string, at time.Time) (feedback.Expectation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.expected {
		if e := &l.expected[i]; e.ID == id {
			if e.Active(at) {
				e.Ended, e.EndedBy = at, actor
			}
			return *e, nil
		}
	}
	return feedback.Expectation{}, &web.Error{Kind: web.KindNotFound, Message: fmt.Sprintf("expectation %d: not found", id)}
}

// Expectations lists them.
func (l *lessons) Expectations(_ context.Context, all bool, limit int) ([]feedback.Expectation, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []feedback.Expectation
	for _, e := range l.expected {
		if (all || e.Active(l.shop.now())) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, nil
}

// Weights returns the newest row that was taken.
func (l *lessons) Weights(context.Context) (web.Weights, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := web.Weights{History: append([]feedback.RefitRow(nil), l.refits...), Labels: 15, Wanted: feedback.MinLabels}
	for _, r := range l.refits {
		if r.Taken {
			w.Current = r
			break
		}
	}
	return w, nil
}

func (l *lessons) add(r feedback.RefitRow) feedback.RefitRow {
	r.ID = int64(len(l.refits) + 1)
	l.refits = append([]feedback.RefitRow{r}, l.refits...)
	return r
}

// Refit finds no better weights.
func (l *lessons) Refit(_ context.Context, actor string, at time.Time) (feedback.RefitRow, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(feedback.RefitRow{Kind: feedback.KindRefit, At: at, Actor: actor, Labels: []int64{1}, Before: 0.6, After: 0.6, Reason: "not worth it"}), nil
}

// UndoRefit goes back to a row.
func (l *lessons) UndoRefit(_ context.Context, to int64, actor, reason string, at time.Time) (feedback.RefitRow, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var old feedback.RefitRow
	for _, r := range l.refits {
		if r.ID == to {
			old = r
		}
	}
	if old.ID != to {
		return old, &web.Error{Kind: web.KindNotFound, Message: fmt.Sprintf("refit %d: not found", to)}
	}
	return l.add(feedback.Undo(old, actor, reason, at)), nil
}
