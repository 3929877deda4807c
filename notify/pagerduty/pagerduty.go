// Package pagerduty is the channel that pages by PagerDuty's Events API v2.
//
// All messages of an incident, or of a group of alerts, bear one dedup key, so
// that they are one incident there: opened, raised and reopened trigger it,
// acknowledged and resolved do what they say. A trigger that is repeated because
// its answer was lost adds nothing but a line to its log. With change_events the
// changes that are suspected go there too, each once for an incident, so that
// PagerDuty shows them beside it.
package pagerduty

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
)

const defaultURL = "https://events.pagerduty.com"

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Config notify.PagerDutyConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // for dates in Retry-After; nil: time.Now
}

// Channel sends events to one service.
type Channel struct {
	name, url string
	cfg       notify.PagerDutyConfig
	client    *outbound.Client
}

// New returns a channel. Its configuration must be valid; no routing key is an error.
func New(o Options) (*Channel, error) {
	if o.Config.RoutingKey == "" {
		return nil, fmt.Errorf("channel %s: want a routing_key, got none", o.Name)
	}
	url := cmp.Or(strings.TrimRight(o.Config.APIURL, "/"), defaultURL)
	return &Channel{
		name: o.Name, url: url, cfg: o.Config,
		client: outbound.New(outbound.Options{HTTP: o.HTTP, Now: o.Now, Secrets: []string{o.Config.RoutingKey.Reveal()}}),
	}, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// memory is the content of a Thread.
type memory struct {
	Sent    string   `json:"sent,omitempty"`    // key of the message whose event was taken
	Changes []string `json:"changes,omitempty"` // ids of those that were sent
}

// answer is what PagerDuty says to an event that it takes.
type answer struct {
	Status  string   `json:"status"`
	Message string   `json:"message"`
	Errors  []string `json:"errors"`
}

// Send sends the event and then the changes. What was taken is remembered even
// when a later step fails, and is not sent again.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if m.Quiet {
		return t, nil
	}
	var mem memory
	if json.Unmarshal([]byte(t), &mem) != nil {
		mem = memory{}
	}
	if mem.Sent == "" || mem.Sent != m.Key {
		e, ok := c.event(m)
		if !ok {
			return t, nil
		}
		if err := c.post(ctx, "/v2/enqueue", e); err != nil {
			return t, fmt.Errorf("send the event to PagerDuty: %w", err)
		}
		mem.Sent = m.Key
	}
	for _, e := range c.changes(m, mem.Changes) {
		if err := c.post(ctx, "/v2/change/enqueue", e); err != nil {
			return mem.thread(t), fmt.Errorf("PagerDuty has the event; send the change event: %w", err)
		}
		mem.Changes = append(mem.Changes, e.id)
	}
	return mem.thread(t), nil
}

func (m memory) thread(old notify.Thread) notify.Thread {
	m.Changes = m.Changes[max(0, len(m.Changes)-maxChanges):]
	b, err := json.Marshal(m)
	if err != nil { // strings only: it cannot be
		return old
	}
	return notify.Thread(b)
}

func (c *Channel) post(ctx context.Context, path string, in any) error {
	var a answer
	err := c.client.JSON(ctx, outbound.Call{Method: http.MethodPost, URL: c.url + path, In: in, Out: &a})
	if err != nil {
		return err
	}
	if a.Status != "" && a.Status != "success" {
		return c.client.Scrub(errors.New(render.Cut(render.Line("not taken: "+a.Status+" "+a.Message+" "+strings.Join(a.Errors, "; ")), 300)))
	}
	return nil
}

// Preview returns the bodies of the requests that Send would make.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	var out []notify.Part
	add := func(name string, v any) error {
		p, err := outbound.JSONPart(name, v)
		out = append(out, p)
		return err
	}
	if e, ok := c.event(m); ok {
		e.RoutingKey = c.cfg.RoutingKey.String()
		if err := add("event.json", e); err != nil {
			return nil, err
		}
	}
	for i, e := range c.changes(m, nil) {
		e.RoutingKey = c.cfg.RoutingKey.String()
		if err := add(fmt.Sprintf("change-%d.json", i+1), e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// action says what becomes of the incident there; false when the message has
// nothing to say to it, such as a note on one that is over.
func action(m notify.Message) (string, bool) {
	switch {
	case m.Group != nil && !m.Group.Burning():
		return "resolve", true
	case m.Group != nil:
		return "trigger", true
	case m.Event.Kind.Ends():
		return "resolve", true
	case m.Incident.State.Over():
		return "", false
	case m.Event.Kind == incident.EventAcked, m.Event.Kind == incident.EventMitigated:
		return "acknowledge", true
	}
	return "trigger", true
}

var severities = map[incident.Severity]string{
	incident.SeverityCritical: "critical", incident.SeverityWarning: "warning", incident.SeverityInfo: "info",
}

func knownChange(ids []string, id string) bool { return slices.Contains(ids, id) }
