package gitlab_test

import (
	"encoding/base64"
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/ingest/changes/gitlab"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/hooktest"
)

var options = gitlab.Options{
	Naming:   hook.Naming{Services: map[string]string{"acme/shop/production": "checkout"}, Environments: map[string]string{"production": "prod"}, Environment: "production"},
	Branches: []string{"main"}, Tags: []string{"v*"},
}

func decode(r hook.Request) (hook.Outcome, error) { return gitlab.Decode(r, options) }

func TestDecode_RecordedRequests(t *testing.T) { hooktest.Run(t, "testdata", decode) }

func FuzzDecode(f *testing.F) { hooktest.Fuzz(f, "testdata", decode) }

func TestDecode_WithoutSettings_OnlyDeploymentsAndReleasesCount(t *testing.T) {
	for file, want := range map[string]int{"deployment-success": 1, "release-create": 1, "pipeline-success": 0, "tag": 0} {
		out, err := gitlab.Decode(hooktest.Read(t, "testdata/"+file+".http"), gitlab.Options{})
		if err != nil || len(out.Items) != want {
			t.Errorf("%s: got %d changes, %v, want %d; %v", file, len(out.Items), err, want, out.Ignored)
		}
	}
}

func TestVerify(t *testing.T) {
	// A key of 32 bytes, as GitLab makes them.
	const token, key = "a-token-of-ours", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	now := time.Unix(1772452800, 0)
	sign := func(id, stamp, body string) string {
		mac := hook.Algorithm("sha256").MAC("0123456789abcdef0123456789abcdef", []byte(id+"."+stamp+"."+body))
		return "v1," + base64.StdEncoding.EncodeToString(mac)
	}
	right := map[string]string{"webhook-id": "9", "webhook-timestamp": "1772452790", "webhook-signature": sign("9", "1772452790", "{}")}
	with := func(name, value string) map[string]string {
		m := maps.Clone(right)
		m[name] = value
		return m
	}
	for name, tt := range map[string]struct {
		headers map[string]string
		want    bool
	}{
		"token":                   {map[string]string{"X-Gitlab-Token": token}, true},
		"another token":           {map[string]string{"X-Gitlab-Token": token + "x"}, false},
		"nothing":                 {nil, false},
		"signed":                  {right, true},
		"signed among others":     {with("webhook-signature", "v1,AAAA v2,x "+right["webhook-signature"]), true},
		"signed for another id":   {with("webhook-id", "10"), false},
		"signed long ago":         {map[string]string{"webhook-id": "9", "webhook-timestamp": "1772452000", "webhook-signature": sign("9", "1772452000", "{}")}, false},
		"time is no number":       {with("webhook-timestamp", "now"), false},
		"signed wrong with token": {map[string]string{"webhook-signature": "v1,AAAA", "X-Gitlab-Token": token}, false},
	} {
		r := hook.Request{Header: http.Header{}, Body: []byte("{}")}
		for k, v := range tt.headers {
			r.Header.Set(k, v)
		}
		if got := gitlab.Verify(r, hook.Secrets{token, key}, now); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
