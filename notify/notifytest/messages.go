package notifytest

import (
	"math"
	"strings"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Onset is when the incident of Message began.
var Onset = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// Message returns a message as a running daemon makes it: checkout's error rate
// went from 0.8% to 12.4% two minutes after a deployment.
func Message(seq int64, kind incident.EventKind) notify.Message {
	e := incident.Event{
		Seq: seq, Incident: "inc-1", Kind: kind, At: Onset.Add(4 * time.Minute), Actor: "tocsin",
		Text: "error rate of checkout is 12.4%, expected 0.8%",
	}
	i := incident.Incident{
		ID: "inc-1", Service: "checkout", Environment: "production", Title: "error rate is high",
		State: incident.StateOpen, Severity: incident.SeverityCritical, Onset: Onset, Opened: Onset.Add(time.Minute), Updated: e.At,
		Occurrences: []incident.Occurrence{
			{
				Key: "a", Source: incident.SourceAlert, Name: "error_rate", Service: "checkout", Severity: incident.SeverityCritical,
				Condition: incident.ConditionFiring, Symptom: true, Strong: true, Since: Onset, At: e.At,
				Value: 0.124, Expected: 0.008, Lower: 0.003, Upper: 0.019, Score: 0.9999, Unit: "ratio", Channels: []string{"slack"},
			},
			{
				Key: "b", Source: incident.SourceAnomaly, Name: "p95_latency", Service: "checkout", Condition: incident.ConditionFiring,
				Since: Onset.Add(30 * time.Second), Value: 1.5, Expected: 0.25, Lower: 0.2, Upper: 0.31, Score: 0.998, Unit: "seconds",
			},
		},
	}
	switch kind {
	case incident.EventResolved:
		i.State, i.Resolved = incident.StateResolved, e.At
	case incident.EventAcked:
		i.State, i.Acked, e.Actor = incident.StateAcknowledged, e.At, "release-bot"
	}
	change := telemetry.Change{
		ID: "c1", Kind: telemetry.KindDeployment, Service: "checkout", VersionFrom: "v41", VersionTo: "v42",
		Started: Onset.Add(-2 * time.Minute), Finished: Onset.Add(-time.Minute), Status: telemetry.StatusSucceeded,
		Author: "release-bot", Link: "https://ci.example.test/42",
	}
	return notify.Message{
		Key: notify.Key(e), Event: e, Incident: i,
		Ranking: rca.Ranking{At: e.At, Onset: Onset, Findings: []rca.Finding{
			{Change: &change, Title: change.Title(), LogOdds: 3.1, Probability: 0.92, Terms: []rca.Term{
				{Name: "time", Points: 2.1, Text: "started 2m before the onset"},
				{Name: "effect", Points: 3, Text: "error_rate 0.8% to 12.4%"},
			}},
			{Title: "no recent change fits", LogOdds: 0.7, Probability: 0.08, Terms: []rca.Term{{Name: "prior", Points: 0.7, Text: "one incident in three has no change"}}},
		}},
		Links: []notify.Link{{Name: "Incident", URL: "http://127.0.0.1:9099/incidents/inc-1"}},
	}
}

// Recovered returns the message that the incident of Message is over: the error
// rate is back at 0.9% and was 30% at worst.
func Recovered(seq int64) notify.Message {
	m := Message(seq, incident.EventResolved)
	for k := range m.Incident.Occurrences {
		m.Incident.Occurrences[k].Condition = incident.ConditionCleared
	}
	o := &m.Incident.Occurrences[0]
	o.Value = 0.009
	o.Worst = &incident.Reading{At: Onset.Add(3 * time.Minute), Value: 0.3, Expected: 0.0025, Lower: 0.001, Upper: 0.01, Score: 0.99999}
	return m
}

// Hostile are messages whose texts and numbers are made to break a channel:
// nothing known, markup, control characters, a megabyte, bytes that are not
// UTF-8, numbers that are none.
func Hostile() map[string]notify.Message {
	out := map[string]notify.Message{"zero": {}}
	fill := func(name, text string, v float64) {
		m := Message(1, incident.EventOpened)
		m.Event.Text, m.Event.Actor, m.Event.Kind = text, text, incident.EventKind(text)
		i := &m.Incident
		i.Service, i.Environment, i.Title, i.Severity, i.State = text, text, text, incident.Severity(text), incident.State(text)
		n := telemetry.Number(v)
		for k := range 60 {
			i.Occurrences = append(i.Occurrences, incident.Occurrence{
				Name: text, Service: text, Unit: text, Summary: text, Value: n, Expected: n, Lower: n, Upper: n, Score: n,
				Since: Onset.Add(time.Duration(k) * time.Hour), Condition: incident.Condition(text),
				Worst: &incident.Reading{At: Onset, Value: n, Expected: n, Lower: n, Upper: n, Score: n},
			})
			m.Links = append(m.Links, notify.Link{Name: text, URL: "https://example.test/" + text})
			m.Ranking.Findings = append(m.Ranking.Findings, rca.Finding{
				Change: &telemetry.Change{Kind: telemetry.ChangeKind(text), Service: text, Author: text, Summary: text, Link: text, Status: telemetry.ChangeStatus(text)},
				Title:  text, Probability: v, LogOdds: v, Terms: []rca.Term{{Name: text, Text: text, Points: v}, {}},
			})
		}
		i.Occurrences[0].Value, i.Occurrences[0].Expected = n, n
		m.Told, m.Unmuted, m.ChartURL = []string{text, text}, text, "https://example.test/"+text
		m.Chart = &notify.Chart{
			Title: text, Unit: text, Zone: text, From: Onset, To: Onset.Add(time.Hour), Times: []int64{Onset.UnixMilli(), Onset.Add(time.Hour).UnixMilli()},
			Values: []telemetry.Number{n, 1}, Expected: []telemetry.Number{1, n}, Lower: []telemetry.Number{n, n}, Upper: []telemetry.Number{n, 1}, Threshold: n,
			Marks: []notify.ChartMark{{At: Onset.Add(time.Minute), Kind: notify.MarkKind(text), Text: text}},
		}
		out[name] = m
		g := &notify.Group{Key: text, Receiver: text, Reason: text, Labels: map[string]string{text: text, "alertname": text}, TruncatedAlerts: 3}
		for k := range 60 {
			g.Alerts = append(g.Alerts, notify.GroupAlert{
				Labels: map[string]string{text: text, "severity": text}, Annotations: map[string]string{"summary": text, "runbook_url": "https://example.test/" + text},
				StartsAt: Onset, GeneratorURL: text, Fingerprint: text, Resolved: k%2 == 1,
			})
		}
		out["group, "+name] = notify.Message{Key: text, Group: g, Told: []string{text}}
	}
	out["group, zero"] = notify.Message{Group: &notify.Group{}}
	fill("empty, NaN", "", math.NaN())
	fill("markup, +Inf", "<!channel> <@U1> &amp; <http://x|y> *b* `c` </a><script>", math.Inf(1))
	fill("control, -Inf", "a\x00b\x1b[31m\r\nc\u202ed\u2028", math.Inf(-1))
	fill("long, huge", strings.Repeat("<&>é", 1000), math.MaxFloat64)
	fill("not UTF-8, tiny", "\xff\xfe<\xc3", -math.SmallestNonzeroFloat64)
	return out
}
