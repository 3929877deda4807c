package render

import (
	"strings"

	"github.com/tocsinhq/tocsin/notify"
)

// Text returns the whole message as plain text of several lines, ending in a
// line break: what, since when, how far from what is expected, the suspects
// with their terms, the series as a row of blocks, who is told, the links. Of a
// group it lists the alerts.
func Text(m notify.Message) string {
	var b strings.Builder
	line := func(s string) { b.WriteString(s + "\n") }
	field := func(name, value string) {
		if value != "" {
			line("  " + name + strings.Repeat(" ", max(1, 10-len(name))) + value)
		}
	}
	line(Headline(m))
	for _, n := range Notices(m) {
		line("  " + n)
	}
	if m.Group != nil {
		for i, s := range GroupLines(m.Group, 21) {
			if i == 0 {
				field("alerts", s)
				continue
			}
			line("            " + s)
		}
		for _, l := range Links(m) {
			field(l.Name, l.URL)
		}
		return b.String()
	}
	if t := oneLine(m.Event.Text); t != "" && t != Title(m) {
		field("event", t)
	}
	field("since", Since(m.Incident))
	field("severity", oneLine(string(m.Incident.Severity)))
	field("state", oneLine(string(m.Incident.State)))
	field("where", oneLine(m.Incident.Environment))
	if _, worst := Worst(m.Incident); m.Incident.State.Over() {
		field("worst", worst)
	}
	for i, s := range Affected(m.Incident, 5) {
		if i == 0 {
			field("what", s)
			continue
		}
		line("            " + s)
	}
	field("chart", Spark(m.Chart))
	for _, t := range Cause(m) {
		field("cause", t)
	}
	if ss := Suspects(m, 3); len(ss) > 0 {
		line("  suspects")
		for _, s := range ss {
			line("    " + SuspectLine(s))
			for _, t := range s.Terms {
				line("         " + t)
			}
		}
	}
	field("told", oneLine(strings.Join(m.Told[:min(len(m.Told), 10)], ", ")))
	field("not muted", oneLine(m.Unmuted))
	for _, l := range Links(m) {
		field(l.Name, l.URL)
	}
	return b.String()
}

// SuspectLine joins probability, title and time of a suspect.
func SuspectLine(s Suspect) string {
	out := s.Percent + strings.Repeat(" ", max(1, 5-len(s.Percent))) + s.Title
	if s.When != "" {
		out += " (" + s.When + ")"
	}
	return out
}

// Line makes text from outside fit for one line: control characters, line
// breaks and marks that turn the direction of text become spaces.
func Line(s string) string { return oneLine(s) }
