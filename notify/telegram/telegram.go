// Package telegram is the channel that sends as a bot of Telegram.
//
// An incident, or a group of alerts, is one message, a photo with a caption when
// there is a chart. Later events edit it, and those that make a message of their
// own also reply to it. When somebody has deleted the message, a new one is sent.
package telegram

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
)

const defaultURL = "https://api.telegram.org"

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Config notify.TelegramConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // for dates in Retry-After; nil: time.Now
}

// Channel keeps one message for each incident in one chat.
type Channel struct {
	name, base string
	cfg        notify.TelegramConfig
	client     *outbound.Client
}

// New returns a channel. Its configuration must be valid; no token or chat is an error.
func New(o Options) (*Channel, error) {
	if o.Config.Token == "" || o.Config.ChatID == "" {
		return nil, fmt.Errorf("channel %s: want token and chat_id", o.Name)
	}
	u := cmp.Or(strings.TrimRight(o.Config.APIURL, "/"), defaultURL)
	token := o.Config.Token.Reveal()
	_, secret, _ := strings.Cut(token, ":")
	return &Channel{
		name: o.Name, base: u + "/bot" + token + "/", cfg: o.Config,
		client: outbound.New(outbound.Options{HTTP: o.HTTP, Now: o.Now, Secrets: []string{token, secret}}),
	}, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// Edits reports true: quiet messages are welcome.
func (c *Channel) Edits() bool { return true }

// memory is the content of a Thread.
type memory struct {
	ID     int64  `json:"id"`               // of the message
	Photo  bool   `json:"photo,omitempty"`  // it has one, and its text is a caption
	Edited string `json:"edited,omitempty"` // key of the message by which it was last edited
}

// Send sends the message of the incident, or edits it and replies to it.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	var mem memory
	if json.Unmarshal([]byte(t), &mem) != nil || mem.ID == 0 {
		if m.Quiet {
			return t, nil
		}
		return c.post(ctx, m, t)
	}
	if m.Key == "" || mem.Edited != m.Key {
		err := c.edit(ctx, m, mem)
		switch {
		case says(err, "message is not modified"), says(err, "message can't be edited"):
		case gone(err) && m.Quiet:
			return t, nil
		case gone(err):
			return c.post(ctx, m, t)
		case err != nil:
			return t, err
		}
		mem.Edited = m.Key
	}
	if m.Quiet {
		return mem.thread(t), nil
	}
	_, err := c.call(ctx, "sendMessage", c.fields(field("text", reply(m)), field("parse_mode", "HTML"), noPreview,
		field("reply_parameters", fmt.Sprintf(`{"message_id":%d,"allow_sending_without_reply":true}`, mem.ID))), nil)
	return mem.thread(t), err
}

func (m memory) thread(old notify.Thread) notify.Thread {
	b, err := json.Marshal(m)
	if err != nil { // it cannot be
		return old
	}
	return notify.Thread(b)
}

// noPreview keeps Telegram from fetching the links of a text.
var noPreview = field("link_preview_options", `{"is_disabled":true}`)

func field(name, value string) outbound.FormField {
	return outbound.FormField{Name: name, Value: value}
}

func (c *Channel) post(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	method, fields, files := c.first(m)
	id, err := c.call(ctx, method, fields, files)
	if err != nil {
		return t, err
	}
	if id == 0 { // taken, and yet there will be nothing to edit
		return t, nil
	}
	return memory{ID: id, Photo: len(files) > 0, Edited: m.Key}.thread(t), nil
}

// first is the call that makes the message.
func (c *Channel) first(m notify.Message) (method string, fields []outbound.FormField, files []outbound.File) {
	png, err := chart.PNG(m.Chart)
	if err != nil {
		return "sendMessage", c.fields(field("text", text(m, maxText)), field("parse_mode", "HTML"), noPreview), nil
	}
	return "sendPhoto", c.fields(field("caption", text(m, maxCaption)), field("parse_mode", "HTML")),
		[]outbound.File{{Field: "photo", Name: "chart.png", Type: "image/png", Body: png}}
}

// edit changes a photo with its caption, or the caption alone when there is no new
// picture, or a text.
func (c *Channel) edit(ctx context.Context, m notify.Message, mem memory) error {
	id := field("message_id", strconv.FormatInt(mem.ID, 10))
	if !mem.Photo {
		_, err := c.call(ctx, "editMessageText", c.place(id, field("text", text(m, maxText)), field("parse_mode", "HTML"), noPreview), nil)
		return err
	}
	png, err := chart.PNG(m.Chart)
	if err != nil {
		_, err := c.call(ctx, "editMessageCaption", c.place(id, field("caption", text(m, maxCaption)), field("parse_mode", "HTML")), nil)
		return err
	}
	media, err := json.Marshal(map[string]string{"type": "photo", "media": "attach://photo", "caption": text(m, maxCaption), "parse_mode": "HTML"})
	if err != nil {
		return fmt.Errorf("write the photo of the message: %w", err)
	}
	_, err = c.call(ctx, "editMessageMedia", c.place(id, field("media", string(media))),
		[]outbound.File{{Field: "photo", Name: "chart.png", Type: "image/png", Body: png}})
	return err
}

func (c *Channel) place(fields ...outbound.FormField) []outbound.FormField {
	return append([]outbound.FormField{field("chat_id", c.cfg.ChatID)}, fields...)
}

// fields are place with the topic, which only new messages take.
func (c *Channel) fields(fields ...outbound.FormField) []outbound.FormField {
	if c.cfg.Topic > 0 {
		fields = append([]outbound.FormField{field("message_thread_id", strconv.Itoa(c.cfg.Topic))}, fields...)
	}
	return c.place(fields...)
}

// call makes a call of the Bot API and returns the id of the message that it made.
func (c *Channel) call(ctx context.Context, method string, fields []outbound.FormField, files []outbound.File) (int64, error) {
	var answer struct {
		OK          bool   `json:"ok"`
		Description string `json:"description"`
		Result      struct {
			MessageID int64 `json:"message_id"`
		} `json:"result"`
	}
	err := c.client.JSON(ctx, outbound.Call{Method: http.MethodPost, URL: c.base + method, Form: fields, Files: files, Out: &answer})
	if err == nil && !answer.OK {
		err = c.client.Scrub(errors.New("refused: " + render.Cut(render.Line(answer.Description), 200)))
	}
	if err != nil {
		return 0, fmt.Errorf("%s of Telegram: %w", method, err)
	}
	return answer.Result.MessageID, nil
}

// says reports whether Telegram refused a call with these words; it has no codes.
func says(err error, words string) bool {
	var s *outbound.StatusError
	return errors.As(err, &s) && s.Code == http.StatusBadRequest && strings.Contains(strings.ToLower(string(s.Body)), words)
}

func gone(err error) bool {
	return says(err, "message to edit not found") || says(err, "message_id_invalid")
}

// Preview returns the fields of the call that makes the message, and the picture.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	method, fields, files := c.first(m)
	call := map[string]string{"method": method}
	for _, f := range fields {
		call[f.Name] = f.Value
	}
	p, err := outbound.JSONPart("message.json", call)
	out := []notify.Part{p}
	for _, f := range files {
		out = append(out, notify.Part{Name: f.Name, Type: f.Type, Body: f.Body})
	}
	return out, err
}
