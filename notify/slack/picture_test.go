package slack_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/notify"
	"github.com/tocsinhq/tocsin/notify/notifytest"
	"github.com/tocsinhq/tocsin/notify/sample"
	"github.com/tocsinhq/tocsin/notify/slack"
)

// workspace is the Web API as far as a bot uses it: it checks what Slack checks, and
// may refuse files.
type workspace struct {
	*httptest.Server
	mu       sync.Mutex
	calls    []string
	last     url.Values
	files    map[string]bool // completed
	uploaded int
	noFiles  string // the error of files.getUploadURLExternal
	noBlocks int    // so many messages with a picture are refused
}

func newWorkspace(t *testing.T) *workspace {
	w := &workspace{files: map[string]bool{}}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

func (w *workspace) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	say := func(format string, args ...any) { fmt.Fprintf(rw, format, args...) }
	if strings.HasPrefix(r.URL.Path, "/upload/") {
		f, _, err := r.FormFile("file")
		if err != nil {
			rw.WriteHeader(400)
			return
		}
		if b, _ := io.ReadAll(f); bytes.HasPrefix(b, []byte("\x89PNG")) {
			w.uploaded++
		}
		say("OK - 1")
		return
	}
	_ = r.ParseForm()
	method := strings.TrimPrefix(r.URL.Path, "/api/")
	v := r.PostForm
	w.last = v
	picture := ""
	for id := range w.files {
		if strings.Contains(v.Get("attachments"), `"slack_file":{"id":"`+id+`"}`) {
			picture = " with " + id
		}
	}
	if strings.Contains(v.Get("attachments"), `"image_url"`) {
		picture = " with an address"
	}
	w.calls = append(w.calls, method+picture)
	switch method {
	case "files.getUploadURLExternal":
		if w.noFiles != "" {
			say(`{"ok":false,"error":%q}`, w.noFiles)
			return
		}
		say(`{"ok":true,"upload_url":"%s/upload/v1/abc","file_id":"F%d"}`, w.URL, len(w.files)+1)
	case "files.completeUploadExternal":
		var fs []struct{ ID, Title string }
		_ = json.Unmarshal([]byte(v.Get("files")), &fs)
		w.files[fs[0].ID] = true
		say(`{"ok":true,"files":[{"id":%q,"title":%q}]}`, fs[0].ID, fs[0].Title)
	case "chat.postMessage", "chat.update":
		if picture != "" && w.noBlocks > 0 {
			w.noBlocks--
			say(`{"ok":false,"error":"invalid_attachments"}`)
			return
		}
		say(posted)
	default:
		say(`{"ok":false,"error":"unknown_method"}`)
	}
}

func TestBot_Picture_IsUploadedAndShown(t *testing.T) {
	w := newWorkspace(t)
	quiet := notifytest.Sample(incident.EventAttached)
	quiet.Quiet = true
	th := notifytest.Life(t, bot(t, w.URL, nil), notifytest.Sample(incident.EventOpened), quiet, notifytest.Sample(incident.EventResolved))
	upload := []string{"files.getUploadURLExternal", "files.completeUploadExternal"}
	want := append(append(append([]string{}, upload...), "chat.postMessage with F1", "chat.update with F1"), append(upload, "chat.update with F2", "chat.postMessage")...)
	if diff := cmp.Diff(want, w.calls); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(string(th), `"file":"F2"`) || w.uploaded != 2 {
		t.Errorf("thread = %s, %d files", th, w.uploaded)
	}
}

func TestBot_Picture_IsNeverInTheWay(t *testing.T) {
	f := func(name string, change func(w *workspace, m *notify.Message), want ...string) {
		t.Helper()
		w := newWorkspace(t)
		m := notifytest.Sample(incident.EventOpened)
		change(w, &m)
		notifytest.Life(t, bot(t, w.URL, nil), m)
		if diff := cmp.Diff(want, w.calls); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	f("no scope", func(w *workspace, m *notify.Message) { w.noFiles = "missing_scope" }, "files.getUploadURLExternal", "chat.postMessage")
	f("no scope, but an address", func(w *workspace, m *notify.Message) {
		w.noFiles, m.ChartURL = "missing_scope", "https://t.example.com/c.png"
	},
		"files.getUploadURLExternal", "chat.postMessage with an address")
	f("picture refused", func(w *workspace, m *notify.Message) { w.noBlocks = 1 },
		"files.getUploadURLExternal", "files.completeUploadExternal", "chat.postMessage with F1", "chat.postMessage")
}

func TestBot_NoFiles_UploadsNone(t *testing.T) {
	w := newWorkspace(t)
	c, err := slack.New(slack.Options{Name: "slack", Config: notify.SlackConfig{Token: token, Channel: "#ops", APIURL: w.URL + "/api", NoFiles: true}})
	if err != nil {
		t.Fatal(err)
	}
	notifytest.Life(t, c, notifytest.Sample(incident.EventOpened))
	if diff := cmp.Diff([]string{"chat.postMessage"}, w.calls); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(w.last.Get("attachments"), "▁") {
		t.Error("without a picture the card has the row of blocks")
	}
}

func TestBot_Buttons(t *testing.T) {
	buttons := func(m notify.Message, cfg notify.SlackConfig, silences bool) string {
		t.Helper()
		w := newWorkspace(t)
		cfg.Token, cfg.Channel, cfg.APIURL, cfg.NoFiles = token, "#ops", w.URL+"/api", true
		c, err := slack.New(slack.Options{Name: "slack", Config: cfg, Silences: silences})
		if err != nil {
			t.Fatal(err)
		}
		notifytest.Life(t, c, m)
		var atts []struct {
			Blocks []struct {
				Type     string
				Elements []json.RawMessage
			}
		}
		if err := json.Unmarshal([]byte(w.last.Get("attachments")), &atts); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, b := range atts[0].Blocks {
			for _, raw := range b.Elements {
				var e struct {
					ActionID string `json:"action_id"`
					Value    string
				}
				if b.Type == "actions" && json.Unmarshal(raw, &e) == nil {
					out = append(out, e.ActionID+"="+e.Value)
				}
			}
		}
		return strings.Join(out, " ")
	}
	signed, socket := notify.SlackConfig{SigningSecret: "s"}, notify.SlackConfig{AppToken: "xapp-1"}
	f := func(name string, m notify.Message, cfg notify.SlackConfig, silences bool, want string) {
		t.Helper()
		if got := buttons(m, cfg, silences); got != want {
			t.Errorf("%s: buttons = %q, want %q", name, got, want)
		}
	}
	open := notifytest.Sample(incident.EventOpened)
	f("nobody would hear of a press", open, notify.SlackConfig{}, true, "")
	f("signed", open, signed, true, "tocsin_acknowledge=inc-1 tocsin_silence=inc-1 tocsin_false_alarm=inc-1 tocsin_right_cause=inc-1 c1 tocsin_wrong_cause=inc-1 c1")
	f("Socket Mode, no silences", open, socket, false, "tocsin_acknowledge=inc-1 tocsin_false_alarm=inc-1 tocsin_right_cause=inc-1 c1 tocsin_wrong_cause=inc-1 c1")
	f("acknowledged", notifytest.Sample(incident.EventAcked), signed, false, "tocsin_false_alarm=inc-1 tocsin_right_cause=inc-1 c1 tocsin_wrong_cause=inc-1 c1")
	f("resolved", notifytest.Sample(incident.EventResolved), signed, true, "")
	f("group", sample.Group("first", sample.Options{Onset: notifytest.Onset}), signed, true, "")
}

func TestBot_Group(t *testing.T) {
	w := newWorkspace(t)
	o := sample.Options{Onset: notifytest.Onset}
	notifytest.Life(t, bot(t, w.URL, nil), sample.Group("first", o), sample.Group("resolved", o))
	if diff := cmp.Diff([]string{"chat.postMessage", "chat.update", "chat.postMessage"}, w.calls); diff != "" {
		t.Error(diff)
	}
	if got := w.last.Get("text"); !strings.HasPrefix(got, ":large_green_circle: *resolved: HighErrorRate*\n• checkout-1 answers") || w.last.Get("thread_ts") == "" {
		t.Errorf("reply = %q", got)
	}
}

func TestIncoming_Picture_FallsBack(t *testing.T) {
	s := notifytest.NewStub(t, "ok")
	m := notifytest.Sample(incident.EventOpened)
	m.ChartURL = "https://t.example.com/c.png"
	notifytest.Life(t, incoming(t, s.URL, nil), m)
	if c := s.Calls(); len(c) != 1 || !strings.Contains(string(c[0].Body), `"image_url":"https://t.example.com/c.png"`) {
		t.Errorf("calls = %s", c[0].Body)
	}
	s.Behave(notifytest.Status(400, ""), notifytest.OK) // Slack could not fetch it
	notifytest.Life(t, incoming(t, s.URL, nil), m)
	c := s.Calls()
	if len(c) != 3 || strings.Contains(string(c[2].Body), "image_url") || !strings.Contains(string(c[2].Body), "▁") {
		t.Errorf("%d calls, the last %s", len(c), c[len(c)-1].Body)
	}
	if _, err := slack.New(slack.Options{Name: "s", Config: notify.SlackConfig{WebhookURL: yamldoc.Secret(s.URL)}}); err != nil {
		t.Error(err)
	}
}
