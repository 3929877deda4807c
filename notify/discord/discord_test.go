package discord_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/discord"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/sample"
)

const (
	hook = "/api/webhooks/1234567890/secret-token-of-the-webhook"
	made = `{"id":"1100000000000000001","channel_id":"7","content":""}`
)

func channel(t *testing.T, url string, now func() time.Time) notify.Channel {
	t.Helper()
	c, err := discord.New(discord.Options{Name: "dc", Now: now, Config: notify.DiscordConfig{WebhookURL: yamldoc.Secret(url + hook)}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDiscord_Conformance(t *testing.T) {
	notifytest.Channel(t, func(t *testing.T) notify.Channel { return channel(t, notifytest.NewStub(t, made).URL, nil) })
	notifytest.HTTP(t, notifytest.HTTPCase{OK: made, Make: channel, Secrets: []string{hook, "secret-token-of-the-webhook"}})
}

// body is what a request carries.
type body struct {
	Content string
	Embeds  []struct {
		Title, Description, URL string
		Color                   int
		Fields                  []struct{ Name, Value string }
		Image                   struct{ URL string }
		Footer                  struct{ Text string }
	}
	Attachments []struct{ Filename string }
	Mentions    struct{ Parse []string } `json:"allowed_mentions"`

	pictures int
}

func read(t *testing.T, c notifytest.Call) body {
	t.Helper()
	var out body
	kind, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	raw := c.Body
	if kind == "multipart/form-data" {
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
			switch p.FormName() {
			case "payload_json":
				raw = b
			case "files[0]":
				if p.FileName() != "chart.png" || !bytes.HasPrefix(b, []byte("\x89PNG")) {
					t.Errorf("file %q of %d bytes", p.FileName(), len(b))
				}
				out.pictures++
			}
		}
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDiscord_Life_OneMessageEdited(t *testing.T) {
	s := notifytest.NewStub(t, made)
	quiet := notifytest.Sample(incident.EventAttached)
	quiet.Quiet, quiet.Key = true, "inc-1/9"
	notifytest.Life(t, channel(t, s.URL, nil),
		notifytest.Sample(incident.EventOpened), quiet, notifytest.Sample(incident.EventAcked), notifytest.Sample(incident.EventResolved))
	var got []string
	for _, c := range s.Calls() {
		b := read(t, c)
		if b.Mentions.Parse == nil || len(b.Mentions.Parse) != 0 {
			t.Errorf("allowed_mentions = %+v, want nobody", b.Mentions)
		}
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %d pictures %s", strings.TrimPrefix(c.Path, hook), b.pictures, b.Content)))
	}
	want := []string{
		"1 pictures",
		"/messages/1100000000000000001 1 pictures", "/messages/1100000000000000001 1 pictures", "/messages/1100000000000000001 1 pictures",
		`0 pictures 🟢 resolved after 22m, worst error\_rate 18%: checkout: error rate is high`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDiscord_Embed(t *testing.T) {
	s := notifytest.NewStub(t, made)
	m := notifytest.Sample(incident.EventOpened)
	m.Incident.Title = "@everyone **down** <@&1> `x`"
	notifytest.Life(t, channel(t, s.URL, nil), m)
	e := read(t, s.Calls()[0]).Embeds[0]
	if strings.Contains(e.Title, "@e") || strings.Contains(e.Title, "**") || strings.Contains(e.Title, "<@") && !strings.Contains(e.Title, `\<`) {
		t.Errorf("title = %q", e.Title)
	}
	if e.Color != 0xD7263D || e.Image.URL != "attachment://chart.png" || e.URL != "https://tocsin.example.com/incidents/inc-1" ||
		!strings.Contains(e.Footer.Text, "told: slack, pagerduty; not muted: no silence, no window") {
		t.Errorf("embed = %+v", e)
	}
	var names []string
	for _, f := range e.Fields {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"Service", "Environment", "State", "Since", "Value", "Expected", "What is odd", "Suspects", "Links"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestDiscord_Limits_HoldForHostileMessages(t *testing.T) {
	for name, m := range notifytest.Hostile() {
		s := notifytest.NewStub(t, made)
		notifytest.Life(t, channel(t, s.URL, nil), m)
		e := read(t, s.Calls()[0]).Embeds[0]
		total := utf8.RuneCountInString(e.Title + e.Description + e.Footer.Text)
		if utf8.RuneCountInString(e.Title) > 256 || e.Title == "" || utf8.RuneCountInString(e.Description) > 4096 || len(e.Fields) > 25 {
			t.Errorf("%s: title %d, description %d, %d fields", name, utf8.RuneCountInString(e.Title), utf8.RuneCountInString(e.Description), len(e.Fields))
		}
		for _, f := range e.Fields {
			total += utf8.RuneCountInString(f.Name + f.Value)
			if f.Name == "" || f.Value == "" || utf8.RuneCountInString(f.Name) > 256 || utf8.RuneCountInString(f.Value) > 1024 {
				t.Errorf("%s: field %q of %d", name, f.Name, utf8.RuneCountInString(f.Value))
			}
		}
		if total > 6000 {
			t.Errorf("%s: %d characters in all", name, total)
		}
	}
}

func answer(status int, text string) notifytest.Answer {
	return func(_ *notifytest.Stub, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func TestDiscord_MessageDeleted_IsPostedAnew(t *testing.T) {
	s := notifytest.NewStub(t, made)
	s.Behave(answer(404, `{"message":"Unknown Message","code":10008}`), notifytest.OK)
	th, err := channel(t, s.URL, nil).Send(t.Context(), notifytest.Sample(incident.EventRaised), `{"id":"5"}`)
	if err != nil || !strings.Contains(string(th), "1100000000000000001") || len(s.Calls()) != 2 {
		t.Errorf("Send = %q, %v with %d calls", th, err, len(s.Calls()))
	}
	// The webhook itself is gone: nothing can be posted.
	s.Behave(answer(404, `{"message":"Unknown Webhook","code":10015}`))
	if _, err := channel(t, s.URL, nil).Send(t.Context(), notifytest.Sample(incident.EventRaised), `{"id":"5"}`); err == nil {
		t.Error("unknown webhook: want an error")
	}
}

func TestDiscord_LineFails_MessageIsNotEditedAgain(t *testing.T) {
	s := notifytest.NewStub(t, made)
	s.Behave(notifytest.OK, answer(429, `{"message":"You are being rate limited.","retry_after":1.5,"global":false}`), notifytest.OK)
	c := channel(t, s.URL, nil)
	m := notifytest.Sample(incident.EventResolved)
	th, err := c.Send(t.Context(), m, `{"id":"5"}`)
	var r *notify.RetryError
	if !errors.As(err, &r) || r.After != 1500*time.Millisecond {
		t.Fatalf("Send = %v, want one that asks to wait 1.5 s", err)
	}
	if _, err := c.Send(t.Context(), m, th); err != nil || len(s.Calls()) != 3 {
		t.Errorf("Send = %v with %d calls, want 3", err, len(s.Calls()))
	}
}

func TestDiscord_Group(t *testing.T) {
	s := notifytest.NewStub(t, made)
	notifytest.Life(t, channel(t, s.URL, nil), sample.Group("first", sample.Options{Onset: notifytest.Onset}), sample.Group("resolved", sample.Options{Onset: notifytest.Onset}))
	calls := s.Calls()
	if len(calls) != 3 {
		t.Fatalf("%d calls, want the message, its edit and a line", len(calls))
	}
	if e := read(t, calls[0]).Embeds[0]; e.Title != "🔴 HighErrorRate" || !strings.Contains(e.Description, "2 firing, 1 resolved") {
		t.Errorf("embed = %+v", e)
	}
	if b := read(t, calls[2]); b.Content != "🟢 resolved: HighErrorRate" {
		t.Errorf("line = %q", b.Content)
	}
}
