package incident_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rules"
)

func TestToAlert_IsTheWayBack(t *testing.T) {
	a := rules.Alert{Fingerprint: "f1", Name: "high_error_rate", Service: "checkout", Environment: "prod", Severity: "critical", State: rules.AlertFiring,
		Since: after(3 * time.Minute), At: after(5 * time.Minute), Value: 0.312, Threshold: 0.05, Signal: "error_rate", Unit: "ratio", Query: "q",
		Labels: map[string]string{"zone": "a"}, Channels: []string{"slack"}, Summary: "said by the rule"}
	for _, state := range []rules.AlertState{rules.AlertFiring, rules.AlertHeld} {
		a.State = state
		o, _ := incident.FromAlert(a)
		back, ok := incident.ToAlert(o)
		if diff := cmp.Diff(a, back, cmpopts.EquateNaNs()); !ok || diff != "" {
			t.Errorf("%s: %v\n%s", state, ok, diff)
		}
	}
	a.State = rules.AlertResolved
	if o, _ := incident.FromAlert(a); o.Key != "" {
		if _, ok := incident.ToAlert(o); ok {
			t.Error("what has cleared is taken up as firing")
		}
	}
	o, _ := incident.FromVerdict(verdict())
	if _, ok := incident.ToAlert(o); ok {
		t.Error("an anomaly is an alert")
	}
	o.Source = incident.SourceAlert // with the key of a series
	if _, ok := incident.ToAlert(o); ok {
		t.Error("an occurrence without a fingerprint is an alert")
	}
}

func TestLastSeq_EndOfTheLog(t *testing.T) {
	b := newBench(t)
	last := func() int64 {
		t.Helper()
		n, err := b.m.LastSeq(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := last(); n != 0 {
		t.Errorf("an empty log: got %d", n)
	}
	b.apply(alert("a", "checkout", noon))
	events, err := b.m.EventsAfter(ctx, 0, 100)
	if err != nil || len(events) == 0 {
		t.Fatalf("got %d events, %v", len(events), err)
	}
	if n := last(); n != events[len(events)-1].Event.Seq {
		t.Errorf("got %d, want %d", n, events[len(events)-1].Event.Seq)
	}
	if rest, err := b.m.EventsAfter(ctx, last(), 100); err != nil || len(rest) != 0 {
		t.Errorf("after the end: got %d events, %v", len(rest), err)
	}
}
