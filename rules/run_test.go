package rules_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/topology"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/prometheus/prometheus/tsdb.(*DB).run"))
}

func TestNewEngine_BadOptions_Told(t *testing.T) {
	if _, err := rules.NewEngine(rules.EngineOptions{}); err == nil || !strings.Contains(err.Error(), "want Queryable") {
		t.Errorf("got %v", err)
	}
	s := newStory(t, "")
	_, err := rules.NewEngine(rules.EngineOptions{Queryable: s.db, Appendable: s.appendable(), Query: query(t)})
	if err == nil || !strings.Contains(err.Error(), "rules.interval: want 1s or more, got 0s") {
		t.Errorf("got %v", err)
	}
}

func TestEvalDue_AfterPause_OneCatchUpAndTheRestCounted(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, highErrors))
	s.run(0, time.Minute)
	next, err := s.engine.EvalDue(t.Context(), epoch(10*time.Minute+7*time.Second))
	if err != nil || !next.Equal(epoch(10*time.Minute+15*time.Second)) {
		t.Errorf("next at %s (%v), want at 10m15s", next, err)
	}
	if again, err := s.engine.EvalDue(t.Context(), epoch(10*time.Minute+8*time.Second)); err != nil || !again.Equal(next) {
		t.Errorf("got %s, %v", again, err)
	}
	var out bytes.Buffer
	s.set.WritePrometheus(&out)
	// 35 slots lie between 1m and 10m, for two groups.
	for _, want := range []string{
		"tocsin_rules_missed_evaluations_total 70", "tocsin_rules_group_evaluations_total 12", `tocsin_rules_loads_total{result="loaded"} 1`,
		"tocsin_rules_groups 2", `tocsin_rules_alerts{state="firing"} 0`,
	} {
		if !strings.Contains(out.String(), want+"\n") {
			t.Errorf("no %q in:\n%s", want, &out)
		}
	}
}

func TestEvalDue_ContextEnds_SaysSoAndIsDueAgain(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, highErrors))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.engine.EvalDue(ctx, epoch(time.Minute)); err != context.Canceled {
		t.Errorf("got %v", err)
	}
	if _, err := s.engine.EvalDue(t.Context(), epoch(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if v := s.value("tocsin:request_rate", time.Minute); len(v) != 1 {
		t.Errorf("the interrupted evaluation was not made up for: %v", v)
	}
}

func TestEvalDue_WithoutRules_StillSaysWhenNext(t *testing.T) {
	s := newStory(t, "")
	s.start()
	next, err := s.engine.EvalDue(t.Context(), epoch(time.Minute))
	if err != nil || !next.Equal(epoch(75*time.Second)) {
		t.Errorf("got %s, %v", next, err)
	}
}

func TestRun_EvaluatesOnTheClockAndEnds(t *testing.T) {
	s := newStory(t, "")
	synctest.Test(t, func(t *testing.T) {
		set := alertsOf(t, highErrors)
		e, err := rules.NewEngine(rules.EngineOptions{
			Queryable: s.db, Appendable: s.appendable(), Query: query(t), Owner: topology.NewOwner(nil), Config: rules.DefaultConfig(),
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Load(t.Context(), set); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		<-time.After(time.Minute)
		synctest.Wait()
		last := e.RuleGroups()[0].GetLastEvalTimestamp()
		if age := time.Since(last); age > 15*time.Second {
			t.Errorf("last evaluation %s ago", age)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestSignalSeries_RecordedValues(t *testing.T) {
	s := newStory(t, strings.TrimRight(shop, "\n")+`
	http_requests_total{job="cart",env="test",code="200"} 0+15x40 stale
	process_resident_memory_bytes{job="cart",instance="a:1"} 9e8x80
`)
	s.start(rules.RuleSet{})
	s.run(0, 15*time.Minute)
	got, err := s.engine.SignalSeries(t.Context(), nil, epoch(5*time.Minute), epoch(14*time.Minute), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, x := range got {
		lines = append(lines, strings.Join([]string{x.Service, x.Signal, x.Environment, x.Instance, string(x.Unit), string(x.Bad), x.Query}, "|"))
	}
	want := []string{
		`cart|error_rate|test||ratio|up|tocsin:error_rate{environment="test",service="cart"}`,
		`cart|memory_usage||a:1|bytes|up|tocsin:memory_usage{instance="a:1",service="cart"}`,
		`cart|request_rate|test||per_second|none|tocsin:request_rate{environment="test",service="cart"}`,
		`checkout|error_rate|||ratio|up|tocsin:error_rate{service="checkout"}`,
		`checkout|request_rate|||per_second|none|tocsin:request_rate{service="checkout"}`,
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if n := len(got[3].Points); n != 10 {
		t.Errorf("got %d points, want 10", n)
	}
	if last := got[2].Points[len(got[2].Points)-1].T; last >= epoch(13*time.Minute).UnixMilli() {
		t.Errorf("points go on after the series was marked stale: %d", last)
	}
	one, err := s.engine.SignalSeries(t.Context(), []string{"checkout"}, epoch(5*time.Minute), epoch(6*time.Minute), time.Minute)
	if err != nil || len(one) != 2 {
		t.Errorf("got %d series, %v", len(one), err)
	}
	if none, err := s.engine.SignalSeries(t.Context(), []string{}, epoch(0), epoch(1), time.Minute); err != nil || none != nil {
		t.Errorf("got %v, %v", none, err)
	}
	if _, err := s.engine.SignalSeries(t.Context(), nil, epoch(1), epoch(0), time.Minute); err == nil {
		t.Error("got no error for a span that ends before it begins")
	}
}
