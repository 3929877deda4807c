package report_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/report"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/journal"
)

func week() report.WeekInput {
	in := broken()
	open := in.Incident
	open.ID, open.State, open.Opened, open.Resolved = "02INC", "open", after(time.Hour), time.Time{}
	entry := func(at time.Duration, state rules.AlertState, name, service, fingerprint string) journal.Entry {
		return journal.Entry{At: after(at), State: state, Name: name, Service: service, Fingerprint: fingerprint}
	}
	rate := 0.5
	return report.WeekInput{
		From: after(-time.Hour), To: after(7 * 24 * time.Hour), BaseURL: "https://tocsin.example", Changes: in.Changes,
		Incidents: []report.WeekIncident{{Incident: in.Incident, Suspect: "deployment checkout v41 -> v42", Probability: 0.93}, {Incident: open}},
		Alarms:    []report.WeekAlarms{{Service: "search", Allowed: 1, Charged: 0}, {Service: "checkout", Allowed: 1, Charged: 3}},
		Alerts: []journal.Entry{
			entry(0, rules.AlertFiring, "slow", "checkout", "a"), entry(1, rules.AlertHeld, "slow", "checkout", "a"), entry(2, rules.AlertFiring, "slow", "checkout", "a"),
			entry(3, rules.AlertResolved, "slow", "checkout", "a"), entry(4, rules.AlertFiring, "slow", "checkout", "a"), entry(5, rules.AlertFiring, "slow", "search", "b"),
			entry(6, rules.AlertFiring, "high_error_rate", "checkout", "c"),
		},
		Runbooks: []string{"high_error_rate"},
		Delivery: delivery.Report{Total: delivery.Figures{Deployments: 2, PerDay: 0.29, ChangeFailureRate: &rate}},
	}
}

func TestWeek_Golden(t *testing.T) {
	w := report.BuildWeek(week(), report.DefaultConfig())
	golden(t, "week.md", w.Markdown())
	body, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "week.json", append(body, '\n'))
	if bytes.Contains(body, []byte("bob")) {
		t.Error("an author is named")
	}
}

func TestWeek_AlertsAreCountedWhenTheyBegin(t *testing.T) {
	w := report.BuildWeek(week(), report.DefaultConfig())
	if len(w.Noisiest) != 2 || w.Noisiest[0].Name != "slow" || w.Noisiest[0].Fired != 3 || w.Noisiest[0].Services != 2 || !w.Noisiest[1].Runbook {
		t.Errorf("got %+v, want slow three times, since held is not over", w.Noisiest)
	}
	if len(w.Open) != 3 {
		t.Errorf("open: got %q, want an incident, a budget and an alert without runbook", w.Open)
	}
}
