package render

import (
	"strings"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

// Field is a name and a value, both on one line.
type Field struct{ Name, Value string }

// Card is a whole message in neutral pieces, for channels that lay it out in a
// form of their own. Texts are plain and on one line each; empty ones are left
// out. Every piece is bounded, whatever the message holds.
type Card struct {
	Mood     Mood
	Title    string // what it is about; never empty
	Headline string // what happened to it; never empty
	Summary  string // the event in one sentence, or ""
	Fields   []Field
	Listed   string   // what Lines are: "What is odd" or "Alerts"
	Lines    []string // occurrences or alerts
	Suspects []Suspect
	Links    []notify.Link
	Spark    string // the series as a row of blocks with its figures; "" without a chart
	Told     string // who is told, and why it was not muted
	Foot     string // the incident's id and the time of the event
}

// Bounds of a card.
const (
	cardText  = 500
	cardLines = 8
	cardLinks = 10
)

// CardOf takes a message apart. Of a group it shows the alerts.
func CardOf(m notify.Message) Card {
	c := Card{Mood: MoodOfMessage(m), Title: Cut(Title(m), cardText), Headline: Cut(Headline(m), cardText), Listed: "What is odd"}
	if m.Group != nil {
		c.Listed = "Alerts"
		c.Fields, c.Lines = groupFields(m.Group), GroupLines(m.Group, cardLines)
	} else {
		if t := oneLine(m.Event.Text); t != c.Title {
			c.Summary = t
		}
		c.Fields, c.Lines = incidentFields(m.Incident), Affected(m.Incident, cardLines-1)
		for _, t := range Cause(m) {
			c.Fields = append(c.Fields, Field{"Cause", t})
		}
		c.Suspects = Suspects(m, 3)
		c.Spark = Spark(m.Chart)
	}
	var notes []Field
	for _, n := range Notices(m) {
		notes = append(notes, Field{"Note", n})
	}
	c.Fields = append(notes, c.Fields...)
	for i := range c.Lines {
		c.Lines[i] = Cut(c.Lines[i], cardText)
	}
	for i := range c.Fields {
		c.Fields[i].Value = Cut(c.Fields[i].Value, cardText)
	}
	c.Suspects = cutSuspects(c.Suspects)
	c.Links = Links(m)
	c.Links = c.Links[:min(len(c.Links), cardLinks)]
	for i := range c.Links {
		c.Links[i].Name = Cut(c.Links[i].Name, 100)
	}
	c.Summary, c.Told, c.Foot = Cut(c.Summary, cardText), Cut(Told(m), cardText), Cut(foot(m), cardText)
	return c
}

func cutSuspects(in []Suspect) []Suspect {
	for i := range in {
		s := &in[i]
		s.Title, s.When = Cut(s.Title, cardText/2), Cut(s.When, cardText/2)
		s.Terms = s.Terms[:min(len(s.Terms), 5)]
		for k := range s.Terms {
			s.Terms[k] = Cut(s.Terms[k], cardText/2)
		}
	}
	return in[:min(len(in), 5)]
}

func incidentFields(i incident.Incident) []Field {
	var out []Field
	add := func(name, value string) {
		if value != "" {
			out = append(out, Field{name, value})
		}
	}
	add("Service", oneLine(i.Service))
	add("Environment", oneLine(i.Environment))
	state := oneLine(string(i.Severity))
	if s := oneLine(string(i.State)); s != "" {
		state = join(state, s)
	}
	add("State", state)
	add("Since", Since(i))
	o, ok := Lead(i)
	if !ok {
		return out
	}
	if v := Figure(float64(o.Value), o.Unit); v != "" {
		name := oneLine(o.Name)
		if name == "" {
			name = "Value"
		}
		v = name + " is " + v
		if f := Factor(float64(o.Value), float64(o.Expected)); f != "" {
			v += ", " + f
		}
		add("Value", v)
	}
	add("Worst", WorstValue(o))
	add("Expected", Expected(o))
	return out
}

// Told says who is told of a message and why nothing held it back, such as
// "told: slack, pagerduty; not muted: no silence, no window"; "" when neither is
// known.
func Told(m notify.Message) string {
	var out []string
	if len(m.Told) > 0 {
		names := m.Told[:min(len(m.Told), 10)]
		s := "told: " + oneLine(strings.Join(names, ", "))
		if len(names) < len(m.Told) {
			s += " and others"
		}
		out = append(out, s)
	}
	if u := oneLine(m.Unmuted); u != "" {
		out = append(out, "not muted: "+u)
	}
	return strings.Join(out, "; ")
}

func foot(m notify.Message) string {
	var out []string
	switch id := oneLine(m.Incident.ID); {
	case m.Group != nil:
		out = append(out, "receiver "+oneLine(m.Group.Receiver))
	case id != "":
		out = append(out, "incident "+id)
	}
	if t := Time(m.Event.At); t != "" {
		out = append(out, "as of "+t)
	}
	return strings.Join(out, " · ")
}
