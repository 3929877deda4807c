package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

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
