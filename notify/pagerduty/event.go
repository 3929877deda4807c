package pagerduty

import (
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/render"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Limits of PagerDuty, and our own below what it takes.
const (
	maxSummary = 1024
	maxChanges = 20 // remembered for an incident
)

// event is the body of POST /v2/enqueue.
type event struct {
	RoutingKey string   `json:"routing_key"`
	Action     string   `json:"event_action"`
	DedupKey   string   `json:"dedup_key"`
	Client     string   `json:"client,omitempty"`
	ClientURL  string   `json:"client_url,omitempty"`
	Links      []link   `json:"links,omitempty"`
	Images     []image  `json:"images,omitempty"`
	Payload    *payload `json:"payload,omitempty"`
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text,omitempty"`
}

type image struct {
	Src  string `json:"src"`
	Href string `json:"href,omitempty"`
	Alt  string `json:"alt,omitempty"`
}

type payload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity"`
	Timestamp string         `json:"timestamp,omitempty"`
	Component string         `json:"component,omitempty"`
	Group     string         `json:"group,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details,omitempty"`
}

// event returns the event of a message, false when there is none to send.
func (c *Channel) event(m notify.Message) (event, bool) {
	what, ok := action(m)
	if !ok {
		return event{}, false
	}
	card := render.CardOf(m)
	e := event{RoutingKey: c.cfg.RoutingKey.Reveal(), Action: what, DedupKey: render.DedupKey(m), Client: "Tocsin"}
	for _, l := range card.Links {
		e.Links = append(e.Links, link{Href: l.URL, Text: l.Name})
		if l.Name == "Incident" {
			e.ClientURL = l.URL
		}
	}
	// Acknowledge and resolve need no payload; it is shown in the log all the same.
	p := &payload{
		Summary: render.Cut(card.Title, maxSummary), Source: source(m), Severity: severities[render.SeverityOf(m)],
		Component: render.Cut(render.Line(m.Incident.Service), 255), Group: render.Cut(render.Line(m.Incident.Environment), 255), Details: details(card),
	}
	if o, ok := render.Lead(m.Incident); ok {
		p.Class = render.Cut(render.Line(o.Name), 255)
	}
	if at := m.Event.At; !at.IsZero() {
		p.Timestamp = at.UTC().Format(time.RFC3339)
	}
	e.Payload = p
	if render.SafeURL(m.ChartURL) && m.Chart.Drawable() {
		e.Images = []image{{Src: m.ChartURL, Href: e.ClientURL, Alt: render.Cut(render.Line(m.Chart.Title), 200)}}
	}
	return e, true
}

// source says what is affected; PagerDuty wants it not empty.
func source(m notify.Message) string {
	s := render.Line(m.Incident.Service)
	if m.Group != nil {
		s = render.Line(m.Group.Labels["service"])
		if s == "" {
			s = render.Line(m.Group.Receiver)
		}
	}
	if s == "" {
		return "tocsin"
	}
	return render.Cut(s, 255)
}

// details are shown as a table.
func details(c render.Card) map[string]any {
	d := map[string]any{"what happened": c.Headline}
	put := func(name, value string) {
		if value != "" {
			d[name] = value
		}
	}
	put("event", c.Summary)
	for _, f := range c.Fields {
		put(strings.ToLower(f.Name), f.Value)
	}
	put("chart", c.Spark)
	put("told", c.Told)
	if len(c.Lines) > 0 {
		d[strings.ToLower(c.Listed)] = c.Lines
	}
	var suspects []string
	for _, s := range c.Suspects {
		suspects = append(suspects, render.SuspectLine(s))
	}
	if len(suspects) > 0 {
		d["suspects"] = suspects
	}
	return d
}

// changeEvent is the body of POST /v2/change/enqueue.
type changeEvent struct {
	id         string
	RoutingKey string        `json:"routing_key"`
	Payload    changePayload `json:"payload"`
	Links      []link        `json:"links,omitempty"`
}

type changePayload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source,omitempty"`
	Timestamp string         `json:"timestamp,omitempty"`
	Details   map[string]any `json:"custom_details,omitempty"`
}

// suspected is the least probability of a change that is sent.
const suspected = 0.2

// changes returns those of the suspects that were not sent before.
func (c *Channel) changes(m notify.Message, sent []string) []changeEvent {
	if !c.cfg.ChangeEvents || m.Group != nil {
		return nil
	}
	var out []changeEvent
	for _, f := range m.Ranking.Findings[:min(len(m.Ranking.Findings), 3)] {
		if f.Change == nil || f.Change.ID == "" || !(f.Probability >= suspected) || knownChange(sent, f.Change.ID) {
			continue
		}
		out = append(out, c.change(*f.Change))
	}
	return out
}

func (c *Channel) change(ch telemetry.Change) changeEvent {
	e := changeEvent{id: ch.ID, RoutingKey: c.cfg.RoutingKey.Reveal(), Payload: changePayload{
		Summary: render.Cut(render.Line(ch.Title()), maxSummary), Source: render.Cut(render.Line(ch.Service), 255), Details: map[string]any{},
	}}
	if !ch.Started.IsZero() {
		e.Payload.Timestamp = ch.Started.UTC().Format(time.RFC3339)
	}
	for name, value := range map[string]string{
		"kind": string(ch.Kind), "author": ch.Author, "status": string(ch.Status), "summary": ch.Summary, "from": ch.VersionFrom, "to": ch.VersionTo,
	} {
		if v := render.Cut(render.Line(value), 500); v != "" {
			e.Payload.Details[name] = v
		}
	}
	if render.SafeURL(ch.Link) {
		e.Links = []link{{Href: ch.Link, Text: "Change"}}
	}
	return e
}
