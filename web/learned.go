package web

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/tocsinhq/tocsin/incident/similar"
	"github.com/tocsinhq/tocsin/rca/feedback"
)

// Learning is what was learned from people and from past incidents.
type Learning interface {
	Likeness(ctx context.Context, incident string) (Likeness, error)
	Feedback(ctx context.Context, incident string) ([]feedback.Feedback, error)
	GiveFeedback(ctx context.Context, incident string, r FeedbackRequest, at time.Time) (feedback.Feedback, error)
	Expect(ctx context.Context, e feedback.Expectation, at time.Time) (feedback.Expectation, error)
	EndExpectation(ctx context.Context, id int64, actor string, at time.Time) (feedback.Expectation, error)
	Expectations(ctx context.Context, all bool, limit int) ([]feedback.Expectation, error)
	Weights(ctx context.Context) (Weights, error)
	Refit(ctx context.Context, actor string, at time.Time) (feedback.RefitRow, error)
	UndoRefit(ctx context.Context, to int64, actor, reason string, at time.Time) (feedback.RefitRow, error)
}

// Likeness is the answer of GET incidents/{id}/similar. Nothing says so when there
// is nothing similar.
type Likeness struct {
	Incident  string          `json:"incident"`
	Similar   []similar.Match `json:"similar"`
	Compared  int             `json:"compared"` // past incidents that were looked at
	Nothing   string          `json:"nothing,omitempty"`
	Estimates Estimates       `json:"estimates"`
}

// Estimates are how long the stages of an incident last: detect from the onset to
// the opening, ack from the opening to the acknowledgement, mitigate and resolve
// from the onset.
type Estimates struct {
	Detect   StageEstimate `json:"detect"`
	Ack      StageEstimate `json:"ack"`
	Mitigate StageEstimate `json:"mitigate"`
	Resolve  StageEstimate `json:"resolve"`
}

// StageEstimate is how long one stage lasts in all, and what is left of it, in
// seconds; or how long it took, when it is over. A figure is nil when it is not
// known, and Reason then says why.
type StageEstimate struct {
	Took    *float64 `json:"took_seconds"`
	P50     *float64 `json:"p50_seconds"`
	P80     *float64 `json:"p80_seconds"`
	P95     *float64 `json:"p95_seconds"`
	Left50  *float64 `json:"left_p50_seconds"`
	Left80  *float64 `json:"left_p80_seconds"`
	BasedOn int      `json:"based_on"`
	Reason  string   `json:"reason,omitempty"`
}

// Seconds returns a duration in whole seconds.
func Seconds(d time.Duration) *float64 {
	s := math.Round(d.Seconds())
	return &s
}

// FeedbackRequest is the body of POST incidents/{id}/feedback.
type FeedbackRequest struct {
	Kind   feedback.Kind  `json:"kind"`
	Actor  string         `json:"actor"`
	Note   string         `json:"note"`
	Cause  string         `json:"cause"`            // of right and wrong causes: the row that is meant; "" is the first
	Right  string         `json:"right"`            // of wrong causes: which one was right; "" when that is not known
	Expect *ExpectRequest `json:"expect,omitempty"` // of what is expected
}

// ExpectRequest is what is expected, until when and why: the body of POST
// expectations with an Actor. Expires or For says when it ends.
type ExpectRequest struct {
	Service     string          `json:"service"`
	Environment string          `json:"environment"`
	Signal      string          `json:"signal"`
	Hours       *feedback.Hours `json:"hours,omitempty"`
	Reason      string          `json:"reason"`
	Actor       string          `json:"actor"`
	Expires     time.Time       `json:"expires,omitzero"`
	ForSeconds  float64         `json:"for_seconds,omitempty"`
}

// Expectation is what is asked for by somebody at a time.
func (r ExpectRequest) Expectation(actor string, at time.Time) feedback.Expectation {
	e := feedback.Expectation{Service: r.Service, Environment: r.Environment, Signal: r.Signal, Hours: r.Hours,
		Reason: r.Reason, Actor: actor, Created: at, Expires: r.Expires}
	if e.Expires.IsZero() && r.ForSeconds > 0 && r.ForSeconds < 1e9 {
		e.Expires = at.Add(time.Duration(r.ForSeconds * float64(time.Second)))
	}
	return e
}

// FeedbackList is the answer of GET incidents/{id}/feedback.
type FeedbackList struct {
	Feedback []feedback.Feedback `json:"feedback"`
}

// ExpectationList is the answer of GET expectations.
type ExpectationList struct {
	Expectations []feedback.Expectation `json:"expectations"`
}

// Weights are those that rankings go by, and their history, the newest first.
type Weights struct {
	Current feedback.RefitRow   `json:"current"`
	History []feedback.RefitRow `json:"history"`
	Labels  int                 `json:"labels"` // incidents of which the cause was judged
	Wanted  int                 `json:"wanted"` // that a refit needs
}

// RefitRequest is the body of POST rca/refit and rca/undo. To and Reason are of the
// latter.
type RefitRequest struct {
	Actor  string `json:"actor"`
	To     *int64 `json:"to,omitempty"` // row to go back to; 0 is the weights of the house
	Reason string `json:"reason"`
}

// learningRoutes are those of what is learned; none without a part for it.
func (s *server) learningRoutes(call func(method, path string, f apiFunc, known ...string) route) []route {
	if s.opts.Learning == nil {
		return nil
	}
	return []route{
		call("GET", "/incidents/{id}/similar", s.likeness),
		call("GET", "/incidents/{id}/feedback", s.listFeedback),
		call("POST", "/incidents/{id}/feedback", s.giveFeedback),
		call("GET", "/expectations", s.listExpectations, "state", "limit"),
		call("POST", "/expectations", s.expect),
		call("POST", "/expectations/{id}/end", s.endExpectation),
		call("GET", "/rca/weights", s.weights),
		call("POST", "/rca/refit", s.refit),
		call("POST", "/rca/undo", s.undoRefit),
	}
}

func (s *server) likeness(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	l, err := s.opts.Learning.Likeness(r.Context(), r.PathValue("id"))
	if err != nil {
		return result{}, err
	}
	return ok(l)
}

func (s *server) listFeedback(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	all, err := s.opts.Learning.Feedback(r.Context(), r.PathValue("id"))
	if err != nil {
		return result{}, err
	}
	return ok(FeedbackList{orEmpty(all)})
}

func (s *server) giveFeedback(w http.ResponseWriter, r *http.Request, q *params) (result, error) {
	var body FeedbackRequest
	if err := s.spoken(w, r, q, &body, func() (*string, *string) { return &body.Actor, &body.Note }); err != nil {
		return result{}, err
	}
	f, err := s.opts.Learning.GiveFeedback(r.Context(), r.PathValue("id"), body, s.opts.Now())
	if err != nil {
		return result{}, err
	}
	f.Rows = nil
	return result{http.StatusCreated, f}, nil
}

// spoken reads a body in which somebody says something, and cleans who and what.
func (s *server) spoken(w http.ResponseWriter, r *http.Request, q *params, body any, who func() (actor, note *string)) error {
	if err := q.err(); err != nil {
		return err
	}
	if err := readJSON(w, r, s.opts.Config.MaxBodyBytes, body); err != nil {
		return err
	}
	actor, note := who()
	a := Action{Actor: *actor, Note: *note}
	if err := a.clean(); err != nil {
		return err
	}
	*actor, *note = a.Actor, a.Note
	return nil
}

func (s *server) listExpectations(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	all, limit := q.choice("state", "active", "active", "all") == "all", q.limit(defaultLimit, maxLimit)
	if err := q.err(); err != nil {
		return result{}, err
	}
	list, err := s.opts.Learning.Expectations(r.Context(), all, limit)
	if err != nil {
		return result{}, err
	}
	return ok(ExpectationList{orEmpty(list)})
}

func (s *server) expect(w http.ResponseWriter, r *http.Request, q *params) (result, error) {
	var body ExpectRequest
	if err := s.spoken(w, r, q, &body, func() (*string, *string) { return &body.Actor, &body.Reason }); err != nil {
		return result{}, err
	}
	now := s.opts.Now()
	e, err := s.opts.Learning.Expect(r.Context(), body.Expectation(body.Actor, now), now)
	if err != nil {
		return result{}, err
	}
	return result{http.StatusCreated, e}, nil
}

func (s *server) endExpectation(w http.ResponseWriter, r *http.Request, q *params) (result, error) {
	var body Action
	if err := s.spoken(w, r, q, &body, func() (*string, *string) { return &body.Actor, &body.Note }); err != nil {
		return result{}, err
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return result{}, &Error{Kind: KindNotFound, Message: "expectation " + quoted(r.PathValue("id")) + ": want a number"}
	}
	e, err := s.opts.Learning.EndExpectation(r.Context(), id, body.Actor, s.opts.Now())
	if err != nil {
		return result{}, err
	}
	return ok(e)
}

func (s *server) weights(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	x, err := s.opts.Learning.Weights(r.Context())
	if err != nil {
		return result{}, err
	}
	x.History = orEmpty(x.History)
	return ok(x)
}

func (s *server) refit(w http.ResponseWriter, r *http.Request, q *params) (result, error) {
	var body RefitRequest
	if err := s.spoken(w, r, q, &body, func() (*string, *string) { return &body.Actor, &body.Reason }); err != nil {
		return result{}, err
	}
	row, err := s.opts.Learning.Refit(r.Context(), body.Actor, s.opts.Now())
	if err != nil {
		return result{}, err
	}
	return ok(row)
}

func (s *server) undoRefit(w http.ResponseWriter, r *http.Request, q *params) (result, error) {
	var body RefitRequest
	if err := s.spoken(w, r, q, &body, func() (*string, *string) { return &body.Actor, &body.Reason }); err != nil {
		return result{}, err
	}
	if body.To == nil {
		return result{}, invalid([]Problem{{"to", "want the number of the row to go back to, 0 for the weights of the house"}})
	}
	row, err := s.opts.Learning.UndoRefit(r.Context(), *body.To, body.Actor, body.Reason, s.opts.Now())
	if err != nil {
		return result{}, err
	}
	return ok(row)
}
