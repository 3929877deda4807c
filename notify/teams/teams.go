// Package teams is the channel that posts to Microsoft Teams through a workflow
// that starts when a webhook request is received, as an Adaptive Card.
//
// A workflow gives nothing back by which a card could be changed, so each event
// that is told is a card of its own. The chart is shown from its address under
// web.external_url; without one, the card has the row of blocks. Texts from outside
// are text runs, which know no markup.
package teams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/outbound"
	"github.com/tocsinhq/tocsin/notify/render"
)

// Options are what a Channel is made of.
type Options struct {
	Name   string
	Config notify.TeamsConfig
	HTTP   *http.Client     // its Transport is used; nil: a default one
	Now    func() time.Time // for dates in Retry-After; nil: time.Now
}

// Channel posts to one workflow. It remembers no thread.
type Channel struct {
	name, url string
	client    *outbound.Client
}

// New returns a channel. Its configuration must be valid; no address is an error.
func New(o Options) (*Channel, error) {
	u := o.Config.WebhookURL.Reveal()
	if u == "" {
		return nil, fmt.Errorf("channel %s: want a webhook_url, got none", o.Name)
	}
	return &Channel{name: o.Name, url: u, client: outbound.New(outbound.Options{HTTP: o.HTTP, Now: o.Now, Secrets: []string{u}})}, nil
}

// Name returns the configured name.
func (c *Channel) Name() string { return c.name }

// Send posts the card; a quiet message is not posted.
func (c *Channel) Send(ctx context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	if m.Quiet {
		return t, nil
	}
	err := c.client.JSON(ctx, outbound.Call{Method: http.MethodPost, URL: c.url, In: layout(m)})
	if err != nil {
		var s *outbound.StatusError
		if errors.As(err, &s) && s.Code == http.StatusRequestEntityTooLarge {
			err = fmt.Errorf("the card is too large: %w", err)
		}
		return t, fmt.Errorf("post to the workflow of Teams: %w", err)
	}
	return t, nil
}

// Preview returns the body that Send would post.
func (c *Channel) Preview(m notify.Message) ([]notify.Part, error) {
	p, err := outbound.JSONPart("message.json", layout(m))
	return []notify.Part{p}, err
}

// element is a part of a card, or the card; what is empty is left out.
type element map[string]any

var colors = map[render.Mood]struct{ style, color, sign string }{
	render.MoodCritical: {"attention", "Attention", "🔴"}, render.MoodWarning: {"warning", "Warning", "🟠"}, render.MoodInfo: {"accent", "Accent", "🔵"},
	render.MoodAcknowledged: {"accent", "Accent", "👀"}, render.MoodResolved: {"good", "Good", "🟢"},
}

// maxBody is how much Teams takes, with a reserve.
const maxBody = 27 << 10

// layout returns the message with its card, with shorter texts where it would be
// too large otherwise.
func layout(m notify.Message) element {
	var e element
	for _, most := range []int{300, 100, 30} {
		e = layoutWithin(m, most)
		if b, err := json.Marshal(e); err == nil && len(b) <= maxBody {
			break
		}
	}
	return e
}

// layoutWithin cuts each text at a number of characters.
func layoutWithin(m notify.Message, most int) element {
	c := render.CardOf(m)
	c.Headline = render.Cut(c.Headline, most)
	l := colors[c.Mood]
	body := []element{{
		"type": "Container", "style": l.style, "bleed": true,
		"items": []element{rich(run(l.sign+" "+render.Cut(c.Title, most), "Large", "Bolder", false))},
	}, rich(run(render.Cut(c.Headline, most), "", "Bolder", false))}
	if c.Summary != "" {
		body = append(body, rich(run(render.Cut(c.Summary, most), "", "", false)))
	}
	for _, f := range c.Fields {
		body = append(body, tight(rich(run(f.Name+"  ", "", "Bolder", false), run(render.Cut(f.Value, most), "", "", false))))
	}
	switch {
	case m.Chart.Drawable() && render.SafeURL(m.ChartURL):
		body = append(body, element{"type": "Image", "url": m.ChartURL, "altText": render.Cut(c.Spark, most), "size": "Stretch"})
	case c.Spark != "":
		body = append(body, rich(element{"type": "TextRun", "text": c.Spark, "fontType": "Monospace", "size": "Small"}))
	}
	body = append(body, list(c.Listed, c.Lines, most)...)
	var suspects []string
	for _, s := range c.Suspects {
		suspects = append(suspects, render.SuspectLine(s))
	}
	body = append(body, list("Suspects", suspects, most)...)
	if foot := strings.Trim(c.Told+"  ·  "+c.Foot, " ·"); foot != "" {
		body = append(body, rich(run(render.Cut(foot, most), "Small", "", true)))
	}
	card := element{
		"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.5",
		"fallbackText": c.Headline, "body": body, "msteams": element{"width": "Full"},
	}
	var actions []element
	for _, k := range c.Links[:min(len(c.Links), 5)] {
		if len(k.URL) <= 10*most {
			actions = append(actions, element{"type": "Action.OpenUrl", "title": render.Cut(k.Name, 40), "url": k.URL})
		}
	}
	if len(actions) > 0 {
		card["actions"] = actions
	}
	return element{
		"type":    "message",
		"summary": c.Headline,
		"attachments": []element{{
			"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card,
		}},
	}
}

func list(name string, lines []string, most int) []element {
	if len(lines) == 0 {
		return nil
	}
	out := []element{rich(run(name, "", "Bolder", false))}
	for _, s := range lines {
		out = append(out, tight(rich(run("• "+render.Cut(s, most), "", "", false))))
	}
	return out
}

// rich is a line of text runs. A text block would read its text as Markdown.
func rich(runs ...element) element { return element{"type": "RichTextBlock", "inlines": runs} }

func tight(e element) element {
	e["spacing"] = "Small"
	return e
}

func run(text, size, weight string, subtle bool) element {
	e := element{"type": "TextRun", "text": text}
	if size != "" {
		e["size"] = size
	}
	if weight != "" {
		e["weight"] = weight
	}
	if subtle {
		e["isSubtle"] = true
	}
	return e
}
