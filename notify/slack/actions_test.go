package slack_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/slack"
)

const signing = "8f742231b10e8888abcd99yyyzzz85a5"

// people notes what it is asked for.
type people struct {
	mu   sync.Mutex
	did  []string
	fail error
	told chan struct{}
}

func (p *people) note(s string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.did = append(p.did, s)
	if p.told != nil {
		p.told <- struct{}{}
	}
	return p.fail
}

func (p *people) Acknowledge(_ context.Context, incident, actor string) error {
	return p.note("acknowledge " + incident + " by " + actor)
}

func (p *people) Silence(_ context.Context, incident, actor string, d time.Duration) error {
	return p.note(fmt.Sprintf("silence %s for %s by %s", incident, d, actor))
}

func (p *people) FalseAlarm(_ context.Context, incident, actor string) error {
	return p.note("false alarm " + incident + " by " + actor)
}

func (p *people) Cause(_ context.Context, incident, cause string, right bool, actor string) error {
	return p.note(fmt.Sprintf("cause %s of %s right %v by %s", cause, incident, right, actor))
}

func (p *people) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.did...)
}

// press is an interaction as Slack sends it.
func press(action, incident, at, responseURL string) string {
	b, _ := json.Marshal(map[string]any{
		"type": "block_actions", "user": map[string]string{"id": "U1", "username": "ada", "name": "ada", "team_id": "T1"},
		"api_app_id": "A1", "token": "deprecated", "trigger_id": "1.2.3", "response_url": responseURL,
		"container": map[string]any{"type": "message", "message_ts": "1700000000.000100", "channel_id": "C42", "attachment_id": 1},
		"channel":   map[string]string{"id": "C42", "name": "ops"},
		"actions": []map[string]any{{
			"action_id": action, "block_id": "b", "value": incident, "type": "button", "action_ts": at, "text": map[string]any{"type": "plain_text", "text": "x"},
		}},
	})
	return string(b)
}

// signed is a request that is signed as Slack does it.
func signed(secret string, at time.Time, payload string) *http.Request {
	body := url.Values{"payload": {payload}}.Encode()
	stamp := strconv.FormatInt(at.Unix(), 10)
	h := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(h, "v0:%s:%s", stamp, body)
	r := httptest.NewRequest(http.MethodPost, "/api/v1/tocsin/slack/actions", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Request-Timestamp", stamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(h.Sum(nil)))
	return r
}

func serve(h http.Handler, r *http.Request) (int, string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestActions_Buttons(t *testing.T) {
	p := &people{}
	set := metrics.NewSet()
	a := slack.NewActions(slack.ActionsOptions{People: p, Secrets: []yamldoc.Secret{"other", signing}, Now: func() time.Time { return notifytest.Onset }, Metrics: set})
	for n, action := range []string{"tocsin_acknowledge", "tocsin_silence", "tocsin_false_alarm", "somebody_elses"} {
		if code, body := serve(a, signed(signing, notifytest.Onset, press(action, "inc-1", fmt.Sprint(n), ""))); code != 200 || body != "" {
			t.Errorf("%s: %d %q", action, code, body)
		}
	}
	for action, value := range map[string]string{"tocsin_right_cause": "inc-1 c7", "tocsin_wrong_cause": "inc-1"} {
		serve(a, signed(signing, notifytest.Onset, press(action, value, "9", "")))
	}
	want := []string{"acknowledge inc-1 by ada (Slack)", "silence inc-1 for 1h0m0s by ada (Slack)", "false alarm inc-1 by ada (Slack)", "cause c7 of inc-1 right true by ada (Slack)"}
	if diff := cmp.Diff(want, p.list()); diff != "" {
		t.Error(diff)
	}
	var b bytes.Buffer
	set.WritePrometheus(&b)
	if !strings.Contains(b.String(), `tocsin_slack_actions_total{action="silence",result="done"} 1`) {
		t.Errorf("metrics:\n%s", b.String())
	}
}

func TestActions_RefusesWhatSlackDidNotSign(t *testing.T) {
	now := notifytest.Onset
	good := press("tocsin_acknowledge", "inc-1", "1", "")
	f := func(name string, want int, r *http.Request) {
		t.Helper()
		p := &people{}
		a := slack.NewActions(slack.ActionsOptions{People: p, Secrets: []yamldoc.Secret{signing}, Now: func() time.Time { return now }})
		code, body := serve(a, r)
		if code != want || (len(p.list()) > 0) != (want == 200) {
			t.Errorf("%s: %d %q, want %d; did %q", name, code, body, want, p.list())
		}
		if strings.Contains(body, signing) {
			t.Errorf("%s: the answer holds the secret", name)
		}
	}
	f("good", 200, signed(signing, now, good))
	f("299 s old", 200, signed(signing, now.Add(-299*time.Second), good))
	f("301 s old", 401, signed(signing, now.Add(-301*time.Second), good))
	f("301 s ahead", 401, signed(signing, now.Add(301*time.Second), good))
	f("other secret", 401, signed("guess", now, good))
	f("empty secret", 401, signed("", now, good))
	r := signed(signing, now, good)
	r.Body = io.NopCloser(strings.NewReader(url.Values{"payload": {press("tocsin_false_alarm", "inc-2", "1", "")}}.Encode()))
	f("other body", 401, r)
	r = signed(signing, now, good)
	r.Header.Del("X-Slack-Signature")
	f("no signature", 401, r)
	r = signed(signing, now, good)
	r.Header.Set("X-Slack-Request-Timestamp", "soon")
	f("no time", 401, r)
	f("too large", 401, signed(signing, now, strings.Repeat("x", 1<<20)))
	f("no JSON", 400, signed(signing, now, "{"))
	f("no secret is configured", 401, signed("", now, good))
}

func TestActions_Replay_IsRefused(t *testing.T) {
	p := &people{}
	now := notifytest.Onset
	a := slack.NewActions(slack.ActionsOptions{People: p, Secrets: []yamldoc.Secret{signing}, Now: func() time.Time { return now }})
	payload := press("tocsin_acknowledge", "inc-1", "1", "")
	codes := []int{}
	for range 2 {
		code, _ := serve(a, signed(signing, now, payload))
		codes = append(codes, code)
	}
	// Slack itself sends a press again, signed anew.
	code, _ := serve(a, signed(signing, now.Add(time.Second), payload))
	if diff := cmp.Diff([]int{200, 401, 200}, append(codes, code)); diff != "" {
		t.Error(diff)
	}
	if n := len(p.list()); n != 1 {
		t.Errorf("acknowledged %d times, want once", n)
	}
}

func TestActions_Failure_IsToldToWhoPressed(t *testing.T) {
	s := notifytest.NewStub(t, "ok")
	host := strings.TrimPrefix(s.URL, "http://")
	p := &people{fail: errors.New("the incident <is> over")}
	var log bytes.Buffer
	a := slack.NewActions(slack.ActionsOptions{
		People: p, Secrets: []yamldoc.Secret{signing}, Now: func() time.Time { return notifytest.Onset }, AnswerHosts: []string{host},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if code, _ := serve(a, signed(signing, notifytest.Onset, press("tocsin_acknowledge", "inc-1", "1", s.URL+"/actions/T1/1/x"))); code != 200 {
		t.Errorf("status %d", code)
	}
	if c := s.Calls(); len(c) != 1 || !strings.Contains(string(c[0].Body), `"response_type":"ephemeral"`) || !strings.Contains(string(c[0].Body), `could not do that: the incident`) {
		t.Errorf("calls = %+v", c)
	}
	if !strings.Contains(log.String(), "the incident <is> over") {
		t.Errorf("log = %s", log.String())
	}
	// An answer goes to Slack and nowhere else.
	for _, to := range []string{"http://169.254.169.254/latest", "https://slack.com.evil.example/x", "http://hooks.slack.com/x", "::"} {
		serve(a, signed(signing, notifytest.Onset, press("tocsin_acknowledge", "inc-1", to, to)))
	}
	if n := len(s.Calls()); n != 1 {
		t.Errorf("%d answers", n)
	}
}

func FuzzActions(f *testing.F) {
	f.Add("payload=" + url.QueryEscape(press("tocsin_acknowledge", "inc-1", "1", "https://hooks.slack.com/x")))
	f.Add("payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A%5Bnull%5D%7D")
	f.Add("payload={\"type\":\"block_actions\",\"actions\":[{\"type\":\"button\"},{}]}")
	f.Add("=;%")
	f.Fuzz(func(t *testing.T, body string) {
		p := &people{}
		a := slack.NewActions(slack.ActionsOptions{People: p, Secrets: []yamldoc.Secret{signing}, Now: func() time.Time { return notifytest.Onset }})
		stamp := strconv.FormatInt(notifytest.Onset.Unix(), 10)
		h := hmac.New(sha256.New, []byte(signing))
		fmt.Fprintf(h, "v0:%s:%s", stamp, body)
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Slack-Request-Timestamp", stamp)
		r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(h.Sum(nil)))
		if code, text := serve(a, r); code != 200 && code != 400 {
			t.Errorf("%d %s", code, text)
		}
	})
}
