package report_test

import (
	"fmt"
	"math"
	"time"

	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/report"
	"github.com/tocsinhq/tocsin/rules/journal"
	"github.com/tocsinhq/tocsin/telemetry"
)

var noon = time.Date(2026, time.March, 3, 12, 0, 0, 0, time.UTC)

func after(d time.Duration) time.Time { return noon.Add(d) }

var nan = telemetry.Number(math.NaN())

// broken is an incident of checkout after a deployment by a person, which was rolled
// back by another, with forty anomalies that joined at once.
func broken() report.Input {
	errors := incident.Occurrence{
		Key: "alert/high_error_rate", Source: incident.SourceAlert, Name: "high_error_rate", Signal: "error_rate", Service: "checkout",
		Severity: incident.SeverityCritical, Condition: incident.ConditionFiring, Symptom: true, Strong: true,
		Since: after(0), At: after(30 * time.Second), Value: 0.31, Expected: nan, Lower: nan, Upper: nan, Threshold: 0.05, Score: nan,
		Worst: &incident.Reading{At: after(90 * time.Second), Value: 0.34, Expected: 0.004, Lower: nan, Upper: nan, Score: nan},
		Unit:  "ratio", Query: `tocsin:error_rate{service="checkout"}`, Summary: "error_rate is 31% (threshold 5%)",
	}
	memory := incident.Occurrence{
		Key: "series/mem", Source: incident.SourceAnomaly, Name: "memory", Service: "checkout", Severity: incident.SeverityInfo,
		Condition: incident.ConditionFiring, Since: after(-10 * time.Second), At: after(40 * time.Second),
		Value: 3 << 30, Expected: 1 << 30, Lower: nan, Upper: nan, Threshold: nan, Score: 0.99, Unit: "bytes", Query: `memory{token="hunter2"}`, Summary: "memory is 3 GiB",
	}
	i := incident.Incident{
		ID: "01INC", Service: "checkout", Environment: "prod", Title: "checkout (prod): high_error_rate, error_rate 34% (expected 0.4%)",
		State: incident.StateOpen, Severity: incident.SeverityWarning, Onset: after(0), Opened: after(30 * time.Second), Updated: after(30 * time.Second),
		Occurrences: []incident.Occurrence{errors},
	}
	in := report.Input{BaseURL: "https://tocsin.example"}
	seq := int64(100)
	log := func(kind incident.EventKind, at time.Time, actor, text, key string) {
		seq++
		i.Updated = at
		snapshot := i
		snapshot.Occurrences = append([]incident.Occurrence(nil), i.Occurrences...)
		in.Records = append(in.Records, incident.EventRecord{Event: incident.Event{Seq: seq, Incident: i.ID, Kind: kind, At: at, Actor: actor, Text: text, Key: key}, Incident: snapshot})
	}
	log(incident.EventOpened, after(30*time.Second), "tocsin", errors.Summary, errors.Key)
	i.Severity = incident.SeverityCritical
	log(incident.EventRaised, after(40*time.Second), "tocsin", "severity is now critical", errors.Key)
	i.Occurrences = append(i.Occurrences, memory)
	for n := range 40 {
		log(incident.EventAttached, after(41*time.Second+time.Duration(n)*time.Second), "tocsin", fmt.Sprintf("memory of pod %d is odd | <script>alert(1)</script>", n), memory.Key)
	}
	i.State, i.Acked = incident.StateAcknowledged, after(2*time.Minute)
	log(incident.EventAcked, after(2*time.Minute), "ann", "acknowledged by ann: bob's password is s3cret-77", "")
	log("candidate_for_something", after(150*time.Second), "tocsin", "an event of a kind that is not known", "")
	i.Occurrences[1].Condition, i.Occurrences[1].At = incident.ConditionHeld, after(3*time.Minute)
	log(incident.EventHeld, after(3*time.Minute), "tocsin", "memory: no data", memory.Key)
	log(incident.EventChange, after(5*time.Minute), "tocsin", "deployment checkout v42 -> v41: succeeded", "roll succeeded")
	i.Occurrences[1].Condition, i.Occurrences[1].At = incident.ConditionCleared, after(6*time.Minute)
	log(incident.EventCleared, after(6*time.Minute), "tocsin", "memory recovered", memory.Key)
	i.Occurrences[0].Condition, i.Occurrences[0].At = incident.ConditionCleared, after(7*time.Minute)
	log(incident.EventCleared, after(7*time.Minute), "tocsin", "high_error_rate recovered", errors.Key)
	i.State, i.Resolved = incident.StateResolved, after(12*time.Minute)
	log(incident.EventResolved, after(12*time.Minute), "tocsin", "recovered", "")
	in.Incident = i
	bad := telemetry.Change{ID: "dep/42", Kind: telemetry.KindDeployment, Service: "checkout", VersionFrom: "v41", VersionTo: "v42",
		Started: after(-90 * time.Second), Finished: after(-30 * time.Second), Status: telemetry.StatusSucceeded, Author: "bob", Summary: "bob deploys"}
	roll := telemetry.Change{ID: "roll", Kind: telemetry.KindDeployment, Service: "checkout", VersionFrom: "v42", VersionTo: "v41",
		Started: after(4 * time.Minute), Finished: after(5 * time.Minute), Status: telemetry.StatusSucceeded, Author: "ann"}
	flag := telemetry.Change{ID: "flag", Kind: telemetry.KindFlag, Service: "search", Started: after(130 * time.Second), Status: telemetry.StatusSucceeded, Link: "javascript:alert(1)"}
	in.Changes = []report.Change{
		{Change: roll}, {Change: flag},
		{Change: bad, Verdict: &verdict.Verdict{State: verdict.Faulty, At: after(4 * time.Minute), Final: true, Reason: "error_rate rose by 33 points"}},
	}
	in.Ranking = &rca.Ranking{At: after(41 * time.Second), Onset: after(0), Findings: []rca.Finding{
		{Change: &bad, Title: bad.Title(), LogOdds: 3, Probability: 0.93, Terms: []rca.Term{{Name: "prior", Points: -2.9, Text: "first guess"}, {Name: "time", Points: 1.9, Text: "finished 30s before the onset"}},
			Evidence: []rca.Evidence{{Signal: "error_rate", Unit: "ratio", Before: 0.004, After: 0.31, Z: 40, Query: `tocsin:error_rate{service="checkout"}`}}},
		{Title: "no recent change fits", LogOdds: -1, Probability: 0.06, Terms: []rca.Term{}},
		{Change: &flag, Title: flag.Title(), LogOdds: -6, Probability: 0.01, Terms: []rca.Term{{Name: "time", Points: -5, Text: "began 1m after the onset: cannot be its cause"}}},
	}}
	in.Told = []notify.Delivery{
		{Channel: "slack", Seq: 101, Kind: incident.EventOpened, State: notify.StateSent, Done: after(33 * time.Second)},
		{Channel: "slack", Seq: 102, Kind: incident.EventRaised, State: notify.StateSent, Done: after(43 * time.Second)},
		{Channel: "mail", Seq: 101, Kind: incident.EventOpened, State: notify.StateFailed, Error: "550 no such user"},
	}
	in.Budgets = []report.Budget{{Objective: "checkout-available", Target: 0.999, Window: 30 * 24 * time.Hour, Before: 0.8, After: 0.55}}
	in.Gaps = []journal.Gap{{From: after(-20 * time.Minute), To: after(-18 * time.Minute), Reason: journal.GapDown}}
	in.Similar = []report.Similar{{ID: "01OLD", Title: "checkout: high_error_rate", Onset: after(-72 * time.Hour), Score: 0.8, Fixed: "rollback"}}
	in.Charts = []*notify.Chart{{Title: "error_rate of checkout", Unit: "ratio", From: after(-10 * time.Minute), To: after(10 * time.Minute),
		Times: []int64{noon.UnixMilli() - 60000, noon.UnixMilli(), noon.UnixMilli() + 60000}, Values: []telemetry.Number{0.01, 0.3, 0.2}, Threshold: 0.05}}
	return in
}
