package discord

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
)

const chartName = "chart.png"

// Limits of Discord, in characters; all texts of an embed together are bounded too.
const (
	maxTitle       = 256
	maxDescription = 4096
	maxField       = 1024
	maxFooter      = 2048
	maxEmbed       = 6000
)

// message is the body of a request.
type message struct {
	Content     string       `json:"content,omitempty"`
	Embeds      []embed      `json:"embeds,omitempty"`
	Attachments []attachment `json:"attachments"` // those that stay; none but ours
	Mentions    mentions     `json:"allowed_mentions"`
}

// mentions say whom a message may call: nobody.
type mentions struct {
	Parse []string `json:"parse"`
}

var noMentions = mentions{Parse: []string{}}

type attachment struct {
	ID          int    `json:"id"`
	Filename    string `json:"filename"`
	Description string `json:"description,omitempty"`
}

type embed struct {
	Title       string  `json:"title"`
	URL         string  `json:"url,omitempty"`
	Description string  `json:"description,omitempty"`
	Color       int     `json:"color"`
	Fields      []field `json:"fields,omitempty"`
	Image       *image  `json:"image,omitempty"`
	Footer      *footer `json:"footer,omitempty"`
	Timestamp   string  `json:"timestamp,omitempty"`
}

type field struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline,omitempty"`
}

type image struct {
	URL string `json:"url"`
}

type footer struct {
	Text string `json:"text"`
}

type look struct {
	sign  string
	color int
}

var looks = map[render.Mood]look{
	render.MoodCritical: {"🔴", 0xD7263D}, render.MoodWarning: {"🟠", 0xE8912D}, render.MoodInfo: {"🔵", 0x2D7DD2},
	render.MoodAcknowledged: {"👀", 0x6C5CE7}, render.MoodResolved: {"🟢", 0x2EB67D},
}

// escaper takes their meaning from the signs of Discord's Markdown and of mentions.
var escaper = strings.NewReplacer(
	`\`, `\\`, `*`, `\*`, `_`, `\_`, `~`, `\~`, "`", "\\`", `|`, `\|`, `>`, `\>`, `<`, `\<`, `[`, `\[`, `]`, `\]`, `#`, `\#`, `@`, "@\u200b",
)

func escape(s string) string { return escaper.Replace(s) }

// layout returns the message of an incident or a group.
func layout(m notify.Message, picture bool) message {
	c := render.CardOf(m)
	l := looks[c.Mood]
	e := embed{Title: cut(l.sign+" "+escape(c.Title), maxTitle), Color: l.color}
	room := maxEmbed - utf8.RuneCountInString(e.Title)
	take := func(s string, most int) string {
		s = cut(s, min(most, room))
		room -= utf8.RuneCountInString(s)
		return s
	}
	if f := strings.Join(nonEmpty(c.Foot, c.Told), " · "); f != "" {
		e.Footer = &footer{take(f, maxFooter/4)}
	}
	about := []string{"**" + escape(c.Headline) + "**"}
	if c.Summary != "" {
		about = append(about, escape(c.Summary))
	}
	if c.Spark != "" && !picture {
		about = append(about, "`"+strings.ReplaceAll(c.Spark, "`", "'")+"`")
	}
	e.Description = take(strings.Join(about, "\n"), maxDescription/2)
	add := func(name, value string, inline bool) {
		if value == "" || room < 200 || len(e.Fields) == 25 {
			return
		}
		name = take(name, 100)
		e.Fields = append(e.Fields, field{Name: name, Value: take(value, maxField), Inline: inline})
	}
	for _, f := range c.Fields {
		add(f.Name, escape(f.Value), len(f.Value) < 40)
	}
	add(c.Listed, bullets(c.Lines), false)
	var suspects []string
	for _, s := range c.Suspects {
		suspects = append(suspects, s.Percent+" "+s.Title+parens(s.When))
	}
	add("Suspects", bullets(suspects), false)
	var links []string
	for _, k := range c.Links {
		if e.URL == "" {
			e.URL = k.URL
		}
		// An address with a parenthesis would end the link early.
		if !strings.ContainsAny(k.URL, "()") {
			links = append(links, "["+escape(k.Name)+"]("+k.URL+")")
		}
	}
	add("Links", whole(links, " · ", maxField), false)
	if picture {
		e.Image = &image{"attachment://" + chartName}
	}
	if !m.Event.At.IsZero() {
		e.Timestamp = m.Event.At.UTC().Format(time.RFC3339)
	}
	msg := message{Embeds: []embed{e}, Attachments: []attachment{}, Mentions: noMentions}
	if picture {
		msg.Attachments = append(msg.Attachments, attachment{ID: 0, Filename: chartName, Description: cut(render.Spark(m.Chart), 1000)})
	}
	return msg
}

func bullets(lines []string) string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = "• " + escape(l)
	}
	return whole(out, "\n", maxField)
}

// whole joins parts while they fit whole; the first is cut when it does not.
func whole(parts []string, by string, most int) string {
	s := ""
	for i, p := range parts {
		if i > 0 {
			p = by + p
		}
		if utf8.RuneCountInString(s)+utf8.RuneCountInString(p) > most {
			if i == 0 {
				return cut(p, most)
			}
			break
		}
		s += p
	}
	return s
}

// cut shortens escaped text without leaving half an escape behind.
func cut(s string, n int) string {
	short := render.Cut(s, n)
	if short == s {
		return s
	}
	body := strings.TrimSuffix(short, "…")
	if trail := len(body) - len(strings.TrimRight(body, `\`)); trail%2 == 1 {
		body = body[:len(body)-1]
	}
	return body + "…"
}

func parens(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func nonEmpty(parts ...string) []string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return out
}
