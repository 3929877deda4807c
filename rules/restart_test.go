package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
)

func TestRestart_FiringAlert_NotToldAgain(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, highErrors))
	s.run(0, 10*time.Minute)
	firing := s.engine.Alerts()
	s.want("8m15s firing high_error_rate checkout")

	s.start(alertsOf(t, highErrors))
	s.resume(firing)
	if a := s.engine.Alerts(); len(a) != 1 || a[0].State != rules.AlertHeld {
		t.Errorf("before the first evaluation: got %+v, want the alert held", a)
	}
	s.run(11*time.Minute, 11*time.Minute)
	if a := s.engine.Alerts(); len(a) != 1 || a[0].State != rules.AlertFiring || !a[0].Since.Equal(firing[0].Since) {
		t.Errorf("after the first evaluation: got %+v", a)
	}
	for _, a := range s.told {
		if a.State != rules.AlertFiring || a.Fingerprint != firing[0].Fingerprint {
			t.Errorf("told %+v", a)
		}
	}
	s.told = nil
	s.run(11*time.Minute+15*time.Second, 20*time.Minute)
	if a := s.engine.AlertingRules()[0].ActiveAlerts(); len(a) != 0 {
		t.Errorf("the rule still has %d alerts", len(a))
	}
	last := s.told[len(s.told)-1]
	if got := last.At.Sub(epoch(0)); last.State != rules.AlertResolved || got != 16*time.Minute+30*time.Second {
		t.Errorf("got %s at %s", last.State, got)
	}
}

func TestRestart_RecoveredMeanwhile_ResolvedOnce(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, highErrors))
	s.run(0, 10*time.Minute)
	firing := s.engine.Alerts()
	s.told = nil
	s.start(alertsOf(t, highErrors))
	s.resume(firing)
	s.run(20*time.Minute, 25*time.Minute)
	s.want("20m0s resolved high_error_rate checkout")
}

func TestRestart_SourceGoneMeanwhile_Held(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+90x40
	http_requests_total{job="checkout",code="500"} 0+10x40
`)
	s.start(alertsOf(t, highErrors))
	s.run(0, 10*time.Minute)
	firing := s.engine.Alerts()
	s.told = nil
	s.start(alertsOf(t, highErrors))
	s.resume(firing)
	s.run(20*time.Minute, 25*time.Minute)
	s.want("20m0s held high_error_rate checkout")
}

func TestRestart_Pending_GoesOnWithItsFor(t *testing.T) {
	const pending = `
alerts:
  - name: big
    condition: memory_usage > 500MiB
    duration: 10m
`
	s := newStory(t, `load 15s
	process_resident_memory_bytes{job="cart",instance="a"} 9e8x200
`)
	s.start(alertsOf(t, pending))
	s.run(0, 6*time.Minute)
	s.want()
	s.start(alertsOf(t, pending))
	s.run(8*time.Minute, 14*time.Minute)
	// 6 of 10 minutes had passed; the two minutes of outage do not count.
	if len(s.told) != 1 {
		t.Fatalf("told %+v", s.told)
	}
	if got := s.told[0].At.Sub(epoch(0)); got < 12*time.Minute || got > 12*time.Minute+45*time.Second {
		t.Errorf("fired at %s, want about 12m", got)
	}
}

func TestRestart_KeepFiringFor_CountsFromWhatIsKnown(t *testing.T) {
	text := strings.Replace(highErrors, "duration: 2m", "duration: 2m\n    keep_firing_for: 3m", 1)
	s := newStory(t, shop)
	s.start(alertsOf(t, text))
	s.run(0, 17*time.Minute)
	firing := s.engine.Alerts()
	s.want("8m15s firing high_error_rate checkout")
	s.start(alertsOf(t, text))
	s.resume(firing)
	s.run(18*time.Minute, 25*time.Minute)
	s.want("21m0s resolved high_error_rate checkout")
}

func TestReload_ChangedFile_KeepsFor(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, highErrors))
	s.run(0, 7*time.Minute)
	// Another alert beside it and another text; name and labels as before.
	s.load(alertsOf(t, strings.Replace(highErrors, "fails", "is failing", 1)+`
  - name: slow
    condition: p95_latency > 1s
`))
	s.run(7*time.Minute+15*time.Second, 9*time.Minute)
	s.want("8m15s firing high_error_rate checkout")
}

func TestReload_Refused_KeepsOldRules(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, highErrors))
	bad := alertsOf(t, highErrors)
	bad.Alerts = append(bad.Alerts, bad.Alerts[0])
	other := alertsOf(t, highErrors).Alerts[0]
	other.File = "other.yml"
	other.Alerts[0].File = "other.yml"
	bad.Alerts = append(bad.Alerts, other)
	err := s.engine.Load(t.Context(), bad)
	if err == nil || !strings.Contains(err.Error(), "given twice") || !strings.Contains(err.Error(), "name is taken at alerts.yml:3") {
		t.Errorf("got %v", err)
	}
	s.run(0, 9*time.Minute)
	s.want("8m15s firing high_error_rate checkout")
}

func TestReload_RuleRemoved_AlertEndsAndSeriesGoStale(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, highErrors))
	s.run(0, 9*time.Minute)
	s.told = nil
	s.load(rules.RuleSet{})
	s.run(9*time.Minute+15*time.Second, 9*time.Minute+30*time.Second)
	if len(s.told) != 1 || !strings.Contains(s.told[0].Summary, "rule is no longer loaded") {
		t.Errorf("got %+v", s.told)
	}
	s.want("9m15s resolved high_error_rate checkout")
	if v := s.value(`ALERTS`, 9*time.Minute+30*time.Second); len(v) != 0 {
		t.Errorf("the series of the removed rule go on: %v", v)
	}
}

func TestReload_RuleMovedToAnotherFile_SeriesGoOn(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, highErrors))
	s.run(0, 9*time.Minute)
	moved := alertsOf(t, highErrors)
	moved.Alerts[0].File = "moved.yml"
	for i := range moved.Alerts[0].Alerts {
		moved.Alerts[0].Alerts[i].File = "moved.yml"
	}
	s.load(moved)
	s.run(9*time.Minute+15*time.Second, 14*time.Minute)
	if v := s.value(`ALERTS{alertstate="firing"}`, 14*time.Minute); len(v) != 1 {
		t.Errorf("got %v", v)
	}
	s.want("8m15s firing high_error_rate checkout")
}
