package github

import (
	"strings"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
)

// escaper takes their meaning from the signs of Markdown and HTML, from mentions
// and from references to issues.
var escaper = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `~`, `\~`, `[`, `\[`, `]`, `\]`, `|`, `\|`, `#`, "#\u200b", `@`, "@\u200b",
	`<`, "&lt;", `>`, "&gt;", `&`, "&amp;", `!`, `\!`,
)

func escape(s string) string { return escaper.Replace(s) }

// hidden writes text into a comment of HTML, which is not shown. It cannot be ended
// by what is in it.
func hidden(s string) string {
	return "<!-- tocsin:" + strings.NewReplacer("-->", "", "<", "", ">", "").Replace(render.Line(s)) + " -->"
}

// body is the text of an issue.
func body(m notify.Message) string {
	c := render.CardOf(m)
	out := []string{"**" + escape(c.Headline) + "**"}
	add := func(s ...string) { out = append(out, s...) }
	if c.Summary != "" {
		add("", escape(c.Summary))
	}
	if len(c.Fields) > 0 {
		add("", "| | |", "|---|---|")
		for _, f := range c.Fields {
			add("| " + escape(f.Name) + " | " + escape(f.Value) + " |")
		}
	}
	add(picture(m, c)...)
	if len(c.Lines) > 0 {
		add("", "**"+escape(c.Listed)+"**", "")
		for _, l := range c.Lines {
			add("- " + escape(l))
		}
	}
	add(suspects(c)...)
	if len(c.Links) > 0 {
		add("", links(c))
	}
	if c.Told != "" || c.Foot != "" {
		add("", "<sub>"+escape(strings.Trim(c.Told+" · "+c.Foot, " ·"))+"</sub>")
	}
	return strings.Join(out, "\n")
}

// comment is what an event says below the issue.
func comment(m notify.Message) string {
	c := render.CardOf(m)
	out := []string{"**" + escape(c.Headline) + "**"}
	if c.Summary != "" {
		out = append(out, "", escape(c.Summary))
	}
	out = append(out, picture(m, c)...)
	if m.Group != nil {
		out = append(out, "")
		for _, l := range c.Lines {
			out = append(out, "- "+escape(l))
		}
	}
	out = append(out, suspects(c)...)
	return strings.Join(out, "\n")
}

// picture shows the chart from its address, else as a row of blocks.
func picture(m notify.Message, c render.Card) []string {
	switch {
	case m.Chart.Drawable() && render.SafeURL(m.ChartURL) && !strings.ContainsAny(m.ChartURL, "()"):
		return []string{"", "![" + escape(c.Spark) + "](" + m.ChartURL + ")"}
	case c.Spark != "":
		return []string{"", "```", strings.ReplaceAll(c.Spark, "`", "'"), "```"}
	}
	return nil
}

func suspects(c render.Card) []string {
	if len(c.Suspects) == 0 {
		return nil
	}
	out := []string{"", "**Suspects**", ""}
	for _, s := range c.Suspects {
		l := "- **" + escape(s.Percent) + "** " + escape(s.Title)
		if s.Link != "" && !strings.ContainsAny(s.Link, "()") {
			l = "- **" + escape(s.Percent) + "** [" + escape(s.Title) + "](" + s.Link + ")"
		}
		if s.When != "" {
			l += ", " + escape(s.When)
		}
		out = append(out, l)
		for _, t := range s.Terms {
			out = append(out, "  - "+escape(t))
		}
	}
	return out
}

func links(c render.Card) string {
	var out []string
	for _, l := range c.Links {
		if !strings.ContainsAny(l.URL, "()") {
			out = append(out, "["+escape(l.Name)+"]("+l.URL+")")
		}
	}
	return strings.Join(out, " · ")
}
