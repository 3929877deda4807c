package github_test

import (
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/github"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/hooktest"
)

var options = github.Options{
	Naming:    hook.Naming{Services: map[string]string{"acme/shop/production": "checkout"}, Environments: map[string]string{"production": "prod"}, Environment: "production"},
	Branches:  []string{"main", "release/*"},
	Workflows: []string{"Deploy*", "release.yml"},
}

func decode(r hook.Request) (hook.Outcome, error) { return github.Decode(r, options) }

func TestDecode_RecordedRequests(t *testing.T) { hooktest.Run(t, "testdata", decode) }

func FuzzDecode(f *testing.F) { hooktest.Fuzz(f, "testdata", decode) }

func TestDecode_WithoutSettings_RunsOfTheDefaultBranchCount(t *testing.T) {
	for file, want := range map[string]int{"run-completed": 1, "run-of-branch": 0, "push": 0} {
		out, err := github.Decode(hooktest.Read(t, "testdata/"+file+".http"), github.Options{Workflows: []string{"deploy.yml"}})
		if err != nil || len(out.Items) != want {
			t.Errorf("%s: got %d changes, %v, want %d; %v", file, len(out.Items), err, want, out.Ignored)
		}
	}
}

func TestDecode_NoEventHeader_IsMalformed(t *testing.T) {
	if _, err := github.Decode(hook.Request{Body: []byte("{}")}, options); err == nil {
		t.Error("no error")
	}
}

func TestVerify(t *testing.T) {
	// The example of GitHub's page on validating deliveries.
	const secret, body, signature = "It's a Secret to Everybody", "Hello, World!", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	for name, tt := range map[string]struct {
		signature, body string
		secrets         hook.Secrets
		want            bool
	}{
		"right":          {signature, body, hook.Secrets{secret}, true},
		"an older one":   {signature, body, hook.Secrets{"something new", secret}, true},
		"another body":   {signature, "Hello, World", hook.Secrets{secret}, false},
		"another secret": {signature, body, hook.Secrets{"another secret"}, false},
		"none":           {"", body, hook.Secrets{secret}, false},
		"cut":            {signature[:40], body, hook.Secrets{secret}, false},
		"no secret":      {signature, body, nil, false},
	} {
		r := hook.Request{Header: map[string][]string{"X-Hub-Signature-256": {tt.signature}}, Body: []byte(tt.body)}
		if got := github.Verify(r, tt.secrets); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}
