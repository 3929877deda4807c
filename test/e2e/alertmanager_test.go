//go:build linux

package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// hook is a receiver of webhooks.
type hook struct {
	*httptest.Server
	mu   sync.Mutex
	said []string // "status receiver alertname,alertname"
}

func newHook(t *testing.T) *hook {
	h := &hook{}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var m struct {
			Status, Receiver string
			Alerts           []struct {
				Status string
				Labels map[string]string
			}
		}
		if err := json.Unmarshal(body, &m); err != nil {
			t.Errorf("webhook: %v in %s", err, body)
			return
		}
		var names []string
		for _, a := range m.Alerts {
			names = append(names, a.Status[:1]+":"+a.Labels["alertname"])
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		h.said = append(h.said, m.Status+" "+m.Receiver+" "+strings.Join(names, ","))
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *hook) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.said...)
}

func (h *hook) hears(t *testing.T, want string) {
	t.Helper()
	eventually(t, 30*time.Second, "the receiver hears "+want, func() error {
		for _, s := range h.all() {
			if s == want {
				return nil
			}
		}
		return fmt.Errorf("it heard %q", h.all())
	})
}

const routes = `route:
  receiver: team
  group_by: [alertname]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 1h
  routes:
  - receiver: nobody
    matchers: [severity=info]
receivers:
- name: team
  webhook_configs: [{url: '%s/'}]
- name: nobody
`

// serveRoutes starts the daemon with routes to the receiver.
func serveRoutes(t *testing.T, h *hook) *daemon {
	t.Helper()
	return serve(t, "--config.file="+writeFile(t, t.TempDir(), "tocsin.yml", fmt.Sprintf(routes, h.URL)))
}

// Debian's amtool adds and lists alerts, makes, changes and ends silences, and
// shows and tests routes; a kill forgets nothing of it.
func TestAmtool_AlertsSilencesRoutes(t *testing.T) {
	bin := program(t, "amtool", "prometheus-alertmanager")
	h := newHook(t)
	d := serveRoutes(t, h)
	amtool := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(bin, append([]string{"--alertmanager.url=" + d.url}, args...)...)
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("amtool %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
		}
		return string(out)
	}
	amtool("alert", "add", "Down", "service=pay", "severity=critical", `--annotation=summary=it is down`)
	amtool("alert", "add", "Chatty", "severity=info")
	if out := amtool("alert", "query"); !strings.Contains(out, "it is down") || !strings.Contains(out, "active") {
		t.Errorf("alert query: %s", out)
	}
	h.hears(t, "firing team f:Down")
	id := strings.TrimSpace(amtool("silence", "add", "service=pay", "--comment=known", "--author=oncall", "--duration=1h"))
	d.kill()
	d.boot(t)
	if out := amtool("silence", "query"); !strings.Contains(out, id) || !strings.Contains(out, "known") {
		t.Errorf("silence query after a kill: %s", out)
	}
	if out := amtool("alert", "query", "-s", "alertname=Down"); !strings.Contains(out, "suppressed") {
		t.Errorf("alert query -s after a kill: %s", out)
	}
	amtool("silence", "update", "--duration=2h", id)
	amtool("silence", "expire", id)
	if out := amtool("silence", "query", "--expired"); !strings.Contains(out, id) {
		t.Errorf("silence query --expired: %s", out)
	}
	if out := amtool("config", "routes", "show"); !strings.Contains(out, `{severity="info"}  receiver: nobody`) {
		t.Errorf("routes show: %s", out)
	}
	if out := amtool("config", "routes", "test", "severity=info"); strings.TrimSpace(out) != "nobody" {
		t.Errorf("routes test: %s", out)
	}
	if out := amtool("check-config", d.args[0][len("--config.file="):]); !strings.Contains(out, "SUCCESS") {
		t.Errorf("check-config: %s", out)
	}
	// It was silenced and is no more, so that it is told again; the rest was not.
	for _, s := range h.all() {
		if s != "firing team f:Down" {
			t.Errorf("the receiver heard %q", s)
		}
	}
	if n := len(h.all()); n > 2 {
		t.Errorf("the receiver heard %d messages, want at most two", n)
	}
	// What was sent became incidents too.
	eventually(t, 20*time.Second, "an incident", func() error {
		_, body := d.try("GET", "/api/v1/tocsin/incidents", "", nil)
		if !strings.Contains(body, `"title":"pay: Down"`) && !strings.Contains(body, "it is down") {
			return fmt.Errorf("incidents: %s", body)
		}
		return nil
	})
}

// tocsin silence does what amtool silence does, and takes over what it exports.
func TestSilenceCommand(t *testing.T) {
	d := serve(t)
	run := func(wantCode int, args ...string) string {
		t.Helper()
		cmd := exec.Command(tocsin, append([]string{"silence"}, args...)...)
		cmd.Env = append(cmd.Environ(), "TOCSIN_URL="+d.url)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != wantCode {
			t.Fatalf("silence %v: got %d (%v), want %d\n%s", args, code, err, wantCode, out)
		}
		return string(out)
	}
	id := strings.TrimSpace(run(0, "add", "Down", `host=~"db-.*"`, "severity!=critical", "-d", "2h", "-a", "oncall", "-c", "moving house"))
	out := run(0, "query")
	for _, want := range []string{id, "active", `alertname="Down" host=~"db-.*" severity!="critical"`, "oncall", "moving house"} {
		if !strings.Contains(out, want) {
			t.Errorf("query lacks %s:\n%s", want, out)
		}
	}
	if out := run(0, "query", "-q", "Down"); strings.TrimSpace(out) != id {
		t.Errorf("query -q Down: %s", out)
	}
	file := writeFile(t, t.TempDir(), "silences.json", run(0, "query", "--json"))
	if out := run(0, "expire", id); !strings.Contains(out, "ended") {
		t.Errorf("expire: %s", out)
	}
	if out := run(0, "query"); out != "no silences\n" {
		t.Errorf("query: %s", out)
	}
	if out := run(0, "import", file); !strings.HasPrefix(out, "1 silences taken over") {
		t.Errorf("import: %s", out)
	}
	if out := run(0, "query", "--expired"); !strings.Contains(out, id) {
		t.Errorf("query --expired: %s", out)
	}
	run(1, "expire", "00000000-0000-4000-8000-000000000000")
	if out := run(1, "add", "a=~(", "-c", "x"); !strings.Contains(out, "want one such as service=pay") {
		t.Errorf("a wrong matcher: %s", out)
	}
	run(3, "add", "a=b")
}

// Debian's Prometheus sends the alerts of its own rules here, by its alerting
// section; their ends are told when the rule says so.
func TestPrometheus_AlertingSection_SendsHere(t *testing.T) {
	bin := program(t, "prometheus", "prometheus")
	h := newHook(t)
	d := serveRoutes(t, h)
	dir, address := t.TempDir(), freeAddress(t)
	rule := func(expr string) {
		t.Helper()
		writeFile(t, dir, "rules.yml", "groups:\n- name: g\n  interval: 1s\n  rules:\n  - alert: Always\n    expr: "+expr+"\n    labels: {service: pay}\n")
	}
	rule("vector(1)")
	file := writeFile(t, dir, "prometheus.yml", fmt.Sprintf("global: {evaluation_interval: 1s}\nrule_files: [rules.yml]\nalerting:\n  alertmanagers:\n  - path_prefix: /alertmanager\n    static_configs: [{targets: [%q]}]\n", d.address))
	p := start(t, bin, "--config.file="+file, "--storage.tsdb.path="+dir+"/data", "--web.listen-address="+address, "--web.enable-lifecycle", "--rules.alert.resend-delay=1s")
	waitFor(t, p, "http://"+address+"/-/ready")
	h.hears(t, "firing team f:Always")
	rule("vector(1) > 2")
	req, err := http.NewRequest("POST", "http://"+address+"/-/reload", nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, body := send(req); status != 200 {
		t.Fatalf("reload Prometheus: %d %s", status, body)
	}
	h.hears(t, "resolved team r:Always")
}

// A reload that is refused changes nothing, and one that is taken repeats nothing.
func TestAlertmanagerRoutes_ReloadWholeOrNotAtAll(t *testing.T) {
	h := newHook(t)
	d := serveRoutes(t, h)
	post := func() {
		t.Helper()
		if status, body := d.try("POST", "/api/v2/alerts", "application/json", strings.NewReader(`[{"labels":{"alertname":"Down"}}]`)); status != 200 {
			t.Fatalf("post: %d %s", status, body)
		}
	}
	post()
	h.hears(t, "firing team f:Down")
	file := d.args[0][len("--config.file="):]
	at := strings.LastIndexByte(file, '/')
	writeFile(t, file[:at], file[at+1:], strings.Replace(fmt.Sprintf(routes, h.URL), "receiver: team", "receiver: tema", 1))
	if status, body := d.try("POST", "/-/reload", "", nil); status == 200 || !strings.Contains(body, "tocsin.yml:2: route.receiver: undefined receiver") {
		t.Errorf("a wrong configuration: %d %s", status, body)
	}
	writeFile(t, file[:at], file[at+1:], fmt.Sprintf(routes, h.URL)+"inhibit_rules: [{source_matchers: [a=b], target_matchers: [c=d]}]\n")
	if status, body := d.try("POST", "/-/reload", "", nil); status != 200 {
		t.Errorf("a right one: %d %s", status, body)
	}
	post()
	// Another alert goes through its whole life meanwhile, which takes longer than
	// the group of the first would take to be told again.
	other := `[{"labels":{"alertname":"Other"}%s}]`
	d.try("POST", "/api/v2/alerts", "application/json", strings.NewReader(fmt.Sprintf(other, "")))
	h.hears(t, "firing team f:Other")
	d.try("POST", "/api/v2/alerts", "application/json", strings.NewReader(fmt.Sprintf(other, `,"endsAt":"`+time.Now().UTC().Format(time.RFC3339Nano)+`"`)))
	h.hears(t, "resolved team r:Other")
	if got := strings.Join(h.all(), "; "); strings.Count(got, "Down") != 1 {
		t.Errorf("the receiver heard %s, want Down once", got)
	}
	_, body := d.try("GET", "/api/v2/status", "", nil)
	if !strings.Contains(body, "inhibit_rules") {
		t.Errorf("status shows the old configuration: %s", body)
	}
}
