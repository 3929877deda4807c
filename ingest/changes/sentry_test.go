package changes_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
)

// sentry makes one call of Sentry's API.
func (r *rig) sentry(call, body, token string) (int, string) {
	r.t.Helper()
	method, path, _ := strings.Cut(call, " ")
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.RemoteAddr = "192.0.2.1:4711"
	req.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	r.handler.Sentry().ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

func TestSentry_ReleaseAndDeploy(t *testing.T) {
	c := changes.DefaultConfig()
	c.Sentry.Secrets = hook.Secrets{"a-secret-of-ours"}
	r := newRig(t, c)
	const org = "/api/0/organizations/acme/"
	for _, tt := range []struct {
		call, body, token string
		code              int
		says              string
	}{
		{"GET /api/0/", "", "wrong", 401, `{"detail":"the key in the header Authorization is missing or does not fit`},
		{"GET /api/0/", "", "a-secret-of-ours", 200, `"project:releases"`},
		{"POST " + org + "releases/1.4.2/deploys/", `{"environment":"prod"}`, "a-secret-of-ours", 404, "sentry-cli releases new -p PROJECT 1.4.2"},
		{"POST " + org + "releases/", `{"version":"1.4.2","projects":["checkout"]}`, "a-secret-of-ours", 201, `"version":"1.4.2"`},
		{"POST " + org + "releases/", `{"version":"1.4.2","projects":["cart"]}`, "a-secret-of-ours", 208, `{"slug":"cart","name":"cart"}`},
		{"PUT " + org + "releases/1.4.2/", `{"commits":[{"id":"abc","timestamp":"2026-03-02T10:00:00Z"}]}`, "a-secret-of-ours", 200, `"lastCommit":{"id":"abc"}`},
		{"PUT " + org + "releases/1.4.2/", `{"dateReleased":"2026-03-02T11:00:00Z"}`, "a-secret-of-ours", 200, `"dateReleased":"2026-03-02T11:00:00Z"`},
		{"POST " + org + "releases/1.4.2/deploys/", `{"environment":"prod","dateFinished":"2026-03-02T11:30:00Z"}`, "a-secret-of-ours", 201, `"environment":"prod"`},
		{"GET " + org + "releases/1.4.2/deploys/", "", "a-secret-of-ours", 200, `"dateFinished":"2026-03-02T11:30:00Z"`},
		{"GET " + org + "releases/1.4.2/previous-with-commits/", "", "a-secret-of-ours", 200, "{}"},
		{"GET " + org + "releases/", "", "a-secret-of-ours", 200, `[{"version":"1.4.2"`},
		{"GET " + org + "repos/", "", "a-secret-of-ours", 200, `[]`},
		{"POST " + org + "chunk-upload/", "", "a-secret-of-ours", 404, "only the calls of sentry-cli about releases"},
		{"POST " + org + "releases/", "{", "a-secret-of-ours", 400, "want JSON"},
		{"DELETE " + org + "releases/1.4.2/", "", "a-secret-of-ours", 200, "{}"},
		{"GET " + org + "releases/1.4.2/", "", "a-secret-of-ours", 404, "release 1.4.2 of acme is not known"},
	} {
		code, text := r.sentry(tt.call, tt.body, tt.token)
		if code != tt.code || !strings.Contains(text, tt.says) {
			t.Errorf("%s %s: got %d %s, want %d with %s", tt.call, tt.body, code, text, tt.code, tt.says)
		}
	}
	if len(r.stored) != 2 || r.stored[0].Service != "checkout" || r.stored[1].Service != "cart" || r.stored[0].Labels["commit_time"] != "2026-03-02T10:00:00Z" {
		t.Errorf("stored %+v", r.stored)
	}
}
