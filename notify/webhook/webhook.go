// Package webhook is the channel that posts each message as JSON to a URL.
//
// The body is a Payload. Its field "version" is 1; fields may be added under
// the same version, and none is renamed, removed or given another meaning
// without a new number. Beside the body, each request carries:
//
//	Content-Type: application/json
//	User-Agent: tocsin
//	Idempotency-Key: <key of the message>   the same for every try of a message
//	X-Tocsin-Signature: t=<Unix seconds>,v1=<hex>   when a secret is configured
//
// v1 is HMAC-SHA256 over the seconds, a full stop and the body as sent, keyed
// with the secret; a receiver in Go may use Verify. An answer of 2xx means
// taken; 408, 425, 429 and 5xx ask for another try (Retry-After is honoured);
// anything else is final. Redirects are not followed.
package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/rca"
)

// Version is the number of the schema of Payload.
const Version = 1

// Payload is the body of a request. The incident, the event and the ranking
// have the same form as in the HTTP API; a number that is not known is null.
type Payload struct {
	Version  int               `json:"version"`
	Key      string            `json:"key"`   // of the message: equal for every try of it
	Title    string            `json:"title"` // one line: service and what is wrong
	Text     string            `json:"text"`  // the message as plain text of several lines
	Event    incident.Event    `json:"event"`
	Incident incident.Incident `json:"incident"`
	Ranking  rca.Ranking       `json:"ranking"`
	Links    []notify.Link     `json:"links"` // never null
	// Group is set for a message about a group of alerts; event, incident and
	// ranking are empty then.
	Group    *notify.Group `json:"group,omitempty"`
	Chart    *notify.Chart `json:"chart,omitempty"`     // the figures of the picture
	ChartURL string        `json:"chart_url,omitempty"` // where the picture is
	Told     []string      `json:"told,omitempty"`      // the channels that hear of it
	Unmuted  string        `json:"unmuted,omitempty"`   // why nothing holds it back
	// Held, Untold and Escalation say why the message comes late, which other
	// channel could not be told, and that nobody has acknowledged; absent else.
	Held       *notify.Held       `json:"held,omitempty"`
	Untold     *notify.Untold     `json:"untold,omitempty"`
	Escalation *notify.Escalation `json:"escalation,omitempty"`
}

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Config notify.WebhookConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // for the signature and for dates in Retry-After; nil: time.Now
}

// Channel posts to one URL. It remembers no thread.
type Channel struct {
	name   string
	cfg    notify.WebhookConfig
	client *outbound.Client
	now    func() time.Time
}

// New returns a channel. Its configuration must be valid; an empty URL is an error.
func New(o Options) (*Channel, error) {
	if o.Config.URL == "" {
		return nil, fmt.Errorf("channel %s: want a url, got none", o.Name)
	}
	secrets := []string{o.Config.URL.Reveal(), o.Config.Secret.Reveal()}
	for _, h := range o.Config.Headers {
		secrets = append(secrets, h.Reveal())
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Channel{
		name: o.Name, cfg: o.Config, now: o.Now,
		client: outbound.New(outbound.Options{HTTP: o.HTTP, Secrets: secrets, Now: o.Now}),
	}, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// Send posts the message. A quiet one is not posted: a webhook cannot edit what
// its receiver made of an earlier one.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if m.Quiet {
		return t, nil
	}
	body, err := json.Marshal(NewPayload(m))
	if err != nil {
		return t, fmt.Errorf("write message %s as JSON: %w", m.Key, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.cfg.URL.Reveal(), bytes.NewReader(body))
	if err != nil {
		return t, errors.New("post to the webhook: its url cannot be read")
	}
	for n, v := range c.cfg.Headers {
		req.Header.Set(n, v.Reveal())
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "tocsin")
	req.Header.Set("Idempotency-Key", idempotencyKey(m.Key))
	if s := c.cfg.Secret.Reveal(); s != "" {
		req.Header.Set(SignatureHeader, Sign(s, c.now(), body))
	}
	if _, err := c.client.Do(req); err != nil {
		return t, fmt.Errorf("post to the webhook: %w", err)
	}
	return t, nil
}

// NewPayload returns the body for a message.
func NewPayload(m notify.Message) Payload {
	m = m.Storable()
	links := render.Links(m)
	if links == nil {
		links = []notify.Link{}
	}
	return Payload{
		Version: Version, Key: m.Key, Title: render.Title(m), Text: render.Text(m),
		Event: m.Event, Incident: m.Incident, Ranking: m.Ranking, Links: links,
		Group: m.Group, Chart: m.Chart, ChartURL: m.ChartURL, Told: m.Told, Unmuted: m.Unmuted,
		Held: m.Held, Untold: m.Untold, Escalation: m.Escalation,
	}
}

// idempotencyKey is the key of the message, or a digest of it when it has signs that
// a header cannot hold.
func idempotencyKey(key string) string {
	for _, r := range key {
		if r < ' ' || r > '~' {
			sum := sha256.Sum256([]byte(key))
			return "sha256-" + hex.EncodeToString(sum[:])
		}
	}
	return key
}

// Preview returns the body that Send would post.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	p, err := outbound.JSONPart("body.json", NewPayload(m))
	return []notify.Part{p}, err
}
