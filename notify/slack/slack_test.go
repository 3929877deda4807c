package slack_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/slack"
)

const (
	token  = "xoxb-111-secrettoken"
	hookID = "/services/T000/B000/secrethook"
	posted = `{"ok":true,"channel":"C42","ts":"1700000000.000100"}`
	where  = notify.Thread(`{"channel":"C42","ts":"1700000000.000100"}`)
)

func bot(t *testing.T, url string, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := slack.New(slack.Options{Name: "slack", Now: now, Config: notify.SlackConfig{Token: token, Channel: "#ops", APIURL: url + "/api"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func incoming(t *testing.T, url string, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := slack.New(slack.Options{Name: "slack", Now: now, Config: notify.SlackConfig{WebhookURL: yamldoc.Secret(url + hookID)}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBot_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return bot(t, notifytest.NewStub(t, posted).URL, nil) })
	notifytest.HTTP(t, notifytest.HTTPCase{OK: posted, Make: bot, Secrets: []string{token, url.QueryEscape(token)}})
}

func TestIncoming_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return incoming(t, notifytest.NewStub(t, "ok").URL, nil) })
	notifytest.HTTP(t, notifytest.HTTPCase{OK: "ok", Make: incoming, Secrets: []string{hookID, "secrethook"}})
}

// form is a call of the Web API in short: its method and the fields that matter.
func form(t *testing.T, c notifytest.Call) url.Values {
	t.Helper()
	v, err := url.ParseQuery(string(c.Body))
	if err != nil {
		t.Fatal(err)
	}
	v.Set("method", strings.TrimPrefix(c.Path, "/api/"))
	return v
}

func TestBot_Life_OneMessageEditedAndReplies(t *testing.T) {
	s := notifytest.NewStub(t, posted)
	c := bot(t, s.URL, nil)
	if e, ok := c.(notify.Editor); !ok || !e.Edits() {
		t.Fatal("a bot edits")
	}
	var th notify.Thread
	quiet := notifytest.Message(2, incident.EventAttached)
	quiet.Quiet = true
	for _, m := range []notify.Message{
		notifytest.Message(1, incident.EventOpened), quiet, notifytest.Message(3, incident.EventSuspects),
		notifytest.Message(4, incident.EventAcked), notifytest.Message(5, incident.EventRaised), notifytest.Message(6, incident.EventResolved),
	} {
		var err error
		if th, err = c.Send(t.Context(), m, th); err != nil {
			t.Fatal(err)
		}
	}
	if th != where {
		t.Errorf("thread = %s, want %s", th, where)
	}
	var got []string
	for _, call := range s.Calls() {
		v := form(t, call)
		if v.Get("token") != token {
			t.Errorf("token = %q", v.Get("token"))
		}
		line := v.Get("method") + " " + v.Get("channel") + " ts=" + v.Get("ts") + " thread=" + v.Get("thread_ts") + " broadcast=" + v.Get("reply_broadcast")
		if v.Get("thread_ts") != "" {
			line += " " + strings.ReplaceAll(v.Get("text"), "\n", " | ")
		}
		got = append(got, line)
		if !strings.Contains(v.Get("metadata"), `"key":"inc-1/`) {
			t.Errorf("metadata = %q, want the dedup key", v.Get("metadata"))
		}
	}
	const ts, text = "1700000000.000100", "error rate of checkout is 12.4%, expected 0.8%"
	edit := "chat.update C42 ts=" + ts + " thread= broadcast="
	want := []string{
		"chat.postMessage #ops ts= thread= broadcast=",
		edit,
		edit, "chat.postMessage C42 ts= thread=" + ts + " broadcast= :red_circle: *suspects changed* | " + text + " | *Suspects* | *92%*  <https://ci.example.test/42|deployment checkout v41 -&gt; v42> — started 2m before the onset, by release-bot |       time +2.1: started 2m before the onset |       effect +3.0: error_rate 0.8% to 12.4% | *8%*  no recent change fits |       prior +0.7: one incident in three has no change",
		edit, "chat.postMessage C42 ts= thread=" + ts + " broadcast= :eyes: *acknowledged* by release-bot | " + text,
		edit, "chat.postMessage C42 ts= thread=" + ts + " broadcast=true :red_circle: *raised* to critical | " + text,
		edit, "chat.postMessage C42 ts= thread=" + ts + " broadcast= :large_green_circle: *resolved* after 4m | " + text,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBot_Resolved_SaysWorstAndDuration(t *testing.T) {
	s := notifytest.NewStub(t, posted)
	if _, err := bot(t, s.URL, nil).Send(t.Context(), notifytest.Recovered(6), where); err != nil {
		t.Fatal(err)
	}
	edit, reply := form(t, s.Calls()[0]), form(t, s.Calls()[1])
	if got, want := reply.Get("text"), ":large_green_circle: *resolved* after 4m, worst error_rate 30%\n"; !strings.HasPrefix(got, want) {
		t.Errorf("reply: got %q, want it to begin %q", got, want)
	}
	if got, want := edit.Get("text"), ":large_green_circle: resolved after 4m, worst error_rate 30%: checkout: error rate is high"; got != want {
		t.Errorf("card: got %q, want %q", got, want)
	}
	if got := edit.Get("attachments"); !strings.Contains(got, "*Worst*  30%") {
		t.Errorf("card: got %s", got)
	}
}

func TestBot_Card_SaysWhatSinceHowFarAndWho(t *testing.T) {
	s := notifytest.NewStub(t, posted)
	if _, err := bot(t, s.URL, nil).Send(t.Context(), notifytest.Message(1, incident.EventOpened), ""); err != nil {
		t.Fatal(err)
	}
	v := form(t, s.Calls()[0])
	if want := ":red_circle: opened (critical): checkout: error rate is high — 12.4%, expected 0.8% (0.3% to 1.9%), 15.5 times as much — suspect: deployment checkout v41 -&gt; v42 (92%)"; v.Get("text") != want {
		t.Errorf("text = %s\nwant   %s", v.Get("text"), want)
	}
	var head, atts []map[string]any
	if err := errors.Join(json.Unmarshal([]byte(v.Get("blocks")), &head), json.Unmarshal([]byte(v.Get("attachments")), &atts)); err != nil {
		t.Fatal(err)
	}
	if got := head[0]["text"].(map[string]any)["text"]; got != "🔴 checkout: error rate is high" {
		t.Errorf("header = %v", got)
	}
	if atts[0]["color"] != "#D7263D" {
		t.Errorf("colour = %v", atts[0]["color"])
	}
	for _, want := range []string{
		`*Service*  checkout`, `*Environment*  production`, `*State*  critical, open`, `*Since*  2026-03-02 10:00:00 UTC (4m)`,
		`*Value*  error_rate is 12.4%, 15.5 times as much`, `*Expected*  0.8% (0.3% to 1.9%)`,
		`p95_latency of checkout: 1.5 s, expected 250 ms (200 ms to 310 ms), 6 times as much`,
		`time +2.1: started 2m before the onset`, `*8%*  no recent change fits`, `*Recent changes*`,
		`<http://127.0.0.1:9099/incidents/inc-1|Incident>`, `incident inc-1  ·  as of 2026-03-02 10:04:00 UTC`,
	} {
		b, _ := json.Marshal(want)
		if !strings.Contains(v.Get("attachments"), strings.Trim(string(b), `"`)) {
			t.Errorf("the card lacks %q", want)
		}
	}
}

// answer is a Slack answer with an error code.
func answer(body string) notifytest.Answer {
	return func(_ *notifytest.Stub, w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

func refuse(code string) notifytest.Answer { return answer(`{"ok":false,"error":"` + code + `"}`) }

func TestBot_Errors_Classified(t *testing.T) {
	f := func(name string, a notifytest.Answer, wantRetry bool, want string) {
		t.Helper()
		s := notifytest.NewStub(t, posted)
		s.Behave(a)
		for _, th := range []notify.Thread{"", where} {
			_, err := bot(t, s.URL, nil).Send(t.Context(), notifytest.Message(1, incident.EventRaised), th)
			var r *notify.RetryError
			if err == nil || errors.As(err, &r) != wantRetry || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), token) {
				t.Errorf("%s: err = %v, want retry %v and %q", name, err, wantRetry, want)
			}
		}
	}
	for _, code := range []string{"ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"} {
		f(code, refuse(code), true, code)
	}
	f("invalid_auth", refuse("invalid_auth"), false, `slack answers "invalid_auth"; check the bot token`)
	f("channel_not_found", refuse("channel_not_found"), false, "invite the bot if it is private")
	f("not_in_channel", refuse("not_in_channel"), false, "invite the bot to the channel")
	f("is_archived", refuse("is_archived"), false, "choose another")
	f("missing_scope", answer(`{"ok":false,"error":"missing_scope","needed":"chat:write"}`), false, "needs the scope chat:write")
	f("unknown code", refuse("brand_new"), false, "brand_new")
	f("a page of a proxy", answer("<html>"), true, "not Slack's JSON")
	f("nothing", answer(""), true, "not Slack's JSON")
	f("half", answer(`{"ok":tr`), true, "not Slack's JSON")
	f("echo of the token", refuse("bad "+token), false, "<secret>")
}

func TestBot_MessageDeleted_PostsANewOne(t *testing.T) {
	f := func(quiet bool, code string, answers []notifytest.Answer, wantMethods ...string) {
		t.Helper()
		s := notifytest.NewStub(t, `{"ok":true,"channel":"C42","ts":"2.2"}`)
		s.Behave(answers...)
		m := notifytest.Message(3, incident.EventRaised)
		m.Quiet = quiet
		th, err := bot(t, s.URL, nil).Send(t.Context(), m, where)
		if err != nil {
			t.Errorf("%s: %v", code, err)
		}
		var got []string
		for _, c := range s.Calls() {
			got = append(got, strings.TrimPrefix(c.Path, "/api/chat."))
		}
		if diff := cmp.Diff(wantMethods, got); diff != "" {
			t.Errorf("%s: %s", code, diff)
		}
		if posted := !quiet && code != "edit_window_closed"; (th != where) != posted {
			t.Errorf("%s: thread = %s", code, th)
		}
	}
	gone := refuse("message_not_found")
	f(false, "message_not_found", []notifytest.Answer{gone, notifytest.OK}, "update", "postMessage")
	f(true, "message_not_found", []notifytest.Answer{gone}, "update")
	f(false, "thread_not_found", []notifytest.Answer{notifytest.OK, refuse("thread_not_found"), notifytest.OK}, "update", "postMessage", "postMessage")
	f(false, "edit_window_closed", []notifytest.Answer{refuse("edit_window_closed"), notifytest.OK}, "update", "postMessage")
}

func TestBot_LayoutRefused_SendsPlainText(t *testing.T) {
	s := notifytest.NewStub(t, posted)
	s.Behave(refuse("invalid_blocks"), notifytest.OK, refuse("msg_too_long"), notifytest.OK)
	c := bot(t, s.URL, nil)
	th, err := c.Send(t.Context(), notifytest.Message(1, incident.EventOpened), "")
	if err != nil || th != where {
		t.Fatalf("Send = %s, %v", th, err)
	}
	m := notifytest.Message(2, incident.EventAttached)
	m.Quiet = true
	if _, err := c.Send(t.Context(), m, th); err != nil {
		t.Fatal(err)
	}
	for i, wantBlocks := range []bool{true, false, true, false} {
		v := form(t, s.Calls()[i])
		if (v.Get("blocks") != "") != wantBlocks || v.Get("text") == "" {
			t.Errorf("call %d: blocks %q, text %q", i, v.Get("blocks"), v.Get("text"))
		}
	}
}

func TestBot_Quiet_WithoutMessageMakesNone(t *testing.T) {
	s := notifytest.NewStub(t, posted)
	m := notifytest.Message(1, incident.EventAttached)
	m.Quiet = true
	if th, err := bot(t, s.URL, nil).Send(t.Context(), m, ""); err != nil || th != "" || len(s.Calls()) != 0 {
		t.Errorf("Send = %q, %v with %d calls, want nothing", th, err, len(s.Calls()))
	}
}

func TestBot_AnswerWithoutPlace_IsNotPostedAgain(t *testing.T) {
	f := func(body string, want notify.Thread) {
		t.Helper()
		s := notifytest.NewStub(t, body)
		th, err := bot(t, s.URL, nil).Send(t.Context(), notifytest.Message(1, incident.EventOpened), "")
		if err != nil || th != want {
			t.Errorf("Send = %q, %v, want %q", th, err, want)
		}
	}
	f(`{"ok":true}`, "")
	f(`{"ok":true,"ts":"1.1"}`, `{"channel":"#ops","ts":"1.1"}`)
}

func TestIncoming_Message(t *testing.T) {
	s := notifytest.NewStub(t, "ok")
	c := incoming(t, s.URL, nil)
	if _, ok := c.(notify.Editor); ok {
		t.Error("an incoming webhook cannot edit")
	}
	if _, err := c.Send(t.Context(), notifytest.Message(1, incident.EventResolved), ""); err != nil {
		t.Fatal(err)
	}
	quiet := notifytest.Message(2, incident.EventHeld)
	quiet.Quiet = true
	if _, err := c.Send(t.Context(), quiet, ""); err != nil {
		t.Fatal(err)
	}
	calls := s.Calls()
	if len(calls) != 1 || calls[0].Path != hookID {
		t.Fatalf("calls = %+v", calls)
	}
	var v struct {
		Text        string
		Blocks      []map[string]any
		Attachments []struct{ Color string }
	}
	if err := json.Unmarshal(calls[0].Body, &v); err != nil {
		t.Fatal(err)
	}
	if v.Text != ":large_green_circle: resolved after 4m: checkout: error rate is high" || len(v.Blocks) != 1 || v.Attachments[0].Color != "#2EB67D" {
		t.Errorf("message = %+v", v)
	}
}

func TestNew_Refuses(t *testing.T) {
	for _, cfg := range []notify.SlackConfig{{}, {Token: "x"}, {Token: "x", Channel: "c", WebhookURL: "http://h"}} {
		if c, err := slack.New(slack.Options{Name: "s", Config: cfg}); err == nil || c != nil {
			t.Errorf("New(%v) = %v, %v, want an error", cfg, c, err)
		}
	}
}
