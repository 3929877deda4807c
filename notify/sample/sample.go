// Package sample makes messages such as a running daemon makes them, for previews
// and for a first test of a channel: the error rate of a service named checkout
// rose two minutes after a deployment. The same arguments give the same message.
package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
)

// ID is the id of the incident of the messages.
const ID = "sample"

// Options say what a message is about.
type Options struct {
	ID      string    // of the incident; ID when empty
	Onset   time.Time // when it began
	BaseURL string    // where links begin, without a slash at the end
	Title   string    // of the incident; "error rate is high" when empty
	Service string    // checkout when empty
	// Severity of the incident; critical when empty.
	Severity incident.Severity
	Told     []string // the channels that are told
}

// Message returns the message about an event of the incident. Events come in the
// order opened, suspects, acknowledged, raised, resolved, reopened, note.
func Message(kind incident.EventKind, o Options) notify.Message {
	if o.ID == "" {
		o.ID = ID
	}
	if o.Service == "" {
		o.Service = "checkout"
	}
	if o.Title == "" {
		o.Title = "error rate is high"
	}
	if o.Severity == "" {
		o.Severity = incident.SeverityCritical
	}
	at := o.Onset.Add(4 * time.Minute)
	if kind == incident.EventResolved {
		at = o.Onset.Add(22 * time.Minute)
	}
	e := incident.Event{
		Seq: sequence(kind), Incident: o.ID, Kind: kind, At: at, Actor: "tocsin", Text: text(kind, o.Service),
	}
	occurrence := incident.Occurrence{
		Key: "a", Source: incident.SourceAlert, Name: "high_error_rate", Signal: "error_rate", Service: o.Service, Severity: o.Severity,
		Condition: incident.ConditionFiring, Symptom: true, Strong: true, Since: o.Onset, At: at, Unit: telemetry.UnitRatio,
		Value: 0.124, Expected: 0.008, Lower: 0.003, Upper: 0.019, Threshold: 0.05, Score: 0.9999,
		Query: fmt.Sprintf("tocsin:signal:error_rate{service=%q}", o.Service),
	}
	latency := incident.Occurrence{
		Key: "b", Source: incident.SourceAnomaly, Name: "p95_latency", Service: o.Service, Condition: incident.ConditionFiring,
		Since: o.Onset.Add(30 * time.Second), At: at, Unit: telemetry.UnitSeconds,
		Value: 1.5, Expected: 0.25, Lower: 0.2, Upper: 0.31, Threshold: telemetry.Number(math.NaN()), Score: 0.998,
	}
	i := incident.Incident{
		ID: o.ID, Service: o.Service, Environment: "production", Title: o.Title, State: incident.StateOpen, Severity: o.Severity,
		Onset: o.Onset, Opened: o.Onset.Add(time.Minute), Updated: at, Occurrences: []incident.Occurrence{occurrence, latency},
	}
	switch kind {
	case incident.EventResolved:
		i.State, i.Resolved = incident.StateResolved, at
		for k := range i.Occurrences {
			i.Occurrences[k].Condition = incident.ConditionCleared
		}
		i.Occurrences[0].Value, i.Occurrences[1].Value = 0.009, 0.26
		i.Occurrences[0].Worst = &incident.Reading{At: o.Onset.Add(9 * time.Minute), Value: 0.18, Expected: 0.008, Lower: 0.003, Upper: 0.019, Score: 0.99999}
	case incident.EventAcked:
		i.State, i.Acked, e.Actor = incident.StateAcknowledged, at, "ada"
	case incident.EventNote:
		e.Actor = "ada"
	case incident.EventReopened:
		i.Reopened = 1
	}
	change := telemetry.Change{
		ID: "c1", Kind: telemetry.KindDeployment, Service: o.Service, VersionFrom: "v41", VersionTo: "v42",
		Started: o.Onset.Add(-2 * time.Minute), Finished: o.Onset.Add(-time.Minute), Status: telemetry.StatusSucceeded,
		Author: "release-bot", Link: "https://ci.example.com/builds/42",
	}
	m := notify.Message{
		Key: notify.Key(e), Event: e, Incident: i,
		Ranking: rca.Ranking{At: at, Onset: o.Onset, Findings: []rca.Finding{
			{Change: &change, Title: change.Title(), LogOdds: 3.1, Probability: 0.92, Terms: []rca.Term{
				{Name: "time", Points: 2.1, Text: "started 2m before the onset"},
				{Name: "effect", Points: 3, Text: "error_rate 0.8% to 12.4%"},
			}},
			{Title: "no recent change fits", LogOdds: 0.7, Probability: 0.08, Terms: []rca.Term{{Name: "prior", Points: 0.7, Text: "one incident in three has no change"}}},
		}},
		Chart:   chartOf(o.Service, o.Onset, at),
		Told:    o.Told,
		Unmuted: "no silence, no window",
	}
	if o.BaseURL != "" {
		m.Links = []notify.Link{
			{Name: "Incident", URL: o.BaseURL + "/incidents/" + o.ID},
			{Name: "Chart", URL: o.BaseURL + "/graph?g0.expr=tocsin%3Asignal%3Aerror_rate%7Bservice%3D%22checkout%22%7D"},
		}
	}
	m.Links = append(m.Links, notify.Link{Name: "Runbook", URL: "https://wiki.example.com/runbooks/checkout-errors"})
	return m
}

func sequence(kind incident.EventKind) int64 {
	for n, k := range []incident.EventKind{
		incident.EventOpened, incident.EventSuspects, incident.EventAcked, incident.EventRaised, incident.EventResolved, incident.EventReopened, incident.EventNote,
	} {
		if k == kind {
			return int64(n + 1)
		}
	}
	return 0
}

func text(kind incident.EventKind, service string) string {
	switch kind {
	case incident.EventAcked:
		return "acknowledged by ada"
	case incident.EventResolved:
		return "error rate of " + service + " is 0.9%, expected 0.8%, for 5m"
	case incident.EventNote:
		return "rolling back to v41"
	}
	return "error rate of " + service + " is 12.4%, expected 0.8%"
}

// Chart returns the picture of the incident as it looked at a time after its
// onset: an hour and a half of an error rate every half minute.
func Chart(onset, at time.Time) *notify.Chart { return chartOf("checkout", onset, at) }

func chartOf(service string, onset, at time.Time) *notify.Chart {
	const step = 30 * time.Second
	from := at.Add(-75 * time.Minute).Truncate(step)
	rnd := rand.New(rand.NewPCG(7, 11))
	c := &notify.Chart{
		Title: "error_rate of " + service, Unit: telemetry.UnitRatio, From: from, To: at, Threshold: 0.05,
		Marks: []notify.ChartMark{
			{At: onset.Add(-2 * time.Minute), Kind: notify.MarkChange, Text: "deployment " + service + " v41 -> v42"},
			{At: onset, Kind: notify.MarkOnset, Text: "onset"},
		},
	}
	over := onset.Add(15 * time.Minute)
	for t := from; !t.After(at); t = t.Add(step) {
		wave := 0.008 + 0.002*math.Sin(float64(t.Unix())/600)
		v := wave * (0.8 + 0.4*rnd.Float64())
		if t.After(onset) && t.Before(over) {
			v += 0.116 * (1 - math.Exp(-t.Sub(onset).Minutes()/1.2)) * (0.9 + 0.2*rnd.Float64())
		}
		number := func(v float64) telemetry.Number { return telemetry.Number(math.Round(v*1e6) / 1e6) }
		c.Times = append(c.Times, t.UnixMilli())
		c.Values = append(c.Values, number(v))
		c.Expected = append(c.Expected, number(wave))
		c.Lower = append(c.Lower, number(wave-0.005))
		c.Upper = append(c.Upper, number(wave+0.011))
	}
	return c
}

// Group returns the message of an alert group as a receiver of an Alertmanager
// configuration gets it: reason is first, changed, repeat or resolved.
func Group(reason string, o Options) notify.Message {
	g := &notify.Group{
		Key: `{}/{severity="critical"}:{alertname="HighErrorRate"}`, Receiver: "slack", Reason: reason,
		Labels: map[string]string{"alertname": "HighErrorRate", "severity": "critical"},
	}
	for n, pod := range []string{"checkout-1", "checkout-2", "cart-1"} {
		a := notify.GroupAlert{
			Labels: map[string]string{"alertname": "HighErrorRate", "severity": "critical", "service": pod[:len(pod)-2], "pod": pod},
			Annotations: map[string]string{
				"summary":     fmt.Sprintf("%s answers %d%% of requests with errors", pod, 12-n),
				"runbook_url": "https://wiki.example.com/runbooks/errors",
			},
			StartsAt: o.Onset.Add(time.Duration(n) * time.Minute), Fingerprint: fmt.Sprintf("%016x", n+1),
			GeneratorURL: "https://prometheus.example.com/graph?g0.expr=errors",
		}
		if reason == "resolved" || n == 2 {
			a.Resolved, a.EndsAt = true, o.Onset.Add(10*time.Minute)
		}
		g.Alerts = append(g.Alerts, a)
	}
	return notify.Message{Key: "group/sample/" + reason, Group: g, Told: o.Told}
}
