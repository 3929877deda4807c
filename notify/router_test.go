package notify_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
)

func TestRouter_Route(t *testing.T) {
	cfg := notify.DefaultConfig()
	cfg.Default = []string{"slack"}
	cfg.Channels = []notify.ChannelConfig{
		{Name: "hook", Slack: &notify.SlackConfig{WebhookURL: "https://hooks.slack.test/x"}},
		{Name: "pager", MinSeverity: incident.SeverityCritical, Events: []incident.EventKind{incident.EventOpened, incident.EventNote}},
	}
	r := notify.NewRouter(cfg, []string{"slack", "hook", "pager"})
	f := func(name string, kind incident.EventKind, severity incident.Severity, named []string, want notify.Route) {
		t.Helper()
		m := msg("i1", 1, kind, named...)
		m.Incident.Severity = severity
		if diff := cmp.Diff(want, r.Route(m)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	list := func(s ...string) []string { return s }
	f("none named", incident.EventOpened, incident.SeverityWarning, nil, notify.Route{Channels: list("slack"), Announce: list("slack")})
	f("named in configured order", incident.EventOpened, incident.SeverityCritical, list("pager", "slack", "pager"),
		notify.Route{Channels: list("slack", "pager"), Announce: list("slack", "pager")})
	f("some not configured", incident.EventOpened, incident.SeverityCritical, list("email", "hook"),
		notify.Route{Channels: list("hook"), Announce: list("hook"), Missing: list("email")})
	f("none configured", incident.EventOpened, incident.SeverityCritical, list("email", "jira", "email"),
		notify.Route{Channels: list("slack"), Announce: list("slack"), Missing: list("email", "jira")})
	f("below a channel's severity", incident.EventOpened, incident.SeverityWarning, list("pager"), notify.Route{Reason: "severity"})
	f("unknown severity passes", incident.EventOpened, "", list("pager"), notify.Route{Channels: list("pager"), Announce: list("pager")})
	f("quiet kind", incident.EventCleared, incident.SeverityCritical, nil, notify.Route{Channels: list("slack")})
	f("own events of a channel", incident.EventNote, incident.SeverityCritical, list("pager", "hook"),
		notify.Route{Channels: list("hook", "pager"), Announce: list("pager")})
	f("an incoming webhook is told of states only", incident.EventSuspects, incident.SeverityCritical, list("hook"), notify.Route{Channels: list("hook")})
	f("the record of a delivery", incident.EventNotified, incident.SeverityCritical, nil, notify.Route{Reason: "own_event"})
	if got := notify.NewRouter(cfg, nil).Route(msg("i1", 1, incident.EventOpened)); got.Reason != "no_channel" || got.Channels != nil {
		t.Errorf("without channels: %+v", got)
	}
}

func TestRouter_EmptyDefault_MeansEveryChannel(t *testing.T) {
	r := notify.NewRouter(notify.DefaultConfig(), []string{"a", "b"})
	if diff := cmp.Diff([]string{"a", "b"}, r.Route(msg("i1", 1, incident.EventOpened)).Channels); diff != "" {
		t.Error(diff)
	}
}

func TestBackoff_Delay(t *testing.T) {
	b := notify.Backoff{Min: time.Second, Max: time.Minute}
	f := func(tries int, after time.Duration, jitter float64, want time.Duration) {
		t.Helper()
		if got := b.Delay(tries, after, jitter); got != want {
			t.Errorf("Delay(%d, %v, %v) = %v, want %v", tries, after, jitter, got, want)
		}
	}
	f(1, 0, 0, 500*time.Millisecond)
	f(1, 0, 1, time.Second)
	f(3, 0, 1, 4*time.Second)
	f(7, 0, 1, time.Minute)
	f(1<<30, 0, 0, 30*time.Second)
	f(1, 10*time.Second, 0, 10*time.Second)
	f(7, 10*time.Second, 0.5, 45*time.Second)
	f(1, 100*time.Hour, 0, notify.RetryAfterMax)
	f(0, -time.Second, 0, 500*time.Millisecond)
	if got := (notify.Backoff{}).Delay(5, 0, 0); got <= 0 {
		t.Errorf("the zero Backoff waits %v, want more than nothing", got)
	}
}
