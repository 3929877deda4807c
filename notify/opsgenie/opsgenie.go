// Package opsgenie is the channel that pages by Opsgenie's Alert API.
//
// An incident, or a group of alerts, is one alert, found by its alias: creating it
// again only counts up there, so that a request whose answer was lost may be
// repeated. Acknowledged and resolved acknowledge and close it; a higher severity
// raises its priority; other events add a note.
package opsgenie

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
)

const defaultURL = "https://api.opsgenie.com"

// Limits of the Alert API, in characters.
const (
	maxMessage     = 130
	maxDescription = 15000
	maxDetails     = 8000
	maxTag         = 50
	maxNote        = 25000
)

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Config notify.OpsgenieConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // for dates in Retry-After; nil: time.Now
}

// Channel keeps alerts of one integration. It remembers no thread.
type Channel struct {
	name, url string
	cfg       notify.OpsgenieConfig
	client    *outbound.Client
}

// New returns a channel. Its configuration must be valid; no key is an error.
func New(o Options) (*Channel, error) {
	if o.Config.APIKey == "" {
		return nil, fmt.Errorf("channel %s: want an api_key, got none", o.Name)
	}
	u := cmp.Or(strings.TrimRight(o.Config.APIURL, "/"), defaultURL)
	return &Channel{
		name: o.Name, url: u, cfg: o.Config,
		client: outbound.New(outbound.Options{HTTP: o.HTTP, Now: o.Now, Secrets: []string{o.Config.APIKey.Reveal()}}),
	}, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// request is one call.
type request struct {
	method, path string
	body         any
	absent       bool // that there is no such alert is no fault
}

// Send makes the calls of the event, one after the other. Each may be repeated.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if m.Quiet {
		return t, nil
	}
	for _, r := range c.requests(m) {
		if err := c.call(ctx, r); err != nil {
			return t, fmt.Errorf("%s %s of Opsgenie: %w", r.method, r.path, err)
		}
	}
	return t, nil
}

func (c *Channel) call(ctx context.Context, r request) error {
	var answer struct {
		Result    string `json:"result"`
		RequestID string `json:"requestId"`
	}
	err := c.client.JSON(ctx, outbound.Call{
		Method: r.method, URL: c.url + r.path, In: r.body, Out: &answer,
		Header: http.Header{"Authorization": {"GenieKey " + c.cfg.APIKey.Reveal()}},
	})
	var retry *notify.RetryError
	if r.absent && outbound.Status(err) == http.StatusNotFound && !errors.As(err, &retry) {
		return nil
	}
	return err
}

// Preview returns the bodies of the requests that Send would make.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	var out []notify.Part
	for i, r := range c.requests(m) {
		p, err := outbound.JSONPart(fmt.Sprintf("%d-%s.json", i+1, strings.ToLower(r.method)), map[string]any{"request": r.method + " " + r.path, "body": r.body})
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// alert is the body that creates one.
type alert struct {
	Message     string            `json:"message"`
	Alias       string            `json:"alias"`
	Description string            `json:"description,omitempty"`
	Responders  []responder       `json:"responders,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Details     map[string]string `json:"details,omitempty"`
	Entity      string            `json:"entity,omitempty"`
	Source      string            `json:"source"`
	Priority    string            `json:"priority"`
	Note        string            `json:"note,omitempty"`
}

type responder struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type remark struct {
	User   string `json:"user,omitempty"`
	Source string `json:"source"`
	Note   string `json:"note,omitempty"`
}

var priorities = map[incident.Severity]string{incident.SeverityCritical: "P1", incident.SeverityWarning: "P3", incident.SeverityInfo: "P5"}

func (c *Channel) requests(m notify.Message) []request {
	card := render.CardOf(m)
	alias := render.DedupKey(m)
	on := func(action string) string {
		return "/v2/alerts/" + url.PathEscape(alias) + action + "?identifierType=alias"
	}
	note := render.Cut(card.Headline+"\n"+card.Summary, maxNote)
	said := remark{User: render.Cut(render.Line(m.Event.Actor), 100), Source: "Tocsin", Note: note}
	create := request{method: http.MethodPost, path: "/v2/alerts", body: c.alert(m, card, alias)}
	switch {
	case m.Group != nil && !m.Group.Burning(), m.Event.Kind.Ends():
		return []request{{method: http.MethodPost, path: on("/close"), body: said, absent: true}}
	case m.Group == nil && m.Incident.State.Over():
		return []request{{method: http.MethodPost, path: on("/notes"), body: said, absent: true}}
	case m.Event.Kind == incident.EventAcked:
		return []request{{method: http.MethodPost, path: on("/acknowledge"), body: said, absent: true}}
	case m.Event.Kind == incident.EventRaised:
		raise := map[string]string{"priority": priorities[render.SeverityOf(m)]}
		return []request{create, {method: http.MethodPut, path: on("/priority"), body: raise, absent: true}}
	case m.Event.Kind == incident.EventSuspects, m.Event.Kind == incident.EventNote:
		return []request{{method: http.MethodPost, path: on("/notes"), body: said, absent: true}}
	}
	return []request{create}
}

func (c *Channel) alert(m notify.Message, card render.Card, alias string) alert {
	a := alert{
		Message: render.Cut(card.Title, maxMessage), Alias: alias, Description: render.Cut(render.Text(m), maxDescription),
		Entity: render.Cut(render.Line(m.Incident.Service), 512), Source: "Tocsin", Priority: priorities[render.SeverityOf(m)],
		Details: map[string]string{}, Note: render.Cut(card.Headline, maxNote),
	}
	for _, t := range c.cfg.Teams {
		a.Responders = append(a.Responders, responder{Name: t, Type: "team"})
	}
	tags := append(slices.Clone(c.cfg.Tags), "tocsin", string(render.SeverityOf(m)), render.Line(m.Incident.Service))
	for _, t := range tags {
		// A comma would end the tag.
		if t = render.Cut(strings.ReplaceAll(t, ",", " "), maxTag); t != "" && len(a.Tags) < 20 && !slices.Contains(a.Tags, t) {
			a.Tags = append(a.Tags, t)
		}
	}
	room := maxDetails
	put := func(name, value string) {
		if n := len(name) + len(value); value != "" && n <= room {
			a.Details[name] = value
			room -= n
		}
	}
	for _, f := range card.Fields {
		put(f.Name, f.Value)
	}
	put("Chart", card.Spark)
	if render.SafeURL(m.ChartURL) {
		put("Picture", m.ChartURL)
	}
	put("Told", card.Told)
	for _, l := range card.Links {
		put(l.Name, l.URL)
	}
	return a
}
