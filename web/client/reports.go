package client

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/tocsinhq/tocsin/web"
)

// Postmortem returns the record of an incident.
func (c *Client) Postmortem(ctx context.Context, id string) (web.Postmortem, error) {
	return do[web.Postmortem](ctx, c, http.MethodGet, "/incidents/"+url.PathEscape(id)+"/postmortem", nil)
}

// LearnRunbooks has runbooks written of alerts and services by name, or of all.
func (c *Client) LearnRunbooks(ctx context.Context, names []string) (web.RunbooksWritten, error) {
	return do[web.RunbooksWritten](ctx, c, http.MethodPost, "/runbooks", web.RunbookNames{Names: append([]string{}, names...)})
}

// Week returns the report on a time.
func (c *Client) Week(ctx context.Context, from, to time.Time) (web.Week, error) {
	v := url.Values{}
	setTime(v, "from", from)
	setTime(v, "to", to)
	return do[web.Week](ctx, c, http.MethodGet, "/week?"+v.Encode(), nil)
}

// exportTime is how long an export may take, and exportMost how large it may be.
const (
	exportTime = 10 * time.Minute
	exportMost = 1 << 30
)

// Export writes an incident with the part of the world that it came of to w; a zero
// duration is none, a negative one the daemon's default.
func (c *Client) Export(ctx context.Context, r web.CaptureRequest, w io.Writer) error {
	v := url.Values{}
	for name, d := range map[string]time.Duration{"before": r.Before, "after": r.After, "history": r.History} {
		if d >= 0 {
			v.Set(name, fmt.Sprintf("%dms", d.Milliseconds()))
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/v1/tocsin/incidents/"+url.PathEscape(r.ID)+"/export?"+v.Encode(), nil)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	patient := *c.http
	patient.Timeout = exportTime
	res, err := patient.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		if err != nil {
			return fmt.Errorf("read the answer of %s: %w", c.base, err)
		}
		return c.refusal(res, b)
	}
	n, err := io.Copy(w, io.LimitReader(res.Body, exportMost+1))
	if err == nil && n > exportMost {
		err = fmt.Errorf("want at most %d bytes", exportMost)
	}
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", c.base, err)
	}
	return nil
}
