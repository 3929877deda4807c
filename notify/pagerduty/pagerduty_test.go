package pagerduty_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/pagerduty"
	"github.com/tocsinhq/tocsin/notify/sample"
)

const (
	key   = "0123456789abcdef0123456789abcdef"
	taken = `{"status":"success","message":"Event processed","dedup_key":"tocsin-inc-1"}`
)

func channel(t *testing.T, url string, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := pagerduty.New(pagerduty.Options{Name: "pd", Now: now, Config: notify.PagerDutyConfig{RoutingKey: key, ChangeEvents: true, APIURL: url}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPagerDuty_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, notifytest.NewStub(t, taken).URL, nil) })
	notifytest.HTTP(t, notifytest.HTTPCase{OK: taken, Make: channel, Secrets: []string{key}})
}

// events is what a stub of the Events API got, in short.
func events(t *testing.T, s *notifytest.Stub) []string {
	t.Helper()
	var out []string
	for _, c := range s.Calls() {
		var v struct {
			RoutingKey string `json:"routing_key"`
			Action     string `json:"event_action"`
			DedupKey   string `json:"dedup_key"`
			Payload    struct{ Summary, Severity, Source string }
		}
		if err := json.Unmarshal(c.Body, &v); err != nil {
			t.Fatal(err)
		}
		if v.RoutingKey != key {
			t.Errorf("routing key = %q", v.RoutingKey)
		}
		out = append(out, strings.Join([]string{c.Path, v.Action, v.DedupKey, v.Payload.Severity, v.Payload.Source, v.Payload.Summary}, " | "))
	}
	return out
}

func TestPagerDuty_Life_OneDedupKey(t *testing.T) {
	s := notifytest.NewStub(t, taken)
	notifytest.Life(t, channel(t, s.URL, nil),
		notifytest.Sample(incident.EventOpened), notifytest.Sample(incident.EventAcked), notifytest.Sample(incident.EventRaised),
		notifytest.Sample(incident.EventResolved), notifytest.Sample(incident.EventReopened))
	const about = " | tocsin-inc-1 | critical | checkout | checkout: error rate is high"
	want := []string{
		"/v2/enqueue | trigger" + about,
		"/v2/change/enqueue |  |  |  | checkout | deployment checkout v41 -> v42",
		"/v2/enqueue | acknowledge" + about,
		"/v2/enqueue | trigger" + about,
		"/v2/enqueue | resolve" + about,
		"/v2/enqueue | trigger" + about,
	}
	if diff := cmp.Diff(want, events(t, s)); diff != "" {
		t.Error(diff)
	}
}

func TestPagerDuty_Event_HasLinksImageAndDetails(t *testing.T) {
	s := notifytest.NewStub(t, taken)
	m := notifytest.Sample(incident.EventOpened)
	m.ChartURL = "https://tocsin.example.com/api/v1/tocsin/charts/x.png"
	notifytest.Life(t, channel(t, s.URL, nil), m)
	var v struct {
		Client    string
		ClientURL string `json:"client_url"`
		Links     []struct{ Href, Text string }
		Images    []struct{ Src, Href, Alt string }
		Payload   struct {
			Timestamp, Component, Group, Class string
			Details                            map[string]any `json:"custom_details"`
		}
	}
	if err := json.Unmarshal(s.Calls()[0].Body, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Links) != 3 || v.ClientURL != "https://tocsin.example.com/incidents/inc-1" || len(v.Images) != 1 || v.Images[0].Src != m.ChartURL {
		t.Errorf("links %+v, client %q, images %+v", v.Links, v.ClientURL, v.Images)
	}
	if p := v.Payload; p.Timestamp != "2026-03-02T10:04:00Z" || p.Component != "checkout" || p.Group != "production" || p.Class != "high_error_rate" {
		t.Errorf("payload = %+v", p)
	}
	for _, want := range []string{"suspects", "what is odd", "chart", "expected", "told", "what happened"} {
		if v.Payload.Details[want] == nil {
			t.Errorf("details lack %q: %v", want, v.Payload.Details)
		}
	}
}

func TestPagerDuty_ChangeFails_EventIsNotSentAgain(t *testing.T) {
	s := notifytest.NewStub(t, taken)
	s.Behave(notifytest.OK, notifytest.Status(503, ""), notifytest.OK)
	c := channel(t, s.URL, nil)
	m := notifytest.Sample(incident.EventOpened)
	th, err := c.Send(t.Context(), m, "")
	if !errors.As(err, new(*notify.RetryError)) {
		t.Fatalf("Send = %v, want one that asks for another try", err)
	}
	if th, err = c.Send(t.Context(), m, th); err != nil {
		t.Fatal(err)
	}
	if _, err = c.Send(t.Context(), notifytest.Sample(incident.EventRaised), th); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, call := range s.Calls() {
		got = append(got, call.Path)
	}
	if diff := cmp.Diff([]string{"/v2/enqueue", "/v2/change/enqueue", "/v2/change/enqueue", "/v2/enqueue"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPagerDuty_NoteOnWhatIsOver_SaysNothing(t *testing.T) {
	s := notifytest.NewStub(t, taken)
	m := notifytest.Sample(incident.EventNote)
	m.Incident.State = incident.StateResolved
	notifytest.Life(t, channel(t, s.URL, nil), m)
	if n := len(s.Calls()); n != 0 {
		t.Errorf("%d calls, want none: a trigger would open it again", n)
	}
}

func TestPagerDuty_Group(t *testing.T) {
	s := notifytest.NewStub(t, taken)
	notifytest.Life(t, channel(t, s.URL, nil), sample.Group("first", sample.Options{Onset: notifytest.Onset}), sample.Group("resolved", sample.Options{Onset: notifytest.Onset}))
	got := events(t, s)
	if len(got) != 2 || !strings.HasPrefix(got[0], "/v2/enqueue | trigger | tocsin-group-") || !strings.Contains(got[1], "resolve | tocsin-group-") ||
		!strings.HasSuffix(got[0], "| critical | slack | HighErrorRate") || strings.Split(got[0], " | ")[2] != strings.Split(got[1], " | ")[2] {
		t.Errorf("events = %q", got)
	}
}

func TestPagerDuty_Answers(t *testing.T) {
	f := func(name string, status int, body string, wantRetry, wantErr bool) {
		t.Helper()
		s := notifytest.NewStub(t, taken)
		s.Behave(func(_ *notifytest.Stub, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		})
		_, err := channel(t, s.URL, nil).Send(t.Context(), notifytest.Sample(incident.EventAcked), "")
		if (err != nil) != wantErr || errors.As(err, new(*notify.RetryError)) != wantRetry {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	f("taken", 202, taken, false, false)
	f("a page of a proxy", 200, "<html>", true, true)
	f("half", 202, taken[:20], true, true)
	f("invalid", 400, `{"status":"invalid event","message":"Event object is invalid","errors":["Length of 'routing_key' is incorrect"]}`, false, true)
	f("invalid with a good status", 200, `{"status":"invalid event","errors":["x"]}`, false, true)
	f("limited", 429, "", true, true)
}

func TestNew_Refuses(t *testing.T) {
	if _, err := pagerduty.New(pagerduty.Options{Name: "pd"}); err == nil {
		t.Error("New without a key: want an error")
	}
}
