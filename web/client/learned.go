package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/tocsinhq/tocsin/rca/feedback"
	"github.com/tocsinhq/tocsin/web"
)

// Similar returns the past incidents that one resembles and how long it may last.
func (c *Client) Similar(ctx context.Context, id string) (web.Likeness, error) {
	return do[web.Likeness](ctx, c, http.MethodGet, "/incidents/"+url.PathEscape(id)+"/similar", nil)
}

// Feedback returns what was said of an incident.
func (c *Client) Feedback(ctx context.Context, id string) (web.FeedbackList, error) {
	return do[web.FeedbackList](ctx, c, http.MethodGet, "/incidents/"+url.PathEscape(id)+"/feedback", nil)
}

// GiveFeedback says something of an incident and returns what was kept.
func (c *Client) GiveFeedback(ctx context.Context, id string, r web.FeedbackRequest) (feedback.Feedback, error) {
	return do[feedback.Feedback](ctx, c, http.MethodPost, "/incidents/"+url.PathEscape(id)+"/feedback", r)
}

// Expectations lists what people expect: what holds, or all that is kept.
func (c *Client) Expectations(ctx context.Context, all bool, limit int) (web.ExpectationList, error) {
	v := url.Values{}
	if all {
		v.Set("state", "all")
	}
	setInt(v, "limit", limit)
	return do[web.ExpectationList](ctx, c, http.MethodGet, "/expectations?"+v.Encode(), nil)
}

// Expect says that something is expected.
func (c *Client) Expect(ctx context.Context, r web.ExpectRequest) (feedback.Expectation, error) {
	return do[feedback.Expectation](ctx, c, http.MethodPost, "/expectations", r)
}

// EndExpectation ends an expectation before its time.
func (c *Client) EndExpectation(ctx context.Context, id int64, actor string) (feedback.Expectation, error) {
	return do[feedback.Expectation](ctx, c, http.MethodPost, "/expectations/"+strconv.FormatInt(id, 10)+"/end", web.Action{Actor: actor})
}

// Weights returns the weights that rankings go by, and every refit.
func (c *Client) Weights(ctx context.Context) (web.Weights, error) {
	return do[web.Weights](ctx, c, http.MethodGet, "/rca/weights", nil)
}

// Refit fits the weights to all labels now.
func (c *Client) Refit(ctx context.Context, actor string) (feedback.RefitRow, error) {
	return do[feedback.RefitRow](ctx, c, http.MethodPost, "/rca/refit", web.RefitRequest{Actor: actor})
}

// UndoRefit goes back to the weights of an earlier row, 0 for those of the house.
func (c *Client) UndoRefit(ctx context.Context, to int64, actor, reason string) (feedback.RefitRow, error) {
	return do[feedback.RefitRow](ctx, c, http.MethodPost, "/rca/undo", web.RefitRequest{Actor: actor, To: &to, Reason: reason})
}
