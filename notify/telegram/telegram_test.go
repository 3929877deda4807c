package telegram_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/sample"
	"github.com/tocsinhq/tocsin/notify/telegram"
)

const (
	token = "123456:secret-token-of-the-bot"
	made  = `{"ok":true,"result":{"message_id":77,"date":1}}`
)

func channel(t *testing.T, url string, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := telegram.New(telegram.Options{Name: "tg", Now: now, Config: notify.TelegramConfig{Token: token, ChatID: "-100200", Topic: 3, APIURL: url}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTelegram_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, notifytest.NewStub(t, made).URL, nil) })
	notifytest.HTTP(t, notifytest.HTTPCase{OK: made, Make: channel, Secrets: []string{token, "secret-token-of-the-bot"}})
}

// call is a call of the Bot API: its method and fields, files by their size.
func call(t *testing.T, c notifytest.Call) (string, map[string]string) {
	t.Helper()
	fields := map[string]string{}
	_, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(bytes.NewReader(c.Body), params["boundary"])
	for {
		p, err := r.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(p)
		if p.FileName() != "" {
			if !bytes.HasPrefix(b, []byte("\x89PNG")) {
				t.Errorf("file %s is no picture", p.FileName())
			}
			b = []byte("a picture")
		}
		fields[p.FormName()] = string(b)
	}
	return strings.TrimPrefix(c.Path, "/bot"+token+"/"), fields
}

func TestTelegram_Life_PhotoEditedAndReplies(t *testing.T) {
	s := notifytest.NewStub(t, made)
	quiet := notifytest.Sample(incident.EventAttached)
	quiet.Quiet, quiet.Key = true, "inc-1/9"
	notifytest.Life(t, channel(t, s.URL, nil), notifytest.Sample(incident.EventOpened), quiet, notifytest.Sample(incident.EventResolved))
	var got []string
	for _, c := range s.Calls() {
		method, f := call(t, c)
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s chat=%s topic=%s id=%s %s %s", method, f["chat_id"], f["message_thread_id"], f["message_id"], f["photo"], f["reply_parameters"])))
	}
	want := []string{
		"sendPhoto chat=-100200 topic=3 id= a picture",
		"editMessageMedia chat=-100200 topic= id=77 a picture",
		"editMessageMedia chat=-100200 topic= id=77 a picture",
		`sendMessage chat=-100200 topic=3 id=  {"message_id":77,"allow_sending_without_reply":true}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, f := call(t, s.Calls()[0])
	for _, want := range []string{"🔴 <b>checkout: error rate is high</b>", "<b>Expected</b>: 0.8% (0.3% to 1.9%)", `<a href="https://tocsin.example.com/incidents/inc-1">Incident</a>`, "<b>Suspects</b>"} {
		if !strings.Contains(f["caption"], want) {
			t.Errorf("caption lacks %q: %s", want, f["caption"])
		}
	}
}

func TestTelegram_WithoutChart_IsAText(t *testing.T) {
	s := notifytest.NewStub(t, made)
	opened, raised := notifytest.Sample(incident.EventOpened), notifytest.Sample(incident.EventRaised)
	opened.Chart, raised.Chart = nil, nil
	notifytest.Life(t, channel(t, s.URL, nil), opened, raised, sample.Group("first", sample.Options{Onset: notifytest.Onset}))
	var got []string
	for _, c := range s.Calls() {
		method, _ := call(t, c)
		got = append(got, method)
	}
	if diff := cmp.Diff([]string{"sendMessage", "editMessageText", "sendMessage", "editMessageText", "sendMessage"}, got); diff != "" {
		t.Error(diff)
	}
}

var tags = regexp.MustCompile(`</?(b|i|a|code)( href="[^"<>]*")?>`)

func TestTelegram_Limits_HoldForHostileMessages(t *testing.T) {
	for name, m := range notifytest.Hostile() {
		for _, picture := range []bool{true, false} {
			if !picture {
				m.Chart = nil
			}
			s := notifytest.NewStub(t, made)
			notifytest.Life(t, channel(t, s.URL, nil), m)
			_, f := call(t, s.Calls()[0])
			text, most := f["text"], 4096
			if f["photo"] != "" {
				text, most = f["caption"], 1024
			}
			if n := len(utf16.Encode([]rune(text))); n > most || n == 0 {
				t.Errorf("%s: %d units, at most %d", name, n, most)
			}
			if strings.ContainsAny(tags.ReplaceAllString(text, ""), "<>") {
				t.Errorf("%s: markup from outside: %q", name, text)
			}
		}
	}
}

func answer(status int, text string) notifytest.Answer {
	return func(_ *notifytest.Stub, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func refused(words string) notifytest.Answer {
	b, _ := json.Marshal(map[string]any{"ok": false, "error_code": 400, "description": "Bad Request: " + words})
	return answer(400, string(b))
}

func TestTelegram_Edits_ThatAreRefused(t *testing.T) {
	const th = `{"id":5,"photo":true}`
	f := func(name, words string, wantCalls int, wantThread string) {
		t.Helper()
		s := notifytest.NewStub(t, made)
		s.Behave(refused(words), notifytest.OK)
		got, err := channel(t, s.URL, nil).Send(t.Context(), notifytest.Sample(incident.EventRaised), th)
		if err != nil || len(s.Calls()) != wantCalls || !strings.Contains(string(got), wantThread) {
			t.Errorf("%s: Send = %q, %v with %d calls", name, got, err, len(s.Calls()))
		}
	}
	f("nothing new", "message is not modified: specified new message content and reply markup are exactly the same", 2, `"id":5`)
	f("deleted", "message to edit not found", 2, `"id":77`)
	s := notifytest.NewStub(t, made)
	s.Behave(refused("chat not found"))
	if _, err := channel(t, s.URL, nil).Send(t.Context(), notifytest.Sample(incident.EventRaised), th); err == nil || !strings.Contains(err.Error(), "chat not found") {
		t.Errorf("err = %v", err)
	}
	s.Behave(answer(429, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 9","parameters":{"retry_after":9}}`))
	var r *notify.RetryError
	if _, err := channel(t, s.URL, nil).Send(t.Context(), notifytest.Sample(incident.EventRaised), th); !errors.As(err, &r) || r.After != 9*time.Second {
		t.Errorf("429: err = %v", err)
	}
	s.Behave(answer(200, `{"ok":false,"description":"no"}`))
	if _, err := channel(t, s.URL, nil).Send(t.Context(), notifytest.Sample(incident.EventRaised), th); err == nil || errors.As(err, &r) && r.After == 0 {
		t.Errorf("not ok: err = %v", err)
	}
}
