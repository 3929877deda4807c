package stage_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/telemetry"
)

// shop is the file as a user wrote it.
const shop = `# deployment-stages.yml
stages:
  - name: development
    trigger: automatic
    branch: develop
    environment:
      NODE_ENV: development
      API_URL: https://dev-api.example.com
  - name: staging
    trigger: automatic
    branch: main
    environment:
      NODE_ENV: staging
      API_URL: https://staging-api.example.com
    tests:
      - smoke
      - regression
      - load
  - name: production
    trigger: manual
    branch: main
    approval_required: true
    environment:
      NODE_ENV: production
      API_URL: https://api.example.com
    rollback:
      enabled: true
      strategy: blue-green
`

func pipeline(t *testing.T, text string) stage.Pipeline {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "deployment-stages.yml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := stage.Read([]string{"*.yml"}, dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The file of the user, where it is there, is the one that the other tests read.
func TestRead_TheUsersFile_AsItStands(t *testing.T) {
	const name = "../../../shared/seed/deployment-stages.yml"
	src, err := os.ReadFile(name)
	if err != nil {
		t.Skipf("the user's own files are not beside the repository: %v", err)
	}
	if string(src) != shop {
		t.Errorf("the test's copy differs from %s:\n%s", name, cmp.Diff(shop, string(src)))
	}
	p, err := stage.Read([]string{filepath.Base(name)}, filepath.Dir(name))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Stages()) != 3 {
		t.Errorf("got %+v", p.Stages())
	}
}

func TestRead_AllFields(t *testing.T) {
	s := pipeline(t, shop).Stages()
	got := fmt.Sprintf("%s %s %s %v %v %v", s[2].Name, s[2].Trigger, s[2].Branch, s[2].ApprovalRequired, *s[2].Rollback, s[2].Variables())
	if want := "production manual main true {true blue-green} [{API_URL https://api.example.com false} {NODE_ENV production false}]"; got != want {
		t.Errorf("got %s", got)
	}
	if fmt.Sprint(s[1].Tests) != "[smoke regression load]" || s[1].Rollback != nil {
		t.Errorf("got %+v", s[1])
	}
}

func TestParse_Wrong_SaysWhatAndWhere(t *testing.T) {
	for text, want := range map[string]string{
		"stages: []": "f.yml:1: stages: want at least one stage",
		"stages:\n  - name: a\n    trigger: soon":                   `f.yml:3: stage "a": trigger: want automatic or manual, got "soon"`,
		"stages:\n  - name: a\n  - name: A":                         `f.yml:3: stage "A": name: stage "A" stands twice`,
		"stages:\n  - name: a\n    aproval_required: true":          `f.yml:3: stage "a": aproval_required: unknown field`,
		"stages:\n  - trigger: manual":                              "f.yml:2: stages[0].name: want the name of the stage",
		"stages:\n  - name: a\n    rollback:\n      strategy: pray": `rollback.strategy: want blue-green or canary or rolling or recreate, got "pray"`,
		"stages:\n  - name: a\n    approval_required: maybe":        "f.yml:3",
		"stages:\n  - name: a\n    tests: [\"\"]":                   `want the name of a test, got ""`,
		"stages:\n  - name: a\n    environment: {A: [1]}":           "f.yml:3",
	} {
		_, errs := stage.Parse("f.yml", []byte(text))
		if len(errs) == 0 || !strings.Contains(errs.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, errs, want)
		}
	}
	if _, err := stage.Read([]string{"missing.yml"}, t.TempDir()); err == nil || !strings.Contains(err.Error(), "changes.deployment_stages_files[0]: there is no file") {
		t.Errorf("got %v", err)
	}
}

func TestVariables_Secrets_AreHidden(t *testing.T) {
	var b strings.Builder
	hidden := []string{
		"DB_PASSWORD: a", "API_KEY: b", "GITHUB_TOKEN: c", "SENTRY_DSN: d", "DATABASE_URL: postgres://u:p@db/x", "X: ghp_abc", "Y: eyJhbGciOi",
		"Z: AKIAIOSFODNN7EXAMPLE", "HOOK: https://h.example/?token=1", "BLOB: 9f86d081884c7d659a2feaa0c55ad015", "REDIS: user:pw@redis",
		"SESSION_SECRET: 1", "AUTH: x", "PEM: '-----BEGIN KEY-----'", "H: Bearer abcdefghij",
	}
	shown := []string{"PORT: 8080", "NODE_ENV: production", "API_URL: https://api.example.com/v1", "DEBUG: true", "KEYBOARD: de", "REGION: eu-central-1", "EMPTY_TOKEN: ''"}
	b.WriteString("stages:\n  - name: a\n    environment:\n")
	for _, v := range append(hidden, shown...) {
		fmt.Fprintf(&b, "      %s\n", v)
	}
	s := pipeline(t, b.String()).Stages()[0]
	got := map[string]stage.Variable{}
	for _, v := range s.Variables() {
		got[v.Name] = v
	}
	for _, v := range hidden {
		name, _, _ := strings.Cut(v, ":")
		if !got[name].Hidden || got[name].Value != "" {
			t.Errorf("%s is shown: %+v", name, got[name])
		}
	}
	for _, v := range shown {
		name, _, _ := strings.Cut(v, ":")
		if got[name].Hidden {
			t.Errorf("%s is hidden", name)
		}
	}
}

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func deploy(id, env, version string, hours float64, labels ...string) telemetry.Change {
	at := noon.Add(time.Duration(hours * float64(time.Hour)))
	c := telemetry.Change{ID: id, Kind: telemetry.KindDeployment, Service: "pay", Environment: env, VersionTo: version,
		Started: at, Finished: at.Add(time.Minute), Status: telemetry.StatusSucceeded, Labels: map[string]string{}}
	for i := 0; i+1 < len(labels); i += 2 {
		c.Labels[labels[i]] = labels[i+1]
	}
	return c
}

func TestNotes_FollowAVersion(t *testing.T) {
	failed := deploy("f", "staging", "v3", 5)
	failed.Status = telemetry.StatusRolledBack
	list := []telemetry.Change{
		deploy("a", "dev", "v1", 0),
		deploy("b", "Staging", "1", 1),
		deploy("c", "prod", "v1", 2, "approved_by", "ann", "branch", "main"),
		deploy("d", "production", "v2", 3, "approval", "missing", "ref", "refs/heads/hotfix"),
		deploy("e", "staging", "v2", 4),
		failed,
		deploy("g", "production", "v3", 6),
		deploy("h", "production", "v1", 7, "revert_of", "g"),
		deploy("i", "", "v4", 8, "branch", "develop"),
		deploy("j", "", "v4", 8, "branch", "main"), // of two stages
		deploy("k", "elsewhere", "v4", 8),
	}
	notes := pipeline(t, shop).Notes(list, list)
	want := map[string]string{
		"a": "development  []",
		"b": "staging  [development 12:01]",
		"c": "production granted [development 12:01 staging 13:01]",
		"d": "production missing [staging 16:01] it is from the branch hotfix; production takes main; production requires an approval, and it was not given; v2 was in staging only later",
		"e": "staging  [] v2 was not in development before",
		"f": "staging  [] v3 was not in development before",
		"g": "production not_told [staging 17:01] v3 did not stay in staging: rolled back",
		"h": "production not_told [development 12:01 staging 13:01]",
		"i": "development  []",
	}

	got := map[string]string{}
	for id, n := range notes {
		var passed []string
		for _, x := range n.Passed {
			passed = append(passed, x.Stage+" "+x.At.Format("15:04"))
		}
		got[id] = strings.TrimSpace(fmt.Sprintf("%s %s %v %s", n.Stage, n.Approval, passed, strings.Join(n.Warnings, "; ")))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if n := notes["c"]; n.Trigger != "manual" || n.Rollback == nil || n.Rollback.Strategy != "blue-green" || n.Branch != "main" {
		t.Errorf("got %+v", n)
	}
	if n := notes["b"]; len(n.Tests) != 3 {
		t.Errorf("got %+v", n)
	}
}

func TestPromotions_AreTheWaysOfVersions(t *testing.T) {
	list := []telemetry.Change{
		deploy("a", "development", "0123456789abcdef", 0), deploy("b", "staging", "0123456789ab", 1), deploy("c", "production", "0123456", 2),
		deploy("d", "development", "v2", 3),
	}
	got, err := json.Marshal(pipeline(t, shop).Promotions(list))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"service":"pay","version":"v2","passages":[{"stage":"development","change":"d","status":"succeeded","at":"2026-03-02T15:01:00Z"}],"latest":"2026-03-02T15:00:00Z"},` +
		`{"service":"pay","version":"0123456789abcdef","passages":[{"stage":"development","change":"a","status":"succeeded","at":"2026-03-02T12:01:00Z"},` +
		`{"stage":"staging","change":"b","status":"succeeded","at":"2026-03-02T13:01:00Z"},{"stage":"production","change":"c","status":"succeeded","at":"2026-03-02T14:01:00Z"}],"latest":"2026-03-02T14:00:00Z"}]`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if p := (stage.Pipeline{}).Promotions(list); len(p) != 0 {
		t.Errorf("without stages: %v", p)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(shop))
	f.Add([]byte("stages:\n  - name: a\n    environment: {A: 1, TOKEN: x}\n    tests: [a]\n"))
	f.Add([]byte("stages: 1"))
	f.Fuzz(func(t *testing.T, src []byte) {
		stages, errs := stage.Parse("f.yml", src)
		if len(errs) > 0 {
			return
		}
		for _, s := range stages {
			for _, v := range s.Variables() {
				if v.Hidden && v.Value != "" {
					t.Errorf("%s is hidden and shown", v.Name)
				}
			}
		}
	})
}
