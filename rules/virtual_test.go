package rules_test

import (
	"testing"
	"time"

	prules "github.com/prometheus/prometheus/rules"

	"github.com/tocsinhq/tocsin/rules"
)

const waits = `
groups:
  - name: second
    rules:
      - {record: b, expr: a}
  - name: first
    rules:
      - {record: a, expr: queue_length}
      - {alert: Queue, expr: queue_length > 10, for: 1m}
`

// Between its two samples the data are gone for longer than PromQL looks back.
const interrupted = `load 15s
	queue_length{service="mail"} 50x20 _x30 50x20
`

func stateOf(s *story) prules.AlertState {
	for _, r := range s.engine.AlertingRules() {
		for _, a := range r.ActiveAlerts() {
			return a.State
		}
	}
	return prules.StateInactive
}

func TestVirtual_Exact_AlertThatReturnsWaitsAgain(t *testing.T) {
	for _, exact := range []bool{false, true} {
		s := newStory(t, interrupted)
		s.virtual.Exact = exact
		s.start(promOf(t, waits))
		s.run(0, 12*time.Minute+45*time.Second)
		if got := stateOf(s); got != prules.StatePending {
			t.Errorf("exact %v: as the data return the alert is %s", exact, got)
		}
		s.run(13*time.Minute, 13*time.Minute)
		want := prules.StateFiring
		if exact {
			want = prules.StatePending
		}
		if got := stateOf(s); got != want {
			t.Errorf("exact %v: got %s, want %s", exact, got, want)
		}
	}
}

func TestVirtual_Fresh_AlertsOnRecordFromTheFirstEvaluation(t *testing.T) {
	for _, fresh := range []bool{false, true} {
		s := newStory(t, interrupted)
		s.virtual.Fresh = fresh
		s.start(promOf(t, waits))
		s.run(0, 0)
		if got := len(s.value("ALERTS", 0)); (got == 1) != fresh {
			t.Errorf("fresh %v: got %d alerts on record", fresh, got)
		}
	}
}

func TestVirtual_Origin_EvaluationsCountFromIt(t *testing.T) {
	s := newStory(t, interrupted)
	s.virtual.Origin = epoch(7 * time.Second)
	s.start(promOf(t, waits))
	if _, err := s.engine.EvalDue(t.Context(), epoch(29*time.Second)); err != nil {
		t.Fatal(err)
	}
	if v := s.value("timestamp(a)", 29*time.Second); len(v) != 1 || v[0].F != 22 {
		t.Errorf("got %v, want the value of 22s", v)
	}
}

func TestRuleSet_Order_GroupsEvaluatedInIt(t *testing.T) {
	for _, order := range [][]string{nil, {"first", "second"}} {
		s := newStory(t, interrupted)
		set := promOf(t, waits)
		set.Order = order
		s.start(set)
		s.run(0, 0)
		// In the order of the file "second" reads what "first" has not written yet.
		if got := len(s.value("b", 0)); (got == 1) != (order != nil) {
			t.Errorf("order %v: got %d values", order, got)
		}
	}
}

func TestRuleFile_WithInterval_LeavesTheOriginal(t *testing.T) {
	f := promOf(t, waits).Files[0]
	g := f.WithInterval(time.Minute)
	if time.Duration(g.Groups.Groups[1].Interval) != time.Minute || f.Groups.Groups[1].Interval != 0 {
		t.Errorf("got %v and %v", g.Groups.Groups[1].Interval, f.Groups.Groups[1].Interval)
	}
	if f.Line("first", 1) != g.Line("first", 1) || g.Line("first", 1) == 0 {
		t.Error("the lines are lost")
	}
}

func TestCatalogue_Only_OthersAreUnknown(t *testing.T) {
	c := catalogue(t).Only(func(n string) bool { return n == "error_rate" })
	if _, ok := c.Lookup("error_ratio"); !ok || len(c.Signals()) != 1 {
		t.Errorf("got %v", c.Signals())
	}
	s := newStory(t, shop)
	s.start(rules.RuleSet{Catalogue: catalogue(t).Only(func(string) bool { return false })})
	s.run(0, 5*time.Minute)
	if v := s.value(`{__name__=~"tocsin:.*"}`, 5*time.Minute); len(v) != 0 {
		t.Errorf("recorded %v", v)
	}
}
