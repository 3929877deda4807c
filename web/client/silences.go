package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/prometheus/alertmanager/api/v2/models"

	"github.com/tocsinhq/tocsin/web"
)

// Silences lists silences that have the given matchers: those that have ended, or
// those that have not.
func (c *Client) Silences(ctx context.Context, matchers []string, expired bool) (models.GettableSilences, error) {
	v := url.Values{"filter": matchers}
	v.Set("expired", fmt.Sprint(expired))
	v.Set("active", fmt.Sprint(!expired))
	v.Set("pending", fmt.Sprint(!expired))
	var out models.GettableSilences
	return out, c.alertmanager(ctx, http.MethodGet, "/silences?"+v.Encode(), nil, &out)
}

// SetSilence makes a silence, or changes the one whose id is set, and returns
// the id that it has now.
func (c *Client) SetSilence(ctx context.Context, s models.PostableSilence) (string, error) {
	var out struct {
		SilenceID string `json:"silenceID"`
	}
	err := c.alertmanager(ctx, http.MethodPost, "/silences", s, &out)
	return out.SilenceID, err
}

// ExpireSilence ends a silence now.
func (c *Client) ExpireSilence(ctx context.Context, id string) error {
	return c.alertmanager(ctx, http.MethodDelete, "/silence/"+url.PathEscape(id), nil, nil)
}

// alertmanager asks Alertmanager's API, whose errors are strings.
func (c *Client) alertmanager(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v2"+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.base, err)
	}
	if resp.StatusCode/100 != 2 {
		return &Error{Status: resp.StatusCode, Body: web.ErrorBody{Error: sentence(resp, text)}}
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("read the answer of %s: %w; is it a tocsin daemon?", c.base, err)
	}
	return nil
}

// sentence returns what an answer that says no says: a string, an error of
// Alertmanager's API, or one of ours.
func sentence(resp *http.Response, text []byte) string {
	var s string
	if json.Unmarshal(text, &s) == nil && s != "" {
		return s
	}
	var e struct{ Error, Message string }
	if json.Unmarshal(text, &e) == nil && e.Error+e.Message != "" {
		return e.Error + e.Message
	}
	return "the daemon answered " + resp.Status
}
