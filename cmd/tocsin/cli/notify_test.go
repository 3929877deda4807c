package cli_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
)

func TestNotifyPreview_EverySortAndEvent(t *testing.T) {
	for _, event := range []string{"opened", "raised", "reopened", "resolved", "acknowledged", "suspects", "note"} {
		code, out, errs := run("notify", "preview", "--event", event)
		if code != cli.ExitOK {
			t.Fatalf("%s: %d %s", event, code, errs)
		}
		for _, sort := range []string{"slack", "slack-webhook", "pagerduty", "opsgenie", "email", "jira", "github", "teams", "discord", "telegram", "webhook", "console"} {
			if !strings.Contains(out, "== "+sort+": ") {
				t.Errorf("%s: nothing of %s", event, sort)
			}
		}
		if strings.Contains(out, "xoxb-") {
			t.Errorf("%s: a preview shows a credential", event)
		}
	}
	if code, out, _ := run("notify", "preview", "--channel", "slack", "--group", "first"); code != cli.ExitOK || !strings.Contains(out, "2 firing, 1 resolved: HighErrorRate") {
		t.Errorf("group: %d %s", code, out)
	}
	if code, _, errs := run("notify", "preview", "--channel", "pigeon"); code != cli.ExitFailed || !strings.Contains(errs, `got "pigeon"; there are slack, slack-webhook, pagerduty`) {
		t.Errorf("unknown channel: %d %s", code, errs)
	}
}

func TestNotifyPreview_Files(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "tocsin.yml")
	text := "notify:\n  channels:\n    - name: mail\n      email: {host: smtp.example.com, from: a@example.com, to: [b@example.com]}\n    - name: log\n      console: {}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := run("notify", "preview", "--config.file", config, "--channel", "email", "--out", filepath.Join(dir, "out"))
	if code != cli.ExitOK {
		t.Fatal(errs)
	}
	for name, begins := range map[string]string{"mail.txt": "opened (critical): ", "mail.html": "<!DOCTYPE html>", "chart.png": "\x89PNG", "mail.eml": ""} {
		b, err := os.ReadFile(filepath.Join(dir, "out", "mail", name))
		if err != nil || !bytes.HasPrefix(b, []byte(begins)) || len(b) == 0 || !strings.Contains(out, name) {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
	if html, _ := os.ReadFile(filepath.Join(dir, "out", "mail", "mail.html")); !bytes.Contains(html, []byte(`src="chart.png"`)) {
		t.Error("the HTML does not show the picture beside it")
	}
}

func TestNotifyPreview_IncidentOfADaemon(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/incidents/01X"):
			fmt.Fprint(w, `{"incident":{"id":"01X","service":"pay","title":"queue is deep","state":"open","severity":"critical","onset":"2026-03-02T10:00:00Z","opened":"2026-03-02T10:00:00Z","updated":"2026-03-02T10:01:00Z",
				"occurrences":[{"key":"a","source":"alert","name":"QueueDeep","service":"pay","condition":"firing","query":"queue_depth","value":400,"expected":null,"threshold":250}]},
				"events":[{"seq":1,"incident":"01X","kind":"opened","at":"2026-03-02T10:01:00Z","text":"the queue is deep"},{"seq":2,"incident":"01X","kind":"notified","at":"2026-03-02T10:02:00Z"}],
				"ranking":null,"changes":[],"deliveries":[{"channel":"slack"}]}`)
		case strings.HasSuffix(r.URL.Path, "/band"):
			if q := r.URL.Query(); q.Get("query") != "queue_depth" || q.Get("end") != "2026-03-02T10:01:00Z" {
				t.Errorf("band of %v", q)
			}
			fmt.Fprint(w, `{"series":{},"unit":"","points":[[1772443800000,100,100,90,110,0],[1772444400000,101,100,90,110,0],[1772445660000,400,100,90,110,1]]}`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	code, out, errs := run("notify", "preview", "--url", s.URL, "--incident", "01X", "--channel", "webhook")
	if code != cli.ExitOK {
		t.Fatal(errs)
	}
	_, body, _ := strings.Cut(out, "body.json\n")
	var v struct {
		Title string
		Told  []string
		Chart struct{ Times []int64 }
	}
	if err := json.Unmarshal([]byte(body), &v); err != nil || v.Title != "pay: queue is deep" || len(v.Chart.Times) != 3 || len(v.Told) != 1 {
		t.Errorf("%v: %s", err, body)
	}
	if code, _, errs := run("notify", "preview", "--url", s.URL, "--incident", "01X", "--event", "resolved"); code != cli.ExitFailed || !strings.Contains(errs, `has no event "resolved"`) {
		t.Errorf("no such event: %d %s", code, errs)
	}
}

func TestNotifyTest_SendsOne(t *testing.T) {
	var bodies []string
	status := http.StatusOK
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var v struct{ Title, Key string }
		_ = json.NewDecoder(r.Body).Decode(&v)
		bodies = append(bodies, v.Title)
		w.WriteHeader(status)
	}))
	defer s.Close()
	config := filepath.Join(t.TempDir(), "tocsin.yml")
	text := "notify:\n  channels:\n    - name: hook\n      webhook: {url: " + s.URL + "/secret-path-1}\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := run("notify", "test", "hook", "--config.file", config, "--resolve")
	if code != cli.ExitOK || !strings.Contains(out, "hook: opened was taken in ") || !strings.Contains(out, "hook: resolved was taken in ") {
		t.Errorf("%d %s %s", code, out, errs)
	}
	if len(bodies) != 2 || bodies[0] != "tocsin-test: this is a test, nothing is wrong" {
		t.Errorf("bodies = %q", bodies)
	}
	status = http.StatusForbidden
	if code, _, errs := run("notify", "test", "hook", "--config.file", config); code != cli.ExitFailed || !strings.Contains(errs, "hook: post to the webhook: answered 403 (a daemon would not try again)") {
		t.Errorf("refused: %d %s", code, errs)
	}
	if code, _, errs := run("notify", "test", "webhook", "--config.file", config); code != cli.ExitFailed || !strings.Contains(errs, `got "webhook"; there are hook`) {
		t.Errorf("unknown: %d %s", code, errs)
	}
}
