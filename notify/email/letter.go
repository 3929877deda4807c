package email

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/render"
)

// The chart within a mail.
const (
	chartName = "chart.png"
	chartID   = "chart"
)

//go:embed mail.html
var mailHTML string

// page reads the template once, when the first mail is made.
var page = sync.OnceValues(func() (*template.Template, error) { return template.New("mail").Parse(mailHTML) })

// letter is a mail before it is written.
type letter struct {
	channel    *Channel
	id, root   string // Message-IDs; root is empty for the first mail of a thread
	subject    string
	headers    [][2]string
	important  bool
	text, html string
	png        []byte
	date       time.Time
}

// view is what the template shows.
type view struct {
	render.Card
	Color, Tint template.CSS
	Chart       template.URL // of the picture; empty: none
	ChartAlt    string
	Preheader   string
}

var colors = map[render.Mood][2]template.CSS{
	render.MoodCritical: {"#c92a2a", "#fff5f5"}, render.MoodWarning: {"#d9480f", "#fff4e6"}, render.MoodInfo: {"#1864ab", "#e7f5ff"},
	render.MoodAcknowledged: {"#5f3dc4", "#f3f0ff"}, render.MoodResolved: {"#2b8a3e", "#ebfbee"},
}

// letter makes the mail of a message within a thread.
func (c *Channel) letter(m notify.Message, mem memory) (*letter, error) {
	card := render.CardOf(m)
	first := mem.Root == ""
	l := &letter{
		channel: c, subject: render.Cut(card.Title, 180), date: m.Event.At, important: card.Mood == render.MoodCritical,
		headers: [][2]string{
			{"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"},
			{"X-Tocsin-Subject", render.DedupKey(m)}, {"X-Tocsin-Message", render.Cut(render.Line(m.Key), 200)}, {"X-Tocsin-State", string(card.Mood)},
		},
	}
	if l.date.IsZero() {
		l.date = c.now()
	}
	if first {
		l.id = c.messageID("root/" + render.DedupKey(m))
	} else {
		l.id, l.root, l.subject = c.messageID(m.Key), mem.Root, "Re: "+mem.Subject
	}
	l.text = render.Text(m)
	if png, err := chart.PNG(m.Chart); err == nil {
		l.png = png
	}
	look := colors[card.Mood]
	v := view{Card: card, Color: look[0], Tint: look[1], ChartAlt: card.Spark, Preheader: card.Headline}
	v.Headline = strings.TrimSuffix(card.Headline, ": "+card.Title) // the title stands above it
	if o, ok := render.Lead(m.Incident); ok && !m.Incident.State.Over() {
		if d := render.Distance(o); d != "" {
			v.Preheader = render.Cut(d+" — "+card.Headline, 200)
		}
	}
	if l.png != nil {
		v.Chart = "cid:" + chartID
	}
	t, err := page()
	if err != nil {
		return nil, fmt.Errorf("read the template of mails: %w", err)
	}
	var b strings.Builder
	if err := t.Execute(&b, v); err != nil {
		return nil, fmt.Errorf("fill in the template of mails: %w", err)
	}
	l.html = b.String()
	return l, nil
}

// bytes writes the mail as it goes over the wire.
func (l *letter) bytes() ([]byte, error) {
	m := mail.NewMsg()
	m.FromMailAddress(l.channel.from)
	m.ToMailAddress(l.channel.to...)
	if r := l.channel.cfg.ReplyTo; r != "" {
		if err := m.ReplyTo(r); err != nil {
			return nil, err
		}
	}
	m.Subject(l.subject)
	m.SetMessageIDWithValue(l.id)
	m.SetDateWithValue(l.date)
	if l.root != "" {
		m.SetGenHeader(mail.HeaderInReplyTo, "<"+l.root+">")
		m.SetGenHeader(mail.HeaderReferences, "<"+l.root+">")
	}
	for _, h := range l.headers {
		m.SetGenHeader(mail.Header(h[0]), h[1])
	}
	if l.important {
		m.SetImportance(mail.ImportanceHigh)
	}
	m.SetUserAgent("tocsin")
	m.SetBodyString(mail.TypeTextPlain, l.text)
	m.AddAlternativeString(mail.TypeTextHTML, l.html)
	if l.png != nil {
		err := m.EmbedReader(chartName, bytes.NewReader(l.png), mail.WithFileContentID("<"+chartID+">"), mail.WithFileContentType("image/png"))
		if err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
