package cli_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/cmd/tocsin/cli"
	"github.com/tocsinhq/tocsin/web"
	"github.com/tocsinhq/tocsin/web/uitest"
)

// shop is a daemon's web surface over a shop with incidents.
func shop(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(uitest.NewServer(time.Now).Handler())
	t.Cleanup(s.Close)
	return "--url=" + s.URL
}

func incidents(t *testing.T, url string, args ...string) web.IncidentList {
	t.Helper()
	code, out, errs := run(append([]string{"incident", "list", "--json", url}, args...)...)
	var list web.IncidentList
	if err := json.Unmarshal([]byte(out), &list); code != cli.ExitOK || err != nil {
		t.Fatalf("got %d, %v\n%s\n%s", code, err, out, errs)
	}
	return list
}

func TestBudget_TableJSONAndNobody(t *testing.T) {
	url := shop(t)
	code, out, errs := run("budget", url)
	if code != cli.ExitOK || !strings.HasPrefix(out, "SERVICE ") || !strings.Contains(out, "checkout") || !strings.Contains(out, "+0.61") || !strings.Contains(out, "p95_latency") {
		t.Errorf("got %d\n%s\n%s", code, out, errs)
	}
	var list web.BudgetList
	if _, out, _ := run("budget", url, "--json", "--service=search"); json.Unmarshal([]byte(out), &list) != nil || len(list.Budgets) != 1 || list.Budgets[0].Series != 12 {
		t.Errorf("--json: got %s", out)
	}
	if _, out, _ := run("budget", url, "--service=nobody"); out != "service \"nobody\" has no series that are watched\n" {
		t.Errorf("nobody: got %q", out)
	}
}

func TestIncident_ListShowAckResolve(t *testing.T) {
	url := shop(t)
	open := incidents(t, url, "--state=open")
	if len(open.Incidents) == 0 {
		t.Fatal("the shop has no open incident")
	}
	inc := open.Incidents[0]
	code, out, errs := run("incident", "list", url)
	if code != cli.ExitOK || !strings.HasPrefix(out, "ID ") || !strings.Contains(out, inc.ID) || !strings.Contains(out, inc.Title) {
		t.Errorf("list: got %d\n%s\n%s", code, out, errs)
	}
	if _, out, _ := run("incident", "list", url, "--limit=1"); !strings.Contains(out, "--limit shows them") {
		t.Errorf("one of several: got\n%s", out)
	}
	if _, out, _ := run("incident", "list", url, "--service=nobody"); out != "no incidents\n" {
		t.Errorf("none: got %q", out)
	}
	code, out, errs = run("incident", "show", inc.ID, url)
	if code != cli.ExitOK {
		t.Fatalf("show: got %d\n%s", code, errs)
	}
	for _, want := range []string{inc.Title, "What is seen", "Suspects", " %  ", "Timeline", "Who was told"} {
		if !strings.Contains(out, want) {
			t.Errorf("show: got\n%s\nwant %q", out, want)
		}
	}
	var detail web.IncidentDetail
	if _, out, _ := run("incident", "show", inc.ID, url, "--json"); json.Unmarshal([]byte(out), &detail) != nil || detail.Incident.ID != inc.ID {
		t.Errorf("show --json: got %s", out)
	}
	if code, out, _ := run("incident", "ack", inc.ID, url, "--actor=oncall", "--note=looking"); code != cli.ExitOK || out != inc.ID+" is acknowledged\n" {
		t.Errorf("ack: got %d %q", code, out)
	}
	if _, out, _ := run("incident", "show", inc.ID, url); !strings.Contains(out, "oncall") || !strings.Contains(out, "looking") {
		t.Errorf("show after ack: got\n%s", out)
	}
	if code, out, _ := run("incident", "resolve", inc.ID, url, "--json"); code != cli.ExitOK || !strings.Contains(out, `"state": "resolved"`) {
		t.Errorf("resolve: got %d %s", code, out)
	}
	if _, out, _ := run("incident", "show", inc.ID, url); !strings.Contains(out, "\nresolved 2") {
		t.Errorf("show after resolve: got\n%s", out)
	}
	for _, verb := range []string{"show", "ack", "resolve"} {
		if code, out, errs := run("incident", verb, "no-such", url); code != cli.ExitFailed || out != "" || !strings.Contains(errs, "no-such") {
			t.Errorf("%s of an unknown incident: got %d %q %q", verb, code, out, errs)
		}
	}
}

func TestChange_RecordAndList(t *testing.T) {
	url := shop(t)
	record := func(more ...string) (int, string, string) {
		return run(append([]string{"change", "record", url, "--service=pay", "--version-from=v1", "--version-to=v2", "--id=r7", "--label=team=shop"}, more...)...)
	}
	if code, out, errs := record(); code != cli.ExitOK || !strings.HasPrefix(out, "recorded r7: ") {
		t.Errorf("record: got %d %q %s", code, out, errs)
	}
	if code, out, errs := record("--status=succeeded"); code != cli.ExitOK || !strings.HasPrefix(out, "updated r7: ") || !strings.Contains(out, "succeeded") {
		t.Errorf("record again: got %d %q %s", code, out, errs)
	}
	var r web.ChangeRecorded
	if _, out, _ := record("--json"); json.Unmarshal([]byte(out), &r) != nil || r.Change.ID != "r7" || r.Change.Labels["team"] != "shop" {
		t.Errorf("record --json: got %s", out)
	}
	if code, out, errs := run("change", "list", url, "--service=pay"); code != cli.ExitOK || !strings.Contains(out, "r7") || !strings.HasPrefix(out, "ID ") {
		t.Errorf("list: got %d\n%s\n%s", code, out, errs)
	}
	if _, out, _ := run("change", "list", url, "--service=nobody"); out != "no changes\n" {
		t.Errorf("none: got %q", out)
	}
	var list web.ChangeList
	if _, out, _ := run("change", "list", url, "--json"); json.Unmarshal([]byte(out), &list) != nil || len(list.Changes) == 0 {
		t.Errorf("list --json: got %s", out)
	}
}

// What senders put into names must not steer the terminal of who reads it.
func TestIncident_ControlCharacters_AreNotPrinted(t *testing.T) {
	const evil = `a\u001b[2Jb\u009bc\r\nd\t`
	answer := func(w http.ResponseWriter, body string) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, strings.ReplaceAll(body, "EVIL", evil))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/tocsin/incidents", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `{"incidents":[{"id":"EVIL","state":"EVIL","severity":"EVIL","service":"EVIL","title":"EVIL","top_suspect":{"title":"EVIL","probability":0.5}}]}`)
	})
	mux.HandleFunc("/api/v1/tocsin/incidents/{id}", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `{"incident":{"id":"EVIL","state":"EVIL","severity":"EVIL","service":"EVIL","title":"EVIL","occurrences":[{"condition":"EVIL","summary":"EVIL"}]},
			"ranking":{"findings":[{"title":"EVIL","terms":[{"name":"EVIL","text":"EVIL"}],"evidence":[{"signal":"EVIL","unit":"EVIL"}]}]},
			"events":[{"kind":"EVIL","text":"EVIL","actor":"EVIL"}],"deliveries":[{"channel":"EVIL","event":"EVIL","state":"EVIL","error":"EVIL"}]}`)
	})
	mux.HandleFunc("/api/v1/tocsin/incidents/{id}/ack", func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"id":"EVIL","state":"EVIL"}`) })
	mux.HandleFunc("GET /api/v1/tocsin/changes", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `{"changes":[{"id":"EVIL","kind":"EVIL","service":"EVIL","status":"EVIL","version_to":"EVIL","author":"EVIL"}]}`)
	})
	mux.HandleFunc("POST /api/v1/tocsin/changes", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, `{"created":true,"change":{"id":"EVIL","kind":"EVIL","service":"EVIL","status":"EVIL"}}`)
	})
	mux.HandleFunc("POST /api/v1/tocsin/incidents/{id}/resolve", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(400)
		answer(w, `{"error":"EVIL"}`)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	for _, args := range [][]string{
		{"incident", "list"}, {"incident", "show", "x"}, {"incident", "ack", "x"}, {"incident", "resolve", "x"}, {"change", "list"}, {"change", "record", "--service=x"},
	} {
		_, out, errs := run(append(args, "--url="+s.URL)...)
		if !strings.Contains(out+errs, "[2J") {
			t.Errorf("%q: the answer is not shown: %q %q", args, out, errs)
		}
		for _, r := range out + errs {
			if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 {
				t.Errorf("%q: control character %U reaches the terminal in %q", args, r, out+errs)
				break
			}
		}
		if strings.Contains(out, "\nd") {
			t.Errorf("%q: a line break from outside makes a line: %q", args, out+errs)
		}
	}
}
