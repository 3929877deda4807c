// Package client speaks to a running daemon over its HTTP API. It is what the
// subcommands of tocsin that act on a running daemon stand on. A Client holds
// no state and is safe for concurrent use.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/web"
)

const (
	timeout   = 30 * time.Second
	maxAnswer = 64 << 20
)

// Client asks one daemon.
type Client struct {
	base string // scheme and host, without a final slash
	http *http.Client
}

// New returns a client of the daemon at address: host:port, or a URL with
// http or https. It does not connect.
func New(address string) (*Client, error) {
	full := address
	if !strings.Contains(full, "://") {
		full = "http://" + full
	}
	u, err := url.Parse(full)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("daemon address: want host:port or http://host:port, got %q", address)
	}
	return &Client{base: u.Scheme + "://" + u.Host, http: &http.Client{Timeout: timeout}}, nil
}

// Error is an answer of the daemon that says no. Its text is the daemon's
// sentence, with one line for each wrong field when there are several.
type Error struct {
	Status int // HTTP status
	Body   web.ErrorBody
}

func (e *Error) Error() string {
	if len(e.Body.Problems) < 2 {
		return e.Body.Error
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d fields are wrong:", len(e.Body.Problems))
	for _, p := range e.Body.Problems {
		fmt.Fprintf(&b, "\n  %s: %s", p.Field, p.Message)
	}
	return b.String()
}

// IncidentQuery narrows a list of incidents; zero values mean the daemon's defaults.
type IncidentQuery struct {
	State   string // a state, or active, ended or all
	Service string
	Limit   int
}

// Incidents lists incidents, open ones first.
func (c *Client) Incidents(ctx context.Context, q IncidentQuery) (web.IncidentList, error) {
	v := url.Values{}
	set(v, "state", q.State)
	set(v, "service", q.Service)
	setInt(v, "limit", q.Limit)
	return do[web.IncidentList](ctx, c, http.MethodGet, "/incidents?"+v.Encode(), nil)
}

// Incident returns one incident with its timeline, suspects and deliveries.
func (c *Client) Incident(ctx context.Context, id string) (web.IncidentDetail, error) {
	return do[web.IncidentDetail](ctx, c, http.MethodGet, "/incidents/"+url.PathEscape(id), nil)
}

// Ack says that actor is on it and returns the incident as it is then.
func (c *Client) Ack(ctx context.Context, id, actor, note string) (incident.Incident, error) {
	return do[incident.Incident](ctx, c, http.MethodPost, "/incidents/"+url.PathEscape(id)+"/ack", web.Action{Actor: actor, Note: note})
}

// Resolve says that it is over and returns the incident as it is then.
func (c *Client) Resolve(ctx context.Context, id, actor, note string) (incident.Incident, error) {
	return do[incident.Incident](ctx, c, http.MethodPost, "/incidents/"+url.PathEscape(id)+"/resolve", web.Action{Actor: actor, Note: note})
}

// Mitigate says that users are spared and returns the incident as it is then.
func (c *Client) Mitigate(ctx context.Context, id, actor, note string) (incident.Incident, error) {
	return c.shape(ctx, id, "mitigate", web.Action{Actor: actor, Note: note})
}

// Close says that it is over for good and returns the incident as it is then.
func (c *Client) Close(ctx context.Context, id, actor, note string) (incident.Incident, error) {
	return c.shape(ctx, id, "close", web.Action{Actor: actor, Note: note})
}

// FalsePositive says that nothing was wrong and returns the incident as it is then.
func (c *Client) FalsePositive(ctx context.Context, id, actor, note string) (incident.Incident, error) {
	return c.shape(ctx, id, "false-positive", web.Action{Actor: actor, Note: note})
}

// Merge makes two incidents one and returns it.
func (c *Client) Merge(ctx context.Context, id, with, actor, note string) (incident.Incident, error) {
	return c.shape(ctx, id, "merge", web.ShapeAction{Action: web.Action{Actor: actor, Note: note}, With: with})
}

// Split gives an occurrence an incident of its own and returns that.
func (c *Client) Split(ctx context.Context, id, key, actor, note string) (incident.Incident, error) {
	return c.shape(ctx, id, "split", web.ShapeAction{Action: web.Action{Actor: actor, Note: note}, Key: key})
}

func (c *Client) shape(ctx context.Context, id, verb string, body any) (incident.Incident, error) {
	return do[incident.Incident](ctx, c, http.MethodPost, "/incidents/"+url.PathEscape(id)+"/"+verb, body)
}

// Budgets returns what services have spent of their false-alarm budgets, the most
// spent first; of one service only if it is named.
func (c *Client) Budgets(ctx context.Context, service string) (web.BudgetList, error) {
	q := url.Values{}
	if service != "" {
		q.Set("service", service)
	}
	return do[web.BudgetList](ctx, c, http.MethodGet, "/budget?"+q.Encode(), nil)
}

// AlertLog returns what alerts did; zero fields of the filter are no condition.
func (c *Client) AlertLog(ctx context.Context, f journal.Filter) (web.AlertLog, error) {
	v := url.Values{}
	set(v, "alert", f.Name)
	set(v, "service", f.Service)
	setInt(v, "limit", f.Limit)
	if f.Shadow != nil {
		set(v, "shadow", map[bool]string{true: "only", false: "none"}[*f.Shadow])
	}
	if !f.From.IsZero() {
		v.Set("from", f.From.UTC().Format(time.RFC3339))
	}
	return do[web.AlertLog](ctx, c, http.MethodGet, "/alerts/log?"+v.Encode(), nil)
}

// Cardinality says where series come from: by metric, label, pair, service or
// change; "" and 0 are the daemon's defaults.
func (c *Client) Cardinality(ctx context.Context, by string, limit int) (web.Cardinality, error) {
	v := url.Values{}
	set(v, "by", by)
	setInt(v, "limit", limit)
	return do[web.Cardinality](ctx, c, http.MethodGet, "/cardinality?"+v.Encode(), nil)
}

// Topology says which service depends on which: all, or what is around one service.
// limit 0 is the daemon's default.
func (c *Client) Topology(ctx context.Context, service string, limit int) (web.Topology, error) {
	v := url.Values{}
	set(v, "service", service)
	setInt(v, "limit", limit)
	return do[web.Topology](ctx, c, http.MethodGet, "/topology?"+v.Encode(), nil)
}

// LearnImports has the daemon learn from what was imported into its store and
// returns what waits for that.
func (c *Client) LearnImports(ctx context.Context) (web.ImportList, error) {
	return do[web.ImportList](ctx, c, http.MethodPost, "/warm", nil)
}

// Imports returns what waits to be learned from.
func (c *Client) Imports(ctx context.Context) (web.ImportList, error) {
	return do[web.ImportList](ctx, c, http.MethodGet, "/warm", nil)
}

// Status returns how the daemon itself does.
func (c *Client) Status(ctx context.Context) (web.Status, error) {
	return do[web.Status](ctx, c, http.MethodGet, "/status", nil)
}

// do sends one request and decodes the answer.
func do[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	var out T
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return out, fmt.Errorf("write request: %w", err)
		}
		in = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1/tocsin"+strings.TrimSuffix(path, "?"), in)
	if err != nil {
		return out, fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(r)
	if err != nil {
		return out, c.unreachable(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return out, fmt.Errorf("read the answer of %s: %w", c.base, err)
	}
	if res.StatusCode >= 300 {
		return out, c.refusal(res, b)
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return out, fmt.Errorf("the answer of %s is not what a tocsin daemon says (is it one, and of this version?): %w", c.base, err)
	}
	return out, nil
}

// refusal reads the error of an answer; a body that is none of ours comes from
// something else at that address.
func (c *Client) refusal(res *http.Response, body []byte) error {
	e := &Error{Status: res.StatusCode}
	if err := json.Unmarshal(body, &e.Body); err != nil || e.Body.Error == "" {
		text := strings.TrimSpace(string(body[:min(len(body), 200)]))
		return fmt.Errorf("%s answered %s, which is not what a tocsin daemon says: %q", c.base, res.Status, text)
	}
	return e
}

func (c *Client) unreachable(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // without the long address
	}
	var dns *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("the daemon is not running at %s; start it with \"tocsin serve\", or give its address: %w", c.base, err)
	case errors.As(err, &dns):
		return fmt.Errorf("the daemon cannot be found at %s: %w", c.base, err)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ask the daemon at %s: %w", c.base, err)
	}
	return fmt.Errorf("the daemon at %s cannot be reached: %w", c.base, err)
}

func set(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func setInt(v url.Values, name string, n int) {
	if n != 0 {
		v.Set(name, strconv.Itoa(n))
	}
}

func setTime(v url.Values, name string, t time.Time) {
	if !t.IsZero() {
		v.Set(name, t.UTC().Format(time.RFC3339Nano))
	}
}
