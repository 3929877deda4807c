// Package email is the channel that sends mail through an SMTP server.
//
// A mail has a text and an HTML part with the chart inside. All mails of an
// incident, or of a group of alerts, have one subject and refer to the first one, so
// that mail programs show them as one thread. The Message-ID follows from the
// message, so that a mail that is sent twice because an answer was lost can be told
// from another one.
package email

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	netmail "net/mail"
	"net/textproto"
	"os"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
)

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Config notify.EmailConfig
	Now    func() time.Time // for the date of a mail; nil: time.Now
}

// Channel sends to a fixed set of receivers.
type Channel struct {
	name     string
	cfg      notify.EmailConfig
	from     *netmail.Address
	to       []*netmail.Address
	server   server
	scrubber *outbound.Client
	now      func() time.Time
}

// New returns a channel. Its configuration must be valid; addresses that cannot be
// read and a ca_file that holds no certificate are errors.
func New(o Options) (*Channel, error) {
	fail := func(err error) (*Channel, error) { return nil, fmt.Errorf("channel %s: %w", o.Name, err) }
	c := &Channel{
		name: o.Name, cfg: o.Config, now: o.Now,
		scrubber: outbound.New(outbound.Options{Secrets: []string{o.Config.Password.Reveal()}}),
	}
	if c.now == nil {
		c.now = time.Now
	}
	var err error
	if c.from, err = netmail.ParseAddress(o.Config.From); err != nil {
		return fail(fmt.Errorf("from: want a mail address, got %q: %w", o.Config.From, err))
	}
	for _, t := range o.Config.To {
		a, err := netmail.ParseAddress(t)
		if err != nil {
			return fail(fmt.Errorf("to: want a mail address, got %q: %w", t, err))
		}
		c.to = append(c.to, a)
	}
	if len(c.to) == 0 || o.Config.Host == "" {
		return fail(errors.New("want host and at least one receiver in to"))
	}
	if c.server, err = newServer(o.Config); err != nil {
		return fail(err)
	}
	return c, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// memory is the content of a Thread.
type memory struct {
	Root    string `json:"root"` // Message-ID of the first mail
	Subject string `json:"subject"`
}

// Send sends the mail. When the server refuses some receivers for good, the others
// get it, and the error names those that did not.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if m.Quiet {
		return t, nil
	}
	var mem memory
	if json.Unmarshal([]byte(t), &mem) != nil || mem.Root == "" {
		mem = memory{}
	}
	l, err := c.letter(m, mem)
	if err != nil {
		return t, err
	}
	if mem.Root == "" {
		mem = memory{Root: l.id, Subject: l.subject}
	}
	body, err := l.bytes()
	if err != nil {
		return t, fmt.Errorf("write the mail: %w", err)
	}
	to := make([]string, len(c.to))
	for i, a := range c.to {
		to[i] = a.Address
	}
	refused, err := c.server.send(ctx, c.from.Address, to, body)
	if err != nil {
		return t, c.fault(ctx, err)
	}
	b, err := json.Marshal(mem)
	if err != nil {
		return t, fmt.Errorf("write the thread of the mail: %w", err)
	}
	if len(refused) > 0 {
		return notify.Thread(b), c.scrubber.Scrub(fmt.Errorf("the mail server refuses %s; the others have the mail", render.Cut(render.Line(strings.Join(refused, "; ")), 300)))
	}
	return notify.Thread(b), nil
}

// fault tells errors worth another try from final ones: a server that says 5xx, and
// an address that is not permitted, do not mend themselves.
func (c *Channel) fault(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("send the mail: %w", context.Canceled)
	}
	var said *textproto.Error
	final := errors.Is(err, outbound.ErrAddress) || errors.Is(err, errServer)
	if errors.As(err, &said) {
		final = said.Code >= 500
	}
	text := render.Cut(render.Line(err.Error()), 300)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		text = "no answer in time: " + text
	}
	wrapped := fmt.Errorf("send the mail: %w", &worded{text, err})
	if final {
		return c.scrubber.Scrub(wrapped)
	}
	return c.scrubber.Scrub(&notify.RetryError{Err: wrapped})
}

// worded is an error on one line.
type worded struct {
	text string
	err  error
}

func (e *worded) Error() string { return e.text }
func (e *worded) Unwrap() error { return e.err }

// messageID is that of a mail: the same for every try.
func (c *Channel) messageID(of string) string {
	_, domain, _ := strings.Cut(c.from.Address, "@")
	sum := sha256.Sum256([]byte(of))
	return "tocsin." + hex.EncodeToString(sum[:16]) + "@" + domain
}

// Preview returns the mail as HTML, as text, its picture and all of it as it would
// be sent.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	l, err := c.letter(m, memory{})
	if err != nil {
		return nil, err
	}
	out := []notify.Part{
		{Name: "mail.txt", Type: "text/plain; charset=utf-8", Body: []byte(l.text)},
		{Name: "mail.html", Type: "text/html; charset=utf-8", Body: []byte(strings.ReplaceAll(l.html, "cid:"+chartID, chartName))},
	}
	if l.png != nil {
		out = append(out, notify.Part{Name: chartName, Type: "image/png", Body: l.png})
	}
	body, err := l.bytes()
	if err != nil {
		return nil, fmt.Errorf("write the mail: %w", err)
	}
	return append(out, notify.Part{Name: "mail.eml", Type: "message/rfc822", Body: body}), nil
}
