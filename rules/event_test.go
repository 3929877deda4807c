package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

const deployments = `
alerts:
  - name: deployment_failure
    condition: deployment_status == failed
    severity: critical
    channels: [slack]
    annotations:
      hint: 'look at {{ $labels.service }}'
  - name: long_flag
    condition: flag_status == started
    duration: 10m
    service: shop-*
`

func deployment(id string, status telemetry.ChangeStatus, started, finished time.Duration) telemetry.Change {
	c := telemetry.Change{ID: id, Kind: telemetry.KindDeployment, Service: "checkout", Environment: "production",
		VersionFrom: "v41", VersionTo: "v42", Author: "platform", Started: epoch(started), Status: status}
	if finished > 0 {
		c.Finished = epoch(finished)
	}
	return c
}

func TestChange_DeploymentFails_FiresAtOnceAndEndsWithRollback(t *testing.T) {
	s := newStory(t, "")
	s.start(alertsOf(t, deployments))
	s.run(0, 0)
	s.change(deployment("1", telemetry.StatusStarted, time.Minute, 0), time.Minute)
	s.want()
	s.change(deployment("1", telemetry.StatusFailed, time.Minute, 3*time.Minute), 3*time.Minute)
	a := s.told[0]
	if a.Service != "checkout" || a.Environment != "production" || a.Severity != "critical" || a.Summary != "deployment checkout v41 -> v42 failed" ||
		a.Annotations["hint"] != "look at checkout" || a.Annotations["change"] != "1" || a.Expr != "deployment_status == failed" || len(a.Channels) != 1 {
		t.Errorf("got %+v", a)
	}
	// The same change again, a new attempt and its failure tell nothing new.
	s.change(deployment("1", telemetry.StatusFailed, time.Minute, 3*time.Minute), 4*time.Minute)
	s.change(deployment("2", telemetry.StatusStarted, 5*time.Minute, 0), 5*time.Minute)
	s.change(deployment("2", telemetry.StatusFailed, 5*time.Minute, 6*time.Minute), 6*time.Minute)
	s.want("3m0s firing deployment_failure checkout")
	s.run(15*time.Second, 8*time.Minute)
	s.change(deployment("3", telemetry.StatusRolledBack, 9*time.Minute, 10*time.Minute), 10*time.Minute)
	if got := s.told[0].Summary; got != "deployment checkout v41 -> v42 was rolled back" {
		t.Errorf("got %q", got)
	}
	s.want("10m0s resolved deployment_failure checkout")
	// An old failure that is delivered late does not fire again.
	s.change(deployment("2", telemetry.StatusFailed, 5*time.Minute, 6*time.Minute), 11*time.Minute)
	s.want()
}

func TestChange_FailureWithoutFinish_Fires(t *testing.T) {
	s := newStory(t, "")
	s.start(alertsOf(t, deployments))
	s.change(deployment("1", telemetry.StatusStarted, time.Minute, 0), time.Minute)
	s.change(deployment("1", telemetry.StatusFailed, time.Minute, 0), 2*time.Minute)
	s.want("2m0s firing deployment_failure checkout")
}

func TestChange_OtherServiceOrEnvironment_LeavesAlert(t *testing.T) {
	s := newStory(t, "")
	s.start(alertsOf(t, deployments))
	s.change(deployment("1", telemetry.StatusFailed, time.Minute, 2*time.Minute), 2*time.Minute)
	other := deployment("2", telemetry.StatusSucceeded, 3*time.Minute, 4*time.Minute)
	other.Service = "cart"
	s.change(other, 4*time.Minute)
	other.Service, other.Environment = "checkout", "staging"
	s.change(other, 4*time.Minute)
	other.Environment, other.Kind = "production", telemetry.KindConfig
	s.change(other, 4*time.Minute)
	s.want("2m0s firing deployment_failure checkout")
}

func TestChange_Duration_WaitsAndCanBeOvertaken(t *testing.T) {
	s := newStory(t, "")
	s.start(alertsOf(t, deployments))
	flag := telemetry.Change{ID: "1", Kind: telemetry.KindFlag, Service: "shop-a", Started: epoch(time.Minute), Status: telemetry.StatusStarted}
	s.change(flag, time.Minute)
	next, err := s.engine.EvalDue(t.Context(), epoch(10*time.Minute+50*time.Second))
	if err != nil || !next.Equal(epoch(11*time.Minute)) {
		t.Errorf("next evaluation at %s (%v), want at 11m", next, err)
	}
	s.want()
	s.run(11*time.Minute, 12*time.Minute)
	s.want("11m0s firing long_flag shop-a")
	flag.Status, flag.Finished = telemetry.StatusSucceeded, epoch(13*time.Minute)
	s.change(flag, 13*time.Minute)
	s.want("13m0s resolved long_flag shop-a")

	flag = telemetry.Change{ID: "2", Kind: telemetry.KindFlag, Service: "shop-b", Started: epoch(14 * time.Minute), Status: telemetry.StatusStarted}
	s.change(flag, 14*time.Minute)
	flag.Status, flag.Finished = telemetry.StatusSucceeded, epoch(15*time.Minute)
	s.change(flag, 15*time.Minute)
	flag.Service, flag.ID = "cart", "3" // not a service of the rule
	flag.Status = telemetry.StatusStarted
	s.change(flag, 15*time.Minute)
	s.run(15*time.Minute, 30*time.Minute)
	s.want()
}

func TestChange_Restart_NothingToldTwice(t *testing.T) {
	s := newStory(t, "")
	s.start(alertsOf(t, deployments))
	failed := deployment("1", telemetry.StatusFailed, time.Minute, 2*time.Minute)
	flag := telemetry.Change{ID: "2", Kind: telemetry.KindFlag, Service: "shop-a", Started: epoch(2 * time.Minute), Status: telemetry.StatusStarted}
	s.change(failed, 2*time.Minute)
	s.change(flag, 2*time.Minute)
	firing := s.engine.Alerts()
	s.want("2m0s firing deployment_failure checkout")

	s.start(alertsOf(t, deployments))
	s.resume(firing)
	s.engine.ResumeChanges(t.Context(), []telemetry.Change{flag, failed})
	if a := s.engine.Alerts(); len(a) != 1 || a[0].State != rules.AlertFiring {
		t.Errorf("got %+v", a)
	}
	s.change(failed, 3*time.Minute)
	s.run(3*time.Minute, 13*time.Minute)
	s.want("12m0s firing long_flag shop-a")
}

func TestChange_EndedBetweenAlertAndRestart_ResolvedAfterIt(t *testing.T) {
	s := newStory(t, "")
	s.start(alertsOf(t, deployments))
	failed := deployment("1", telemetry.StatusFailed, time.Minute, 2*time.Minute)
	s.change(failed, 2*time.Minute)
	firing := s.engine.Alerts()
	s.told = nil
	s.start(alertsOf(t, deployments))
	s.resume(firing)
	s.engine.ResumeChanges(t.Context(), []telemetry.Change{failed, deployment("2", telemetry.StatusSucceeded, 3*time.Minute, 4*time.Minute)})
	s.want("4m0s resolved deployment_failure checkout")
}

func TestChange_RuleRemoved_AlertEndsAndPendingIsForgotten(t *testing.T) {
	s := newStory(t, "")
	s.start(alertsOf(t, deployments))
	s.change(deployment("1", telemetry.StatusFailed, time.Minute, 2*time.Minute), 2*time.Minute)
	s.change(telemetry.Change{ID: "2", Kind: telemetry.KindFlag, Service: "shop-a", Started: epoch(2 * time.Minute), Status: telemetry.StatusStarted}, 2*time.Minute)
	s.load(rules.RuleSet{})
	s.run(3*time.Minute, 20*time.Minute)
	if !strings.Contains(s.told[len(s.told)-1].Summary, "no longer loaded") {
		t.Errorf("got %+v", s.told)
	}
	s.want("2m0s firing deployment_failure checkout", "3m0s resolved deployment_failure checkout")
}
