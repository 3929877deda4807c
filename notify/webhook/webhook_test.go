package webhook_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/sample"
	"github.com/tocsinhq/tocsin/notify/webhook"
)

var secrets = []string{"path-secret-1", "hmac-secret-2", "header-secret-3"}

func channel(t *testing.T, url string, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := webhook.New(webhook.Options{Name: "hook", Now: now, Config: notify.WebhookConfig{
		URL: yamldoc.Secret(url + "/in/path-secret-1"), Secret: "hmac-secret-2",
		Headers: map[string]yamldoc.Secret{"Authorization": "Bearer header-secret-3"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWebhook_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, notifytest.NewStub(t, "ok").URL, nil) })
	notifytest.HTTP(t, notifytest.HTTPCase{OK: "ok", Make: channel, Secrets: secrets})
}

func TestWebhook_Request(t *testing.T) {
	s := notifytest.NewStub(t, "")
	now := notifytest.Onset
	m := notifytest.Message(7, incident.EventOpened)
	m.Links = append(m.Links, notify.Link{Name: "bad", URL: "javascript:alert(1)"})
	if _, err := channel(t, s.URL, func() time.Time { return now }).Send(t.Context(), m, ""); err != nil {
		t.Fatal(err)
	}
	call := s.Calls()[0]
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Idempotency-Key": "inc-1/7", "Authorization": "Bearer header-secret-3", "User-Agent": "tocsin",
	} {
		if got := call.Header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if err := webhook.Verify(call.Header.Get(webhook.SignatureHeader), call.Body, "hmac-secret-2", now.Add(time.Minute), 5*time.Minute); err != nil {
		t.Error(err)
	}
	var p webhook.Payload
	if err := json.Unmarshal(call.Body, &p); err != nil {
		t.Fatal(err)
	}
	if p.Version != 1 || p.Key != "inc-1/7" || p.Title != "checkout: error rate is high" || len(p.Links) != 1 ||
		p.Incident.Occurrences[0].Value != 0.124 || p.Ranking.Findings[0].Probability != 0.92 || !strings.Contains(p.Text, "15.5 times as much") {
		t.Errorf("payload = %+v", p)
	}
}

// TestPayload_Schema fails when a field of the documented schema is renamed or
// removed: that needs a new Version.
func TestPayload_Schema(t *testing.T) {
	b, err := json.Marshal(webhook.NewPayload(notifytest.Message(1, incident.EventOpened)))
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	keys := func(x any) []string {
		var out []string
		for k := range x.(map[string]any) {
			out = append(out, k)
		}
		slices.Sort(out)
		return out
	}
	f := func(name string, x any, want ...string) {
		t.Helper()
		have := keys(x)
		for _, w := range want {
			if !slices.Contains(have, w) {
				t.Errorf("%s has %v, lacks %q", name, have, w)
			}
		}
	}
	if diff := cmp.Diff([]string{"event", "incident", "key", "links", "ranking", "text", "title", "version"}, keys(v)); diff != "" {
		t.Error(diff)
	}
	f("event", v["event"], "seq", "incident", "kind", "at", "actor", "text")
	inc := v["incident"].(map[string]any)
	f("incident", inc, "id", "service", "title", "state", "severity", "onset", "opened", "updated", "reopened", "occurrences")
	f("occurrence", inc["occurrences"].([]any)[0], "key", "source", "name", "service", "condition", "since", "value", "expected", "lower", "upper", "score", "unit")
	finding := v["ranking"].(map[string]any)["findings"].([]any)[0]
	f("finding", finding, "change", "title", "log_odds", "probability", "terms")
}

func TestPayload_Resolved_HasTheWorst(t *testing.T) {
	body, err := json.Marshal(webhook.NewPayload(notifytest.Recovered(6)))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"version":1,`, `"worst":{"at":"2026-03-02T10:03:00Z","value":0.3,"expected":0.0025,"lower":0.001,"upper":0.01,"score":0.99999}`,
		`"text":"resolved after 4m, worst error_rate 30%: `,
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("want %s in %s", want, body)
		}
	}
}

func TestWebhook_Quiet_IsNotPosted(t *testing.T) {
	s := notifytest.NewStub(t, "")
	m := notifytest.Message(1, incident.EventAttached)
	m.Quiet = true
	if _, err := channel(t, s.URL, nil).Send(t.Context(), m, "x"); err != nil || len(s.Calls()) != 0 {
		t.Errorf("Send = %v with %d calls, want none", err, len(s.Calls()))
	}
}

func TestWebhook_NoSecret_NoSignature(t *testing.T) {
	s := notifytest.NewStub(t, "")
	c, err := webhook.New(webhook.Options{Name: "h", Config: notify.WebhookConfig{URL: yamldoc.Secret(s.URL)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), notifytest.Message(1, incident.EventOpened), ""); err != nil {
		t.Fatal(err)
	}
	if got := s.Calls()[0].Header.Get(webhook.SignatureHeader); got != "" {
		t.Errorf("signature = %q, want none", got)
	}
	if _, err := webhook.New(webhook.Options{Name: "h"}); err == nil {
		t.Error("New without a url: want an error")
	}
}

func TestVerify(t *testing.T) {
	at := notifytest.Onset
	body := []byte(`{"version":1}`)
	good := webhook.Sign("k", at, body)
	f := func(name, header string, body []byte, secret string, now time.Time, ok bool) {
		t.Helper()
		err := webhook.Verify(header, body, secret, now, 300*time.Second)
		if (err == nil) != ok || (err != nil && !errors.Is(err, webhook.ErrSignature)) {
			t.Errorf("%s: Verify = %v, want ok %v", name, err, ok)
		}
	}
	f("good", good, body, "k", at, true)
	f("299 s later", good, body, "k", at.Add(299*time.Second), true)
	f("301 s later", good, body, "k", at.Add(301*time.Second), false)
	f("301 s earlier", good, body, "k", at.Add(-301*time.Second), false)
	f("other body", good, []byte(`{"version": 1}`), "k", at, false)
	f("other secret", good, body, "K", at, false)
	f("two signatures, one good", good+",v1=00", body, "k", at, true)
	f("empty", "", body, "k", at, false)
	f("no v1", "t=1772445600", body, "k", at, false)
	f("not hex", "t=1772445600,v1=zz", body, "k", at, false)
	f("unknown version only", strings.Replace(good, "v1", "v0", 1), body, "k", at, false)
}

func FuzzVerify(f *testing.F) {
	f.Add(webhook.Sign("k", notifytest.Onset, nil))
	f.Add("t=,v1=")
	f.Add(",,=,t=9223372036854775807,v1=00")
	f.Fuzz(func(t *testing.T, header string) {
		if err := webhook.Verify(header, []byte("b"), "k", notifytest.Onset, time.Minute); err == nil {
			t.Errorf("Verify(%q) = nil", header)
		}
	})
}

func TestPayload_Group_AndChart(t *testing.T) {
	var v map[string]any
	for _, m := range []notify.Message{notifytest.Sample(incident.EventOpened), sample.Group("first", sample.Options{Onset: notifytest.Onset})} {
		b, err := json.Marshal(webhook.NewPayload(m))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
	}
	if v["title"] != "HighErrorRate" || v["group"].(map[string]any)["reason"] != "first" || v["told"] == nil || v["chart"].(map[string]any)["times"] == nil {
		t.Errorf("payload = %v", v)
	}
}
