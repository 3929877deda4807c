package teams_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/sample"
	"github.com/tocsinhq/tocsin/notify/teams"
)

const hook = "/powerautomate/workflows/abc/triggers/manual/run?sig=secretsignature"

func channel(t *testing.T, url string, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := teams.New(teams.Options{Name: "teams", Now: now, Config: notify.TeamsConfig{WebhookURL: yamldoc.Secret(url + hook)}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTeams_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, notifytest.NewStub(t, "").URL, nil) })
	notifytest.HTTP(t, notifytest.HTTPCase{OK: "", Make: channel, Secrets: []string{hook, "secretsignature"}})
}

func card(t *testing.T, m notify.Message) (size int, body, actions string) {
	t.Helper()
	s := notifytest.NewStub(t, "")
	notifytest.Life(t, channel(t, s.URL, nil), m)
	var v struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body, Actions json.RawMessage
			}
		}
	}
	b := s.Calls()[0].Body
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	a := v.Attachments[0]
	if v.Type != "message" || a.ContentType != "application/vnd.microsoft.card.adaptive" || a.Content.Type != "AdaptiveCard" || a.Content.Version != "1.5" {
		t.Errorf("message = %s", b)
	}
	return len(b), string(a.Content.Body), string(a.Content.Actions)
}

func TestTeams_Card(t *testing.T) {
	m := notifytest.Sample(incident.EventOpened)
	_, body, actions := card(t, m)
	for _, want := range []string{"🔴 checkout: error rate is high", `"style":"attention"`, "▁", "deployment checkout v41 -", "not muted: no silence, no window"} {
		if !strings.Contains(body, want) {
			t.Errorf("the card lacks %q: %s", want, body)
		}
	}
	if strings.Contains(body, `"TextBlock"`) {
		t.Error("a text block reads text from outside as Markdown")
	}
	if !strings.Contains(actions, "https://tocsin.example.com/incidents/inc-1") {
		t.Errorf("actions = %s", actions)
	}
	m.ChartURL = "https://tocsin.example.com/api/v1/tocsin/charts/x.png"
	if _, body, _ := card(t, m); !strings.Contains(body, m.ChartURL) || strings.Contains(body, `"Monospace"`) {
		t.Errorf("with an address the card shows the picture: %s", body)
	}
}

func TestTeams_Size_HoldsForHostileMessages(t *testing.T) {
	for name, m := range notifytest.Hostile() {
		if n, _, _ := card(t, m); n > 28<<10 {
			t.Errorf("%s: %d bytes, Teams takes 28 KiB", name, n)
		}
	}
}

func TestTeams_Group(t *testing.T) {
	_, body, actions := card(t, sample.Group("first", sample.Options{Onset: notifytest.Onset}))
	if !strings.Contains(body, "2 firing, 1 resolved: HighErrorRate") || !strings.Contains(body, "checkout-1 answers 12%") || !strings.Contains(actions, "Runbook") {
		t.Errorf("card = %s %s", body, actions)
	}
}

func TestTeams_Quiet_IsNotPosted(t *testing.T) {
	s := notifytest.NewStub(t, "")
	m := notifytest.Sample(incident.EventAttached)
	m.Quiet = true
	notifytest.Life(t, channel(t, s.URL, nil), m)
	if n := len(s.Calls()); n != 0 {
		t.Errorf("%d calls, want none", n)
	}
}
