package jira

import (
	"strings"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
)

// document is a text in neutral form; cloud wants it as Atlassian Document Format,
// a server as wiki markup.
type document []block

// block is a paragraph, a list, or a stretch of letters of one width.
type block struct {
	kind  blockKind
	lines [][]run // of a list one for each item, else one
}

type blockKind int

const (
	paragraph blockKind = iota
	list
	fixed
)

// run is a piece of text of one look.
type run struct {
	text string
	bold bool
	link string
}

func plain(s string) run { return run{text: s} }
func bold(s string) run  { return run{text: s, bold: true} }

// describe is the text of an issue.
func describe(m notify.Message) document {
	c := render.CardOf(m)
	d := document{{lines: [][]run{{bold(c.Headline)}}}}
	d = d.say(c.Summary)
	var fields [][]run
	for _, f := range c.Fields {
		fields = append(fields, []run{bold(f.Name + ": "), plain(f.Value)})
	}
	d = d.items(fields)
	d = d.rest(m, c, true)
	var links []run
	for i, l := range c.Links {
		if i > 0 {
			links = append(links, plain(" · "))
		}
		links = append(links, run{text: l.Name, link: l.URL})
	}
	if len(links) > 0 {
		d = append(d, block{lines: [][]run{links}})
	}
	return d.say(strings.Trim(c.Told+" · "+c.Foot, " ·"))
}

// remark is what an event says below the issue. The reference is shown, since a
// comment has no place that is not.
func remark(m notify.Message, reference string) document {
	c := render.CardOf(m)
	d := document{{lines: [][]run{{bold(c.Headline)}}}}
	d = d.say(c.Summary).rest(m, c, m.Group != nil)
	return d.say(referenceText(reference))
}

func referenceText(reference string) string {
	return "Tocsin, message " + render.Cut(render.Line(reference), 200)
}

// rest adds the chart, what is odd and the suspects.
func (d document) rest(m notify.Message, c render.Card, odd bool) document {
	if c.Spark != "" {
		d = append(d, block{kind: fixed, lines: [][]run{{plain(c.Spark)}}})
	}
	if m.Chart.Drawable() && render.SafeURL(m.ChartURL) {
		d = append(d, block{lines: [][]run{{{text: "Picture of the chart", link: m.ChartURL}}}})
	}
	if odd && len(c.Lines) > 0 {
		d = append(d, block{lines: [][]run{{bold(c.Listed)}}})
		d = d.items(each(c.Lines))
	}
	if len(c.Suspects) > 0 {
		d = append(d, block{lines: [][]run{{bold("Suspects")}}})
		var lines [][]run
		for _, s := range c.Suspects {
			l := []run{bold(s.Percent + " "), {text: s.Title, link: s.Link}}
			if s.When != "" {
				l = append(l, plain(", "+s.When))
			}
			for _, t := range s.Terms {
				l = append(l, plain("; "+t))
			}
			lines = append(lines, l)
		}
		d = d.items(lines)
	}
	return d
}

func each(lines []string) [][]run {
	out := make([][]run, len(lines))
	for i, l := range lines {
		out[i] = []run{plain(l)}
	}
	return out
}

func (d document) say(s string) document {
	if s == "" {
		return d
	}
	return append(d, block{lines: [][]run{{plain(s)}}})
}

func (d document) items(lines [][]run) document {
	if len(lines) == 0 {
		return d
	}
	return append(d, block{kind: list, lines: lines})
}

// node is a node of the Atlassian Document Format.
type node map[string]any

// adf returns the document in the Atlassian Document Format, in which text has no
// markup and so needs no escaping.
func (d document) adf() node {
	content := []node{}
	for _, b := range d {
		switch b.kind {
		case list:
			items := []node{}
			for _, l := range b.lines {
				items = append(items, node{"type": "listItem", "content": []node{{"type": "paragraph", "content": texts(l)}}})
			}
			content = append(content, node{"type": "bulletList", "content": items})
		case fixed:
			content = append(content, node{"type": "codeBlock", "content": texts(b.lines[0])})
		default:
			content = append(content, node{"type": "paragraph", "content": texts(b.lines[0])})
		}
	}
	return node{"type": "doc", "version": 1, "content": content}
}

func texts(rs []run) []node {
	out := []node{}
	for _, r := range rs {
		if r.text == "" {
			continue // a text node must not be empty
		}
		n := node{"type": "text", "text": r.text}
		var marks []node
		if r.bold {
			marks = append(marks, node{"type": "strong"})
		}
		if r.link != "" {
			marks = append(marks, node{"type": "link", "attrs": node{"href": r.link}})
		}
		if len(marks) > 0 {
			n["marks"] = marks
		}
		out = append(out, n)
	}
	return out
}

// wikiEscaper takes their meaning from the signs of wiki markup.
var wikiEscaper = strings.NewReplacer(
	`\`, `\\`, `{`, `\{`, `}`, `\}`, `[`, `\[`, `]`, `\]`, `*`, `\*`, `_`, `\_`, `|`, `\|`, `!`, `\!`, `^`, `\^`, `~`, `\~`, `+`, `\+`, `-`, `\-`, `?`, `\?`, `#`, `\#`,
)

// wiki returns the document as wiki markup.
func (d document) wiki() string {
	var out []string
	for _, b := range d {
		switch b.kind {
		case list:
			var lines []string
			for _, l := range b.lines {
				lines = append(lines, "* "+wikiRuns(l))
			}
			out = append(out, strings.Join(lines, "\n"))
		case fixed:
			out = append(out, "{noformat}"+strings.ReplaceAll(b.lines[0][0].text, "{noformat}", "")+"{noformat}")
		default:
			out = append(out, wikiRuns(b.lines[0]))
		}
	}
	return strings.Join(out, "\n\n")
}

func wikiRuns(rs []run) string {
	var b strings.Builder
	for _, r := range rs {
		text := wikiEscaper.Replace(r.text)
		switch {
		case r.text == "":
		case r.link != "" && !strings.ContainsAny(r.link, "[]|"):
			b.WriteString("[" + text + "|" + r.link + "]")
		case r.bold && strings.TrimSpace(text) != "":
			trimmed := strings.TrimRight(text, " ")
			b.WriteString("*" + trimmed + "*" + text[len(trimmed):])
		default:
			b.WriteString(text)
		}
	}
	return b.String()
}
