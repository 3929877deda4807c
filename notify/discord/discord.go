// Package discord is the channel that posts to Discord through a webhook.
//
// An incident, or a group of alerts, is one message with an embed and its chart as
// an attachment. Later events edit it; because Discord makes no sound for an edit,
// those that people must hear of (raised, reopened, resolved, a group that changes)
// also post a line of their own. When somebody has deleted the message, a new one
// is posted. No text from outside can mention anybody.
package discord

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
)

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Config notify.DiscordConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // for dates in Retry-After; nil: time.Now
}

// Channel keeps one message for each incident.
type Channel struct {
	name   string
	hook   *url.URL
	client *outbound.Client
}

// New returns a channel. Its configuration must be valid; an address that cannot be
// read is an error.
func New(o Options) (*Channel, error) {
	u, err := url.Parse(o.Config.WebhookURL.Reveal())
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("channel %s: want a webhook_url, got none that can be read", o.Name)
	}
	return &Channel{
		name: o.Name, hook: u,
		client: outbound.New(outbound.Options{HTTP: o.HTTP, Now: o.Now, Secrets: []string{u.String(), u.Path}}),
	}, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// Edits reports true: quiet messages are welcome.
func (c *Channel) Edits() bool { return true }

// memory is the content of a Thread.
type memory struct {
	ID     string `json:"id"`               // of the message
	Edited string `json:"edited,omitempty"` // key of the message by which it was last edited
}

// unknownMessage is Discord's code for a message that is not there.
const unknownMessage = 10008

// Send posts the message of the incident, or edits it and posts a line when the
// event must be heard of.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	var mem memory
	if json.Unmarshal([]byte(t), &mem) != nil || mem.ID == "" {
		if m.Quiet {
			return t, nil
		}
		return c.post(ctx, m, t)
	}
	if m.Key == "" || mem.Edited != m.Key {
		err := c.edit(ctx, m, mem.ID)
		switch {
		case gone(err) && m.Quiet:
			return t, nil
		case gone(err):
			return c.post(ctx, m, t)
		case err != nil:
			return t, fmt.Errorf("edit the message in Discord: %w", err)
		}
		mem.Edited = m.Key
	}
	if !m.Quiet && heard(m) {
		if err := c.call(ctx, http.MethodPost, "", message{Content: lineOf(m), Mentions: noMentions}, nil, nil); err != nil {
			return mem.thread(t), fmt.Errorf("post to Discord: %w", err)
		}
	}
	return mem.thread(t), nil
}

func (m memory) thread(old notify.Thread) notify.Thread {
	b, err := json.Marshal(m)
	if err != nil { // strings only: it cannot be
		return old
	}
	return notify.Thread(b)
}

// heard reports whether an event makes a line of its own.
func heard(m notify.Message) bool {
	switch m.Event.Kind {
	case incident.EventRaised, incident.EventReopened:
		return true
	}
	return m.Group != nil || m.Event.Kind.Ends()
}

func (c *Channel) post(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	var made struct {
		ID string `json:"id"`
	}
	msg, files := c.message(m)
	if err := c.call(ctx, http.MethodPost, "", msg, files, &made); err != nil {
		return t, fmt.Errorf("post to Discord: %w", err)
	}
	if made.ID == "" { // taken, and yet there will be nothing to edit
		return t, nil
	}
	return memory{ID: made.ID, Edited: m.Key}.thread(t), nil
}

func (c *Channel) edit(ctx context.Context, m notify.Message, id string) error {
	msg, files := c.message(m)
	return c.call(ctx, http.MethodPatch, "/messages/"+url.PathEscape(id), msg, files, nil)
}

// call asks Discord to wait until the message is there, so that its answer is
// about the message and holds its id.
func (c *Channel) call(ctx context.Context, method, path string, msg message, files []outbound.File, out any) error {
	u := *c.hook
	u.Path = strings.TrimRight(u.Path, "/") + path
	q := u.Query()
	if method == http.MethodPost {
		q.Set("wait", "true")
	}
	u.RawQuery = q.Encode()
	call := outbound.Call{Method: method, URL: u.String(), Out: out}
	if len(files) == 0 {
		call.In = msg
	} else {
		b, err := json.Marshal(msg)
		if err != nil {
			return fmt.Errorf("write the message as JSON: %w", err)
		}
		call.Form, call.Files = []outbound.FormField{{Name: "payload_json", Value: string(b)}}, files
	}
	return c.client.JSON(ctx, call)
}

func gone(err error) bool {
	var s *outbound.StatusError
	var v struct{ Code int }
	return errors.As(err, &s) && s.Code == http.StatusNotFound && json.Unmarshal(s.Body, &v) == nil && v.Code == unknownMessage
}

// message returns the message of an incident and the files that go with it. A
// chart that cannot be drawn leaves the row of blocks.
func (c *Channel) message(m notify.Message) (message, []outbound.File) {
	png, err := chart.PNG(m.Chart)
	msg := layout(m, err == nil)
	if err != nil {
		return msg, nil
	}
	return msg, []outbound.File{{Field: "files[0]", Name: chartName, Type: "image/png", Body: png}}
}

// Preview returns the body of the message and its picture.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	msg, files := c.message(m)
	p, err := outbound.JSONPart("message.json", msg)
	out := []notify.Part{p}
	for _, f := range files {
		out = append(out, notify.Part{Name: f.Name, Type: f.Type, Body: f.Body})
	}
	return out, err
}

// lineOf is the line that an event posts.
func lineOf(m notify.Message) string {
	return looks[render.MoodOfMessage(m)].sign + " " + escape(render.Cut(render.Headline(m), 500))
}
