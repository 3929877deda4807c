package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/outbound"
)

// Options are what a channel is made of.
type Options struct {
	Name   string
	Config notify.SlackConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // for dates in Retry-After; nil: time.Now
}

// New returns a *Bot when the configuration has a token, and an *Incoming when
// it has a webhook address. Neither is an error.
func New(o Options) (notify.Channel, error) {
	client := outbound.New(outbound.Options{
		HTTP: o.HTTP, Now: o.Now,
		Secrets: []string{o.Config.Token.Reveal(), o.Config.WebhookURL.Reveal()},
	})
	switch {
	case o.Config.WebhookURL != "" && o.Config.Token == "":
		return &Incoming{name: o.Name, url: o.Config.WebhookURL.Reveal(), client: client}, nil
	case o.Config.Token != "" && o.Config.Channel != "" && o.Config.WebhookURL == "":
		opts := []slack.Option{slack.OptionHTTPClient(client)}
		if u := o.Config.APIURL; u != "" {
			opts = append(opts, slack.OptionAPIURL(strings.TrimSuffix(u, "/")+"/"))
		}
		return &Bot{name: o.Name, to: o.Config.Channel, api: slack.New(o.Config.Token.Reveal(), opts...), client: client}, nil
	}
	return nil, fmt.Errorf("channel %s: want either webhook_url or token with channel", o.Name)
}

// Incoming posts to an incoming webhook. It remembers no thread.
type Incoming struct {
	name, url string
	client    *outbound.Client
}

// Name returns the configured name.
func (c *Incoming) Name() string { return c.name }

// Send posts the message; a quiet one is not posted. The request is made here
// and not by slack-go's own function for webhooks, which follows redirects,
// reads answers without end and cannot read a date in Retry-After.
func (c *Incoming) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if m.Quiet {
		return t, nil
	}
	x := card(m)
	body, err := json.Marshal(slack.WebhookMessage{
		Text: x.text, Blocks: &slack.Blocks{BlockSet: x.blocks}, Attachments: []slack.Attachment{x.attachment},
	})
	if err != nil {
		return t, fmt.Errorf("write message %s for Slack: %w", m.Key, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return t, errors.New("post to Slack's webhook: its address cannot be read")
	}
	req.Header.Set("Content-Type", "application/json")
	if _, err := c.client.Do(req); err != nil {
		return t, fmt.Errorf("post to Slack's webhook: %w", err)
	}
	return t, nil
}

// Bot keeps one message per incident in one channel.
type Bot struct {
	name, to string
	api      *slack.Client
	client   *outbound.Client
}

// place is where an incident's message is: the content of a Thread.
type place struct {
	Channel string `json:"channel"` // id, which editing needs even where posting takes a name
	TS      string `json:"ts"`
}

// Name returns the configured name.
func (c *Bot) Name() string { return c.name }

// Edits reports true: quiet messages are welcome.
func (c *Bot) Edits() bool { return true }

// Send posts the incident's message, or edits it and replies in its thread.
// Editing comes first and does no harm when it is repeated, so a try that
// ends between the two repeats nothing that people notice.
func (c *Bot) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	p, ok := parsePlace(t)
	if !ok {
		if m.Quiet {
			return t, nil
		}
		return c.post(ctx, m, t)
	}
	switch err := c.edit(ctx, m, p); {
	case err == nil, is(err, uneditable):
	case is(err, gone) && m.Quiet:
		return t, nil
	case is(err, gone):
		return c.post(ctx, m, t)
	default:
		return t, c.fault("chat.update", err)
	}
	if m.Quiet {
		return t, nil
	}
	opts := []slack.MsgOption{
		slack.MsgOptionTS(p.TS), slack.MsgOptionText(reply(m), false),
		slack.MsgOptionDisableLinkUnfurl(), metadata(m),
	}
	if broadcast(m) {
		opts = append(opts, slack.MsgOptionBroadcast())
	}
	_, _, err := c.api.PostMessageContext(ctx, p.Channel, opts...)
	if is(err, gone) {
		return c.post(ctx, m, t)
	}
	return t, c.fault("chat.postMessage", err)
}

// post makes the message and returns where it is.
func (c *Bot) post(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	x := card(m)
	channel, ts, err := c.api.PostMessageContext(ctx, c.to, x.options(m)...)
	if is(err, unfit) {
		channel, ts, err = c.api.PostMessageContext(ctx, c.to, slack.MsgOptionText(x.text, false), metadata(m))
	}
	if err != nil {
		return t, c.fault("chat.postMessage", err)
	}
	if channel == "" {
		channel = c.to
	}
	if ts == "" { // taken, and yet there will be nothing to edit
		return t, nil
	}
	b, err := json.Marshal(place{Channel: channel, TS: ts})
	if err != nil {
		return t, fmt.Errorf("write the place of the message: %w", err)
	}
	return notify.Thread(b), nil
}

func (c *Bot) edit(ctx context.Context, m notify.Message, p place) error {
	x := card(m)
	_, _, _, err := c.api.UpdateMessageContext(ctx, p.Channel, p.TS, x.options(m)...)
	if is(err, unfit) {
		_, _, _, err = c.api.UpdateMessageContext(ctx, p.Channel, p.TS, slack.MsgOptionText(x.text, false), metadata(m))
	}
	return err
}

func (c *Bot) fault(method string, err error) error {
	return c.client.Scrub(classify(method, err))
}

func (x content) options(m notify.Message) []slack.MsgOption {
	return []slack.MsgOption{
		slack.MsgOptionText(x.text, false), slack.MsgOptionBlocks(x.blocks...), slack.MsgOptionAttachments(x.attachment),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(), metadata(m),
	}
}

// metadata carries the dedup key, so that a message repeated after a crash can
// be told from another one.
func metadata(m notify.Message) slack.MsgOption {
	return slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType: "tocsin_incident", EventPayload: map[string]any{"incident": m.Incident.ID, "key": m.Key},
	})
}

func parsePlace(t notify.Thread) (place, bool) {
	var p place
	if t == "" || json.Unmarshal([]byte(t), &p) != nil {
		return place{}, false
	}
	return p, p.Channel != "" && p.TS != ""
}
