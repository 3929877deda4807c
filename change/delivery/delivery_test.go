package delivery_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/change/delivery"
	"github.com/tocsinhq/tocsin/change/verdict"
	"github.com/tocsinhq/tocsin/telemetry"
)

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// at returns a time of the week that begins on monday.
func at(day, hour float64) time.Time {
	return monday.Add(time.Duration(day*24*float64(time.Hour)) + time.Duration(hour*float64(time.Hour)))
}

// deploy is a deployment of a version that finished at a time; the pairs are labels.
func deploy(id, service, version string, finished time.Time, labels ...string) telemetry.Change {
	c := telemetry.Change{
		ID: id, Kind: telemetry.KindDeployment, Service: service, VersionTo: version, Status: telemetry.StatusSucceeded,
		Started: finished.Add(-5 * time.Minute), Finished: finished, Labels: map[string]string{},
	}
	for i := 0; i+1 < len(labels); i += 2 {
		c.Labels[labels[i]] = labels[i+1]
	}
	return c
}

func week(changes []telemetry.Change, verdicts map[string]verdict.State, incidents ...delivery.Incident) delivery.Report {
	return delivery.Compute(delivery.Input{From: monday, To: at(7, 0), Changes: changes, Verdicts: verdicts, Incidents: incidents})
}

func TestCompute_NothingIsNull(t *testing.T) {
	r := week(nil, nil)
	f := r.Total
	if f.ChangeFailureRate != nil || f.ReworkRate != nil || f.LeadTime.P50 != nil || f.Deployments != 0 || f.Tier != "" || len(r.Services) != 0 {
		t.Errorf("got %+v", r)
	}
	b, err := json.Marshal(r)
	if err != nil || !json.Valid(b) {
		t.Errorf("got %s, %v", b, err)
	}
}

func TestCompute_FailuresByVerdictRollbackAndIncident(t *testing.T) {
	changes := []telemetry.Change{
		deploy("d0", "pay", "v1", at(-3, 0)),
		deploy("d1", "pay", "v2", at(0, 9)),
		deploy("d2", "pay", "v1", at(0, 10)), // back to what ran before
		deploy("d3", "pay", "v3", at(1, 9)),
		deploy("d4", "cart", "c1", at(1, 9)),
		deploy("d5", "cart", "c2", at(2, 9)),
		deploy("d6", "cart", "c3", at(3, 9)),
	}
	f := week(changes, map[string]verdict.State{"d3": verdict.Faulty, "d4": verdict.Suspicious},
		delivery.Incident{ID: "i1", Service: "cart", Opened: at(2, 9.5), Acked: at(2, 9.6), Resolved: at(2, 11), Change: "d5", Probability: 0.9},
		delivery.Incident{ID: "i2", Service: "shop", Opened: at(2, 9.7), Resolved: at(2, 12), Change: "d5", Probability: 0.6}, // of the same deployment
		delivery.Incident{ID: "i3", Service: "cart", Opened: at(3, 10), Change: "d6", Probability: 0.4},                       // not sure enough
	).Total
	if f.Deployments != 6 || f.Failures != 3 || f.Rework != 1 || *f.ChangeFailureRate != 0.5 {
		t.Errorf("got %d deployments, %d failures, %d rework", f.Deployments, f.Failures, f.Rework)
	}
	// d1 was undone after an hour, d5 recovered with its last incident, d3 has not.
	if f.Recovery.Count != 2 || *f.Recovery.P50 != 2*3600 || f.Unrecovered != 1 {
		t.Errorf("recovery: got %+v, %d open", f.Recovery, f.Unrecovered)
	}
	if f.Incidents != 3 || f.OpenIncidents != 1 || f.Unattributed != 1 || f.Acknowledge.Count != 1 || f.Resolve.Count != 2 {
		t.Errorf("incidents: got %+v", f)
	}
}

func TestCompute_WhatIsNoDeployment(t *testing.T) {
	failed := deploy("f", "pay", "v2", at(1, 0))
	failed.Status = telemetry.StatusFailed
	config := deploy("c", "pay", "", at(1, 1))
	config.Kind = telemetry.KindConfig
	running := deploy("r", "pay", "v4", at(1, 2))
	running.Status, running.Finished = telemetry.StatusStarted, time.Time{}
	f := week([]telemetry.Change{
		deploy("d1", "pay", "v1", at(0, 1)), deploy("d2", "pay", "v1", at(0, 2)), failed, config, running,
		deploy("late", "pay", "v9", at(7, 0)),
	}, map[string]verdict.State{"c": verdict.Faulty, "f": verdict.Faulty}).Total
	if f.Deployments != 1 || f.Redeployments != 1 || f.Failed != 1 || f.Failures != 0 {
		t.Errorf("got %+v", f)
	}
}

func TestCompute_LeadTimes(t *testing.T) {
	stamp := func(t time.Time) string { return t.Format(time.RFC3339) }
	f := week([]telemetry.Change{
		deploy("a", "pay", "v1", at(1, 0), delivery.LabelCommit, stamp(at(0, 22))),
		deploy("b", "pay", "v2", at(2, 0), delivery.LabelCommit, stamp(at(1, 20))),
		deploy("c", "pay", "v3", at(3, 0), delivery.LabelCommit, stamp(at(4, 0))),
		deploy("d", "pay", "v4", at(4, 0), delivery.LabelCommit, "yesterday"),
		deploy("e", "pay", "v5", at(5, 0)),
		deploy("f", "pay", "v4", at(6, 0), delivery.LabelCommit, stamp(at(0, 0))), // a rollback has none
		deploy("g", "pay", "v6", at(6, 1), delivery.LabelCommit, stamp(at(6, 0)), delivery.LabelHotfix, "true"),
	}, nil).Total
	if f.LeadTime.Count != 3 || *f.LeadTime.P50 != 2*3600 || f.NoLeadTime != 1 || f.BadLeadTime != 2 || f.Rework != 2 {
		t.Errorf("got %+v", f)
	}
}

// TestCompute_AReleaseIsOne: services that go out together count once over all, and
// each by itself.
func TestCompute_AReleaseIsOne(t *testing.T) {
	r := week([]telemetry.Change{
		deploy("a", "pay", "v1", at(1, 0), delivery.LabelRelease, "r1"),
		deploy("b", "cart", "c1", at(1, 1), delivery.LabelRelease, "r1"),
		deploy("c", "cart", "c2", at(1, 2)),
		deploy("d", "mail", "m1", at(1, 3)),
	}, map[string]verdict.State{"b": verdict.Faulty})
	if r.Total.Deployments != 3 || r.Total.Failures != 1 || len(r.Services) != 3 {
		t.Fatalf("got %+v", r)
	}
	cart, pay := r.Services[0], r.Services[2]
	if cart.Deployments != 2 || cart.Failures != 1 || pay.Failures != 0 || *pay.ChangeFailureRate != 0 {
		t.Errorf("got %+v and %+v", cart, pay)
	}
}

func TestCompute_DaysAreThoseOfTheZone(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Skip("no time zones on this machine:", err)
	}
	in := delivery.Input{From: at(0, 5), To: at(7, 5), Zone: zone, Changes: []telemetry.Change{
		deploy("a", "pay", "v1", at(1, 3)), deploy("b", "pay", "v2", at(0, 20)), // both on monday there
	}}
	if f := delivery.Compute(in).Total; f.PerDay != 2.0/7 || f.DaysWith != 1.0/7 {
		t.Errorf("got %v per day, %v of days", f.PerDay, f.DaysWith)
	}
	in.Zone = time.UTC
	in.From, in.To = monday, at(7, 0)
	if f := delivery.Compute(in).Total; f.DaysWith != 2.0/7 {
		t.Errorf("in UTC: got %v of days", f.DaysWith)
	}
}

func TestCompute_Tiers(t *testing.T) {
	var changes []telemetry.Change
	for d := range 7 {
		fin := at(float64(d), 12)
		changes = append(changes, deploy(string(rune('a'+d)), "pay", string(rune('a'+d)), fin, delivery.LabelCommit, fin.Add(-2*time.Hour).Format(time.RFC3339)))
	}
	if f := week(changes, nil).Total; f.Tier != "elite" {
		t.Errorf("daily without failures: got %q", f.Tier)
	}
	if f := week(changes[:2], nil).Total; f.Tier != "high" {
		t.Errorf("twice a week: got %q", f.Tier)
	}
	open := delivery.Incident{ID: "i", Service: "pay", Opened: at(1, 13), Resolved: at(1, 14), Change: "b", Probability: 1}
	if f := week(changes, nil, open).Total; f.Tier != "medium" {
		t.Errorf("one failure in seven: got %q", f.Tier)
	}
}

// What the feed makes of a rollback: the earlier one is rolled back, the later one says
// of which it is one, and neither is taken for a redeployment.
func TestCompute_RollbackThatTheFeedRecognised(t *testing.T) {
	in := func(env string, c telemetry.Change) telemetry.Change {
		c.Environment = env
		return c
	}
	undone := deploy("d1", "pay", "v2", at(0, 9))
	undone.Status = telemetry.StatusRolledBack
	f := week([]telemetry.Change{
		in("production", deploy("d0", "pay", "v1", at(-3, 0))),
		in("production", undone),
		in("staging", deploy("s1", "pay", "v3", at(0, 9.5))), // the last one of the service, elsewhere
		in("production", deploy("d2", "pay", "v1", at(0, 10), "revert_of", "d1")),
		in("production", deploy("d3", "pay", "v1", at(0, 11))), // once more
	}, nil).Total
	if f.Deployments != 3 || f.Failures != 1 || f.Rework != 1 || f.Redeployments != 1 || f.Unrecovered != 0 {
		t.Errorf("got %+v", f)
	}
	if f.Recovery.Count != 1 || *f.Recovery.P50 != 3600 {
		t.Errorf("recovery: got %+v", f.Recovery)
	}
}

func TestCompute_WithdrawnCanary_HasRecovered(t *testing.T) {
	canary := deploy("d1", "pay", "v2", at(0, 9), "withdrawn", "true")
	canary.Started, canary.Status = at(0, 8), telemetry.StatusRolledBack
	f := week([]telemetry.Change{deploy("d0", "pay", "v1", at(-3, 0)), canary}, nil).Total
	if f.Failures != 1 || f.Unrecovered != 0 || f.Recovery.Count != 1 || *f.Recovery.P50 != 3600 {
		t.Errorf("got %+v, recovery %+v", f, f.Recovery)
	}
}
