package telegram

import (
	"strings"
	"unicode/utf16"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
)

// Limits of Telegram, in UTF-16 units of what is shown; ours are counted with the
// tags and so are on the safe side.
const (
	maxText    = 4096
	maxCaption = 1024
)

var signs = map[render.Mood]string{
	render.MoodCritical: "🔴", render.MoodWarning: "🟠", render.MoodInfo: "🔵", render.MoodAcknowledged: "👀", render.MoodResolved: "🟢",
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func escape(s string) string { return escaper.Replace(s) }

// text is the message in the HTML that Telegram reads. Lines that do not fit are
// left out whole, the least important first, since half a tag would be refused.
func text(m notify.Message, most int) string {
	c := render.CardOf(m)
	caption := most < maxText
	head := signs[c.Mood] + " <b>" + escape(render.Cut(c.Title, 200)) + "</b>"
	var important, more []string
	important = append(important, escape(render.Cut(c.Headline, 200)))
	for _, f := range c.Fields {
		if f.Name != "Service" {
			important = append(important, "<b>"+escape(f.Name)+"</b>: "+escape(render.Cut(f.Value, 120)))
		}
	}
	var links []string
	for _, l := range c.Links {
		if len(l.URL) <= 300 {
			links = append(links, `<a href="`+escape(l.URL)+`">`+escape(render.Cut(l.Name, 40))+`</a>`)
		}
	}
	if len(links) > 0 {
		important = append(important, strings.Join(links[:min(len(links), 4)], " · "))
	}
	for i, s := range c.Suspects {
		if i == 0 {
			more = append(more, "<b>Suspects</b>")
		}
		more = append(more, escape(render.Cut(render.SuspectLine(s), 200)))
	}
	if c.Spark != "" && !caption {
		more = append(more, "<code>"+escape(c.Spark)+"</code>")
	}
	if len(c.Lines) > 0 {
		more = append(more, "<b>"+escape(c.Listed)+"</b>")
		for _, l := range c.Lines {
			more = append(more, "• "+escape(render.Cut(l, 300)))
		}
	}
	if c.Told != "" {
		more = append(more, "<i>"+escape(render.Cut(c.Told, 200))+"</i>")
	}
	out := head
	for _, l := range append(important, more...) {
		if units(out)+units(l)+1 > most {
			continue
		}
		out += "\n" + l
	}
	return out
}

// reply is what an event says below the message.
func reply(m notify.Message) string {
	c := render.CardOf(m)
	out := signs[c.Mood] + " " + escape(c.Headline)
	if c.Summary != "" {
		out += "\n" + escape(c.Summary)
	}
	return out
}

func units(s string) int {
	n := 0
	for _, r := range s {
		n += utf16.RuneLen(r)
	}
	return n
}
