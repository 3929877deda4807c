package changes_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/changes"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/sentrycli"
	"github.com/tocsinhq/tocsin/store"
	"github.com/tocsinhq/tocsin/telemetry"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// rig is a handler over a feed that only remembers ids.
type rig struct {
	t       *testing.T
	handler *changes.Handler
	set     *metrics.Set
	stored  []telemetry.Change
	fail    error
	mux     *http.ServeMux
}

var errInvalid = errors.New("service: want the name of the service")

func newRig(t *testing.T, c changes.Config) *rig {
	r := &rig{t: t, set: metrics.NewSet(), mux: http.NewServeMux()}
	db, err := store.OpenState(t.Context(), t.TempDir()+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	config := ingest.DefaultConfig()
	config.MaxBody, config.MaxDecoded = 64<<10, 64<<10
	r.handler = changes.NewHandler(changes.Options{
		Options: ingest.Options{Config: config, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Metrics: r.set, Now: func() time.Time { return noon }},
		Config:  c, Record: r.record, Releases: sentrycli.NewReleases(db),
		Known:   func(_ context.Context, id string) (bool, error) { return r.find(id) >= 0, nil },
		Invalid: func(err error) bool { return errors.Is(err, errInvalid) },
	})
	r.mux.Handle("POST /hooks/{provider}", r.handler)
	return r
}

func (r *rig) record(_ context.Context, c telemetry.Change) (telemetry.Change, bool, error) {
	if r.fail != nil {
		return c, false, r.fail
	}
	if c.Service == "" {
		return c, false, errInvalid
	}
	created := r.find(c.ID) < 0
	r.stored = append(r.stored, c)
	return c, created, nil
}

func (r *rig) find(id string) int {
	for i, c := range r.stored {
		if c.ID == id {
			return i
		}
	}
	return -1
}

// post sends a body with headers "Name: value" and returns the status and the answer.
func (r *rig) post(provider, body string, headers ...string) (int, changes.Answer, string) {
	r.t.Helper()
	req := httptest.NewRequest(http.MethodPost, "/hooks/"+provider, strings.NewReader(body))
	req.RemoteAddr = "127.0.0.1:4711"
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "From" {
			req.RemoteAddr = value
			continue
		}
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	r.mux.ServeHTTP(w, req)
	var a changes.Answer
	text := w.Body.String()
	if w.Code == http.StatusOK {
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			r.t.Fatalf("%v in %s", err, text)
		}
	}
	return w.Code, a, text
}

func (r *rig) metric(name string) string {
	var b strings.Builder
	r.set.WritePrometheus(&b)
	for line := range strings.Lines(b.String()) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

const githubDeployment = `{"action":"created","deployment":{"id":7,"sha":"abc","environment":"production"},"repository":{"full_name":"acme/shop"}}`

func signed(body, secret string) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, x := range hook.Algorithm("sha256").MAC(secret, []byte(body)) {
		b.WriteByte(digits[x>>4])
		b.WriteByte(digits[x&15])
	}
	return "X-Hub-Signature-256: sha256=" + b.String()
}

func TestHandler_Proof(t *testing.T) {
	const secret = "a-secret-of-ours"
	open, closed, lax := changes.DefaultConfig(), changes.DefaultConfig(), changes.DefaultConfig()
	closed.GitHub.Secrets = hook.Secrets{"another-secret", secret}
	lax.AcceptUnsigned = true
	event := "X-GitHub-Event: deployment"
	for name, tt := range map[string]struct {
		config   changes.Config
		headers  []string
		want     int
		verified bool
		says     string
	}{
		"no secret, this machine":           {open, []string{event}, 200, false, `"verified":false`},
		"no secret, elsewhere":              {open, []string{event, "From: 192.0.2.1:9"}, 401, false, "want changes.github.secrets"},
		"no secret, elsewhere, accepted":    {lax, []string{event, "From: 192.0.2.1:9"}, 200, false, ""},
		"no secret, a proxy on the machine": {open, []string{event, "X-Forwarded-For: 192.0.2.1"}, 401, false, "accept_unsigned"},
		"IPv6 loopback":                     {open, []string{event, "From: [::1]:9"}, 200, false, ""},
		"signed":                            {closed, []string{event, "From: 192.0.2.1:9", signed(githubDeployment, secret)}, 200, true, `"verified":true`},
		"signed with another":               {closed, []string{event, signed(githubDeployment, "what is this")}, 401, false, "X-Hub-Signature-256"},
		"not signed":                        {closed, []string{event}, 401, false, "does not fit any of changes.github.secrets"},
	} {
		t.Run(name, func(t *testing.T) {
			code, a, text := newRig(t, tt.config).post("github", githubDeployment, tt.headers...)
			if code != tt.want || a.Verified != tt.verified || !strings.Contains(text, tt.says) {
				t.Errorf("got %d %s, want %d with %q", code, text, tt.want, tt.says)
			}
			if strings.Contains(text, secret) {
				t.Error("the answer has the secret")
			}
		})
	}
}

func TestHandler_Statuses(t *testing.T) {
	r := newRig(t, changes.DefaultConfig())
	for name, tt := range map[string]struct {
		provider, body, event string
		fail                  error
		want                  int
		says                  string
	}{
		"unknown provider": {"nobody", "{}", "push", nil, 404, `\"nobody\" is no provider of changes; there are`},
		"malformed":        {"github", "{", "push", nil, 400, "github: want JSON"},
		"too large":        {"github", strings.Repeat(" ", 65<<10), "push", nil, 413, "body"},
		"nothing valid":    {"github", `{"action":"created","deployment":{"id":9},"repository":{"full_name":"/"}}`, "deployment", errInvalid, 422, "service: want"},
		"store is away":    {"github", githubDeployment, "deployment", errors.New("disk full"), 503, "disk full"},
		"ignored":          {"github", `{"zen":"x"}`, "ping", nil, 200, `"reason":"ping"`},
	} {
		t.Run(name, func(t *testing.T) {
			r.fail = tt.fail
			code, _, text := r.post(tt.provider, tt.body, "X-GitHub-Event: "+tt.event)
			if code != tt.want || !strings.Contains(text, tt.says) {
				t.Errorf("got %d %s, want %d with %q", code, text, tt.want, tt.says)
			}
		})
	}
	if got := r.metric(`tocsin_change_hook_ignored_total{provider="github",reason="ping"}`); got != "1" {
		t.Errorf("ping counted %q times, want 1", got)
	}
	if got := r.metric(`tocsin_ingest_refused_requests_total{protocol="changes",reason="malformed"}`); got != "1" {
		t.Errorf("malformed counted %q times, want 1", got)
	}
}

func TestHandler_DeliveryRepeated_IsTakenOnce(t *testing.T) {
	r := newRig(t, changes.DefaultConfig())
	headers := []string{"X-GitHub-Event: deployment", "X-GitHub-Delivery: 72d3162e"}
	r.fail = errors.New("disk full")
	if code, _, text := r.post("github", githubDeployment, headers...); code != 503 {
		t.Fatalf("got %d %s", code, text)
	}
	r.fail = nil
	if _, a, text := r.post("github", githubDeployment, headers...); len(a.Recorded) != 1 || !a.Recorded[0].Created {
		t.Fatalf("after a failure: %s", text)
	}
	_, a, text := r.post("github", githubDeployment, headers...)
	if len(a.Recorded) != 0 || len(a.Ignored) != 1 || a.Ignored[0].Reason != hook.Repeated {
		t.Errorf("the second time: %s", text)
	}
	if len(r.stored) != 1 {
		t.Errorf("%d changes stored, want 1", len(r.stored))
	}
}

func TestHandler_OnlyEnvironments_LeavesOutTheOthers(t *testing.T) {
	c := changes.DefaultConfig()
	c.Environments = map[string]string{"production": "prod"}
	for only, want := range map[string]int{"": 1, "prod": 1, "production": 0, "staging-*": 0} {
		c.GitHub.OnlyEnvironments = strings.Fields(only)
		_, a, text := newRig(t, c).post("github", githubDeployment, "X-GitHub-Event: deployment")
		if len(a.Recorded) != want || want == 0 && a.Ignored[0].Reason != hook.Environment {
			t.Errorf("%q: got %s, want %d recorded", only, text, want)
		}
	}
}

func TestHandler_Use_TakesAnotherConfiguration(t *testing.T) {
	r := newRig(t, changes.DefaultConfig())
	c := changes.DefaultConfig()
	c.Services = map[string]string{"Acme/Shop": "checkout"}
	r.handler.Use(c)
	_, a, text := r.post("github", githubDeployment, "X-GitHub-Event: deployment")
	if len(a.Recorded) != 1 || a.Recorded[0].Service != "checkout" {
		t.Errorf("got %s", text)
	}
}
