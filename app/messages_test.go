package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/chart"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/telemetry"
)

// keeper is a channel that keeps what it was sent.
type keeper struct {
	mu sync.Mutex
	ms []notify.Message
}

func (k *keeper) Name() string { return "pager" }

func (k *keeper) Send(_ context.Context, m notify.Message, t notify.Thread) (notify.Thread, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ms = append(k.ms, m)
	return t, nil
}

const deepQueue = `
groups:
  - name: queues
    interval: %s
    rules:
      - alert: QueueDeep
        expr: queue_depth > 250
        labels: {severity: critical}
        annotations: {summary: "the queue is deep", runbook_url: "https://wiki.example.com/queues"}
`

func TestCore_Messages_CarryTheChart(t *testing.T) {
	h := newHouse(t, "")
	file := filepath.Join(h.dir, "rules.yml")
	if err := os.WriteFile(file, fmt.Appendf(nil, deepQueue, "1m"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.config.Rules.RuleFiles = []string{file}
	h.config.Web.ExternalURL = "https://tocsin.example.com"
	h.config.Detector.TimeZone = "Europe/Berlin"
	k := &keeper{}
	h.channel = k
	h.open()
	h.steady(1200, 100)
	_, _, err := h.core.RecordChange(t.Context(), telemetry.Change{
		Service: "pay", Kind: telemetry.KindDeployment, VersionTo: "v2", Status: telemetry.StatusSucceeded, Started: h.now, Finished: h.now,
	}, h.now)
	if err != nil {
		t.Fatal(err)
	}
	h.steady(20, 400)
	if len(k.ms) == 0 || k.ms[0].Event.Kind != incident.EventOpened {
		t.Fatalf("messages: %+v; log:\n%s", k.ms, h.log)
	}
	m := k.ms[0]
	c := m.Chart
	if !c.Drawable() {
		t.Fatalf("chart = %+v; log:\n%s", c, h.log)
	}
	if c.Title != "QueueDeep of pay" || c.Zone != "Europe/Berlin" || c.Threshold != 250 && !math.IsNaN(float64(c.Threshold)) || !c.To.Equal(m.Event.At) {
		t.Errorf("chart %q, zone %q, threshold %v, to %s", c.Title, c.Zone, c.Threshold, c.To)
	}
	n := len(c.Times)
	if n < 200 || n > 260 || c.Values[n-1] < 390 || c.Lower[n-60] > 103 || c.Upper[n-60] < 97 || c.Upper[n-60] > 150 {
		t.Errorf("%d points, the last %v, band an hour ago %v to %v", n, c.Values[n-1], c.Lower[n-60], c.Upper[n-60])
	}
	var kinds []string
	for _, x := range c.Marks {
		kinds = append(kinds, string(x.Kind))
	}
	if got := strings.Join(kinds, " "); got != "change onset" {
		t.Errorf("marks = %q", got)
	}
	if png, err := chart.PNG(c); err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
		t.Errorf("picture: %v", err)
	}
	var links []string
	for _, l := range m.Links {
		links = append(links, l.Name+" "+l.URL)
	}
	for i, want := range []string{"Incident http://tocsin.test/incidents/", "Chart http://tocsin.test/graph?g0.expr=queue_depth", "Runbook https://wiki.example.com/queues"} {
		if i >= len(links) || !strings.HasPrefix(links[i], want) {
			t.Errorf("links = %q, want %q", links, want)
		}
	}
	if len(m.Told) != 1 || m.Told[0] != "pager" || !strings.HasPrefix(m.ChartURL, "http://tocsin.test/api/v1/tocsin/charts/") {
		t.Errorf("told %q, picture at %q", m.Told, m.ChartURL)
	}
}

// TestDaemon_Slack_ButtonAndChart presses a button of the message that a daemon
// posted, and fetches its picture from its address.
func TestDaemon_Slack_ButtonAndChart(t *testing.T) {
	api := notifytest.NewStub(t, `{"ok":true,"channel":"C1","ts":"1.1"}`)
	hook := notifytest.NewStub(t, "ok")
	d := newDaemon(t, "rules.yml", fmt.Sprintf(deepQueue, "1s"), "tocsin.yml", `
rules: {rule_files: [rules.yml], interval: 1s}
web: {external_url: "https://tocsin.example.com"}
notify:
  channels:
    - name: slack
      slack: {token: xoxb-1, channel: C1, signing_secret: s3cret, no_files: true, api_url: `+api.URL+`/api}
    - name: hook
      webhook: {url: `+hook.URL+`}
`).start()
	values := make([]float64, 300)
	for i := range values {
		values[i] = 100 + float64(i%7)
	}
	d.remoteWrite("queue_depth", 10*time.Second, append(values, 400, 410)...)
	d.eventually("both were told", func() bool { return len(hook.Calls()) > 0 && len(api.Calls()) > 0 })
	var p struct {
		Incident struct{ ID string }
		ChartURL string `json:"chart_url"`
	}
	if err := json.Unmarshal(hook.Calls()[0].Body, &p); err != nil {
		t.Fatal(err)
	}
	path, ok := strings.CutPrefix(p.ChartURL, "https://tocsin.example.com")
	if !ok {
		t.Fatalf("picture at %q; log:\n%s", p.ChartURL, d.log)
	}
	if status, body := d.get(path); status != 200 || !strings.HasPrefix(body, "\x89PNG") {
		t.Errorf("GET %s: %d", path, status)
	}
	for _, wrong := range []string{strings.Replace(path, "charts/", "charts/x", 1), path[:len(path)-6] + "AA.png", "/api/v1/tocsin/charts/" + p.Incident.ID} {
		if status, _ := d.get(wrong); status != 404 {
			t.Errorf("GET %s: %d, want 404", wrong, status)
		}
	}
	form, err := url.ParseQuery(string(api.Calls()[0].Body))
	if err != nil || !strings.Contains(form.Get("attachments"), `"action_id":"tocsin_acknowledge"`) || !strings.Contains(form.Get("attachments"), `"action_id":"tocsin_silence"`) {
		t.Fatalf("message = %v, %v", form, err)
	}
	press := func(secret, action string) int {
		payload := fmt.Sprintf(`{"type":"block_actions","user":{"id":"U1","name":"ada"},"actions":[{"type":"button","block_id":"b1","action_id":%q,"value":%q,"action_ts":"1"}]}`, action, p.Incident.ID)
		body := url.Values{"payload": {payload}}.Encode()
		stamp := strconv.FormatInt(time.Now().Unix(), 10)
		sum := hmac.New(sha256.New, []byte(secret))
		fmt.Fprintf(sum, "v0:%s:%s", stamp, body)
		req, err := http.NewRequest("POST", "http://"+d.app.Address()+"/api/v1/tocsin/slack/actions", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("X-Slack-Request-Timestamp", stamp)
		req.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(sum.Sum(nil)))
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return res.StatusCode
	}
	if got := press("guess", "tocsin_acknowledge"); got != 401 {
		t.Errorf("a press that Slack did not sign: %d, want 401", got)
	}
	if got := press("s3cret", "tocsin_acknowledge"); got != 200 {
		t.Errorf("a press: %d, want 200", got)
	}
	var inc struct {
		Incident incident.Incident
		Events   []incident.Event
	}
	d.json("/api/v1/tocsin/incidents/"+p.Incident.ID, &inc)
	if inc.Incident.State != incident.StateAcknowledged {
		t.Errorf("incident = %+v", inc.Incident)
	}
	d.eventually("the message is edited", func() bool {
		for _, c := range api.Calls() {
			if strings.HasSuffix(c.Path, "chat.update") && strings.Contains(string(c.Body), "acknowledged") {
				return true
			}
		}
		return false
	})
	if got := press("s3cret", "tocsin_silence"); got != 200 {
		t.Errorf("a press: %d, want 200", got)
	}
	var silences []struct {
		CreatedBy, Comment string
		Matchers           []struct{ Name, Value string }
		Status             struct{ State string }
	}
	d.json("/api/v2/silences", &silences)
	// The service, and the alert, whose labels name no service.
	var about []string
	for _, s := range silences {
		if s.CreatedBy != "ada (Slack)" || s.Status.State != "active" || !strings.Contains(s.Comment, p.Incident.ID) {
			t.Errorf("silence = %+v", s)
		}
		about = append(about, fmt.Sprint(s.Matchers))
	}
	slices.Sort(about)
	if got := strings.Join(about, " "); got != "[{alertname QueueDeep} {job pay} {severity critical}] [{service pay}]" {
		t.Errorf("silences of %s; log:\n%s", got, d.log)
	}
	d.json("/api/v1/tocsin/incidents/"+p.Incident.ID, &inc)
	if n := len(inc.Events); n == 0 || !strings.HasPrefix(inc.Events[n-1].Text, "silenced until ") && !strings.HasPrefix(inc.Events[n-2].Text, "silenced until ") {
		t.Errorf("timeline = %+v", inc.Events)
	}
	if got := press("s3cret", "tocsin_false_alarm"); got != 200 {
		t.Errorf("a press: %d, want 200", got)
	}
	d.json("/api/v1/tocsin/incidents/"+p.Incident.ID, &inc)
	if inc.Incident.State != incident.StateFalsePositive {
		t.Errorf("incident = %+v", inc.Incident)
	}
}
