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

	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
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

// ChangeQuery narrows a list of changes; zero values mean all.
type ChangeQuery struct {
	Service, Kind string
	From, To      time.Time
	Limit         int
}

// Changes lists changes, the latest start first.
func (c *Client) Changes(ctx context.Context, q ChangeQuery) (web.ChangeList, error) {
	v := url.Values{}
	set(v, "service", q.Service)
	set(v, "kind", q.Kind)
	setTime(v, "from", q.From)
	setTime(v, "to", q.To)
	setInt(v, "limit", q.Limit)
	return do[web.ChangeList](ctx, c, http.MethodGet, "/changes?"+v.Encode(), nil)
}

// Stages returns the stages of deployment and how versions went through them.
func (c *Client) Stages(ctx context.Context, service string, from time.Time, limit int) (web.StageReport, error) {
	v := url.Values{}
	set(v, "service", service)
	setTime(v, "from", from)
	setInt(v, "limit", limit)
	return do[web.StageReport](ctx, c, http.MethodGet, "/stages?"+v.Encode(), nil)
}

// Verdict returns what is known of a change's effect.
func (c *Client) Verdict(ctx context.Context, id string) (web.ChangeVerdict, error) {
	return do[web.ChangeVerdict](ctx, c, http.MethodGet, "/changes/"+url.PathEscape(id)+"/verdict", nil)
}

// BandQuery asks for the band of one series; see GET /api/v1/tocsin/band.
type BandQuery struct {
	Query      string // PromQL selector of one series
	Start, End time.Time
	Step       time.Duration
}

// Band returns the samples of one series with what was expected of them.
func (c *Client) Band(ctx context.Context, q BandQuery) (web.Band, error) {
	v := url.Values{}
	set(v, "query", q.Query)
	setTime(v, "start", q.Start)
	setTime(v, "end", q.End)
	if q.Step > 0 {
		set(v, "step", q.Step.String())
	}
	return do[web.Band](ctx, c, http.MethodGet, "/band?"+v.Encode(), nil)
}

// Explain says why the newest sample of the one series that the query selects was or
// was not odd; the zero time means now.
func (c *Client) Explain(ctx context.Context, query string, at time.Time) (web.Explanation, error) {
	v := url.Values{}
	set(v, "query", query)
	setTime(v, "time", at)
	return do[web.Explanation](ctx, c, http.MethodGet, "/explain?"+v.Encode(), nil)
}

// ForecastQuery asks what series are expected to be; zero values mean the daemon's
// defaults, and a Threshold of "" that no crossing is asked for.
type ForecastQuery struct {
	Match     string
	Horizon   time.Duration
	Threshold string
	Below     bool
	Limit     int
}

// Forecasts returns what the series that match are expected to be.
func (c *Client) Forecasts(ctx context.Context, q ForecastQuery) (web.ForecastList, error) {
	v := url.Values{}
	set(v, "match", q.Match)
	setDuration(v, "horizon", q.Horizon)
	set(v, "threshold", q.Threshold)
	if q.Below {
		v.Set("direction", "below")
	}
	setInt(v, "limit", q.Limit)
	return do[web.ForecastList](ctx, c, http.MethodGet, "/forecast?"+v.Encode(), nil)
}

// DeliveryQuery asks for figures of delivery; zero values mean the daemon's defaults.
type DeliveryQuery struct {
	From, To                   time.Time
	Zone, Service, Environment string
}

// Delivery returns the figures of delivery of a time.
func (c *Client) Delivery(ctx context.Context, q DeliveryQuery) (delivery.Report, error) {
	v := url.Values{}
	setTime(v, "from", q.From)
	setTime(v, "to", q.To)
	set(v, "zone", q.Zone)
	set(v, "service", q.Service)
	set(v, "environment", q.Environment)
	return do[delivery.Report](ctx, c, http.MethodGet, "/delivery?"+v.Encode(), nil)
}

// CapacityQuery asks what fills; zero values mean the daemon's defaults.
type CapacityQuery struct {
	Service string
	Horizon time.Duration
	Full    float64
	Limit   int
}

// Capacity returns what is expected to fill, the soonest first.
func (c *Client) Capacity(ctx context.Context, q CapacityQuery) (web.RoomList, error) {
	v := url.Values{}
	set(v, "service", q.Service)
	setDuration(v, "horizon", q.Horizon)
	if q.Full > 0 {
		v.Set("full", strconv.FormatFloat(q.Full, 'g', -1, 64))
	}
	setInt(v, "limit", q.Limit)
	return do[web.RoomList](ctx, c, http.MethodGet, "/capacity?"+v.Encode(), nil)
}

func setDuration(v url.Values, name string, d time.Duration) {
	if d > 0 {
		v.Set(name, d.String())
	}
}

// NewChange is what a sender tells of a change; the daemon fills what is left out.
type NewChange struct {
	ID          string                 `json:"id,omitempty"`
	Kind        telemetry.ChangeKind   `json:"kind,omitempty"`
	Service     string                 `json:"service"`
	Environment string                 `json:"environment,omitempty"`
	VersionFrom string                 `json:"version_from,omitempty"`
	VersionTo   string                 `json:"version_to,omitempty"`
	Started     time.Time              `json:"started,omitzero"`
	Finished    time.Time              `json:"finished,omitzero"`
	Status      telemetry.ChangeStatus `json:"status,omitempty"`
	Author      string                 `json:"author,omitempty"`
	Link        string                 `json:"link,omitempty"`
	Summary     string                 `json:"summary,omitempty"`
	Labels      map[string]string      `json:"labels,omitempty"`
}

// RecordChange tells of a change. Created is false in the answer when a change
// of the same id was updated.
func (c *Client) RecordChange(ctx context.Context, n NewChange) (web.ChangeRecorded, error) {
	return do[web.ChangeRecorded](ctx, c, http.MethodPost, "/changes", n)
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
