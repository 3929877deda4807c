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
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
)

// Options are what a channel is made of.
type Options struct {
	Name   string
	Config notify.SlackConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // for dates in Retry-After; nil: time.Now
	// Silences says that a press of the silence button can be carried out; the
	// button is not shown otherwise.
	Silences bool
}

// New returns a *Bot when the configuration has a token, and an *Incoming when
// it has a webhook address. Neither is an error.
func New(o Options) (notify.Channel, error) {
	client := outbound.New(outbound.Options{
		HTTP: o.HTTP, Now: o.Now,
		Secrets: []string{o.Config.Token.Reveal(), o.Config.WebhookURL.Reveal(), o.Config.AppToken.Reveal(), o.Config.SigningSecret.Reveal()},
	})
	switch {
	case o.Config.WebhookURL != "" && o.Config.Token == "":
		return &Incoming{name: o.Name, url: o.Config.WebhookURL.Reveal(), client: client}, nil
	case o.Config.Token != "" && o.Config.Channel != "" && o.Config.WebhookURL == "":
		opts := []slack.Option{slack.OptionHTTPClient(client)}
		if u := o.Config.APIURL; u != "" {
			opts = append(opts, slack.OptionAPIURL(strings.TrimSuffix(u, "/")+"/"))
		}
		return &Bot{
			name: o.Name, to: o.Config.Channel, api: slack.New(o.Config.Token.Reveal(), opts...), client: client, files: !o.Config.NoFiles,
			buttons: o.Config.SigningSecret != "" || o.Config.AppToken != "", silences: o.Silences,
		}, nil
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
	shown := extras{}
	if render.SafeURL(m.ChartURL) && m.Chart.Drawable() {
		shown.url = m.ChartURL
	}
	err := c.post(ctx, m, shown)
	if shown.url != "" && outbound.Status(err) == http.StatusBadRequest {
		// Slack fetches the picture before it takes the message, and perhaps cannot
		// reach this daemon.
		err = c.post(ctx, m, extras{})
	}
	return t, err
}

func (c *Incoming) post(ctx context.Context, m notify.Message, shown extras) error {
	body, err := json.Marshal(webhookMessage(m, shown))
	if err != nil {
		return fmt.Errorf("write message %s for Slack: %w", m.Key, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("post to Slack's webhook: its address cannot be read")
	}
	req.Header.Set("Content-Type", "application/json")
	if _, err := c.client.Do(req); err != nil {
		return fmt.Errorf("post to Slack's webhook: %w", err)
	}
	return nil
}

func webhookMessage(m notify.Message, shown extras) slack.WebhookMessage {
	x := cardWith(m, shown)
	return slack.WebhookMessage{Text: x.text, Blocks: &slack.Blocks{BlockSet: x.blocks}, Attachments: []slack.Attachment{x.attachment}}
}

// Preview returns the body that Send would post.
func (c *Incoming) Preview(m notify.Message) ([]notify.Part, error) {
	p, err := outbound.JSONPart("message.json", webhookMessage(m, extras{url: m.ChartURL}))
	return []notify.Part{p}, err
}

// Bot keeps one message per incident in one channel.
type Bot struct {
	name, to string
	api      *slack.Client
	client   *outbound.Client
	files    bool // charts may be uploaded
	buttons  bool
	silences bool
}

// place is where an incident's message is: the content of a Thread.
type place struct {
	Channel string `json:"channel"` // id, which editing needs even where posting takes a name
	TS      string `json:"ts"`
	File    string `json:"file,omitempty"` // of the chart that the message shows
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
	before := p.File
	if !m.Quiet {
		if id := c.upload(ctx, m); id != "" {
			p.File = id
		}
	}
	switch err := c.edit(ctx, m, &p); {
	case err == nil:
		if p.File != before {
			t = p.thread(t)
		}
	case is(err, uneditable):
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
	p := place{File: c.upload(ctx, m)}
	err := c.layouts(m, &p, func(opts []slack.MsgOption) (err error) {
		p.Channel, p.TS, err = c.api.PostMessageContext(ctx, c.to, opts...)
		return err
	})
	if err != nil {
		return t, c.fault("chat.postMessage", err)
	}
	if p.Channel == "" {
		p.Channel = c.to
	}
	if p.TS == "" { // taken, and yet there will be nothing to edit
		return t, nil
	}
	return p.thread(t), nil
}

func (c *Bot) edit(ctx context.Context, m notify.Message, p *place) error {
	return c.layouts(m, p, func(opts []slack.MsgOption) error {
		_, _, _, err := c.api.UpdateMessageContext(ctx, p.Channel, p.TS, opts...)
		return err
	})
}

// layouts calls send with the message in its best form, and while Slack refuses the
// form, not the message, in plainer ones: without the picture, then as text.
func (c *Bot) layouts(m notify.Message, p *place, send func(opts []slack.MsgOption) error) error {
	x := extras{file: p.File, buttons: c.buttons, silences: c.silences}
	if x.file == "" && render.SafeURL(m.ChartURL) {
		x.url = m.ChartURL
	}
	err := send(cardWith(m, x).options(m))
	if is(err, unfit) && m.Chart.Drawable() && (x.file != "" || x.url != "") {
		p.File, x.file, x.url = "", "", ""
		err = send(cardWith(m, x).options(m))
	}
	if is(err, unfit) {
		err = send([]slack.MsgOption{slack.MsgOptionText(fallback(m), false), metadata(m)})
	}
	return err
}

// Preview returns the card as Send would post it, and the picture that it would
// upload.
func (c *Bot) Preview(m notify.Message) ([]notify.Part, error) {
	x := extras{url: m.ChartURL, buttons: c.buttons, silences: c.silences}
	var png []byte
	if c.files {
		if b, err := chart.PNG(m.Chart); err == nil {
			png, x.file = b, "chart.png"
		}
	}
	card := cardWith(m, x)
	p, err := outbound.JSONPart("message.json", map[string]any{
		"channel": c.to, "text": card.text, "blocks": card.blocks, "attachments": []slack.Attachment{card.attachment}, "thread_reply": reply(m),
	})
	out := []notify.Part{p}
	if png != nil {
		out = append(out, notify.Part{Name: "chart.png", Type: "image/png", Body: png})
	}
	return out, err
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
		EventType: "tocsin_incident", EventPayload: map[string]any{"incident": m.Incident.ID, "key": render.Cut(render.Line(m.Key), 500)},
	})
}

func (p place) thread(old notify.Thread) notify.Thread {
	b, err := json.Marshal(p)
	if err != nil { // strings only: it cannot be
		return old
	}
	return notify.Thread(b)
}

func parsePlace(t notify.Thread) (place, bool) {
	var p place
	if t == "" || json.Unmarshal([]byte(t), &p) != nil {
		return place{}, false
	}
	return p, p.Channel != "" && p.TS != ""
}
