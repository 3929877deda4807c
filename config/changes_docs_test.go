package config_test

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"

	"github.com/tocsinhq/tocsin/change"
	"github.com/tocsinhq/tocsin/ingest/changes/argocd"
	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/telemetry"
)

// changesBlocks returns the YAML blocks of docs/changes-receiving.md that are of
// the configuration of a sender. Those of tocsin.yml are loaded by internal/docgen.
func changesBlocks(t *testing.T, of string) []string {
	t.Helper()
	text, err := os.ReadFile("../docs/changes-receiving.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```yaml ?([a-z]*)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		if m[1] == of {
			blocks = append(blocks, m[2])
		}
		if !slices.Contains([]string{"", "argocd", "rollouts", "flux", "ansible"}, m[1]) {
			t.Errorf("a block of %q, which no test loads", m[1])
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("no block of %q", of)
	}
	return blocks
}

// notification renders the body of a template of Argo's notification engine, with
// the functions of sprig that the page uses.
func notification(t *testing.T, src string, vars map[string]any) []byte {
	t.Helper()
	var tmpl struct {
		Webhook map[string]struct{ Method, Body string }
	}
	if err := yaml.Unmarshal([]byte(src), &tmpl); err != nil {
		t.Fatal(err)
	}
	hooked := tmpl.Webhook["tocsin"]
	if hooked.Method != "POST" || hooked.Body == "" {
		t.Fatalf("got %+v", tmpl)
	}
	parsed, err := template.New("body").Funcs(template.FuncMap{
		"toJson": func(v any) string { text, _ := json.Marshal(v); return string(text) },
		"list":   func(v ...any) []any { return append([]any{}, v...) },
		"dig": func(args ...any) any { // keys, a default, a map
			v := args[len(args)-1]
			for _, key := range args[:len(args)-2] {
				m, ok := v.(map[string]any)
				if !ok {
					return args[len(args)-2]
				}
				if v, ok = m[key.(string)]; !ok {
					return args[len(args)-2]
				}
			}
			return v
		},
	}).Parse(hooked.Body)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := parsed.Execute(&b, vars); err != nil {
		t.Fatal(err)
	}
	return []byte(b.String())
}

func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDocs_ChangesReceiving_ArgoCDTemplate_IsUnderstood(t *testing.T) {
	var cm map[string]string
	if err := yaml.Unmarshal([]byte(changesBlocks(t, "argocd")[0]), &cm); err != nil {
		t.Fatal(err)
	}
	vars := map[string]any{"context": map[string]any{"argocdUrl": "https://argocd.acme.example"}}
	vars["app"] = object(t, `{"metadata":{"name":"checkout"},"spec":{"project":"shop","destination":{"namespace":"shop-prod","server":"https://kubernetes.default.svc"},"source":{"repoURL":"https://git.acme.example/deploy.git"}},
		"status":{"health":{"status":"Healthy"},"sync":{"status":"Synced"},"summary":{"images":["acme/checkout:v42"]},
		"operationState":{"phase":"Succeeded","startedAt":"2026-03-02T12:00:00Z","finishedAt":"2026-03-02T12:00:09Z","message":"say \"ok\"","syncResult":{"revision":"6f0f1c3a9b4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f"},
		"operation":{"initiatedBy":{"username":"mona"},"sync":{"revision":"6f0f","source":{"repoURL":"x"}}}}}}`)
	out, err := argocd.Decode(hook.Request{Body: notification(t, cm["template.tocsin"], vars)}, hook.Naming{})
	if err != nil || len(out.Items) != 1 {
		t.Fatalf("got %+v, %v", out, err)
	}
	c := out.Items[0].Change
	if c.Service != "checkout" || c.VersionTo != "v42" || c.Status != telemetry.StatusSucceeded || c.Author != "mona" || c.Labels["rollback"] != "true" ||
		c.Summary != `say "ok"` || c.Link != "https://argocd.acme.example/applications/checkout?operation=true" || c.Finished.IsZero() {
		t.Errorf("got %+v", c)
	}
	// Automated, just begun, and with little in it.
	vars["app"] = object(t, `{"metadata":{"name":"checkout"},"spec":{},"status":{"operationState":{"phase":"Running","startedAt":"2026-03-02T12:00:00Z","operation":{"initiatedBy":{"automated":true},"sync":{}}}}}`)
	out, err = argocd.Decode(hook.Request{Body: notification(t, cm["template.tocsin"], vars)}, hook.Naming{})
	if err != nil || len(out.Items) != 1 || out.Items[0].Change.Status != telemetry.StatusStarted || out.Items[0].Change.Author != "automated sync" || out.Items[0].Change.Labels["rollback"] != "" {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestDocs_ChangesReceiving_RolloutTemplates_AreUnderstood(t *testing.T) {
	var cm map[string]string
	if err := yaml.Unmarshal([]byte(changesBlocks(t, "rollouts")[0]), &cm); err != nil {
		t.Fatal(err)
	}
	vars := map[string]any{"rollout": object(t, `{"metadata":{"name":"checkout","namespace":"shop"},"spec":{"template":{"spec":{"containers":[{"image":"acme/checkout:v42"}]}}}}`)}
	for trigger, want := range map[string]telemetry.ChangeStatus{"updated": "started", "completed": "succeeded", "aborted": "rolled_back"} {
		out, err := argocd.DecodeRollout(hook.Request{Body: notification(t, cm["template.tocsin-"+trigger], vars)}, hook.Naming{})
		if err != nil || len(out.Items) != 1 || out.Items[0].Change.Status != want || out.Items[0].Change.VersionTo != "v42" {
			t.Errorf("%s: got %+v, %v", trigger, out, err)
		}
		if !strings.Contains(cm["trigger.on-rollout-"+trigger], "tocsin-"+trigger) {
			t.Errorf("the trigger of %s does not send it", trigger)
		}
	}
}

func TestDocs_ChangesReceiving_OtherBlocks_AreYAML(t *testing.T) {
	for _, b := range changesBlocks(t, "flux") {
		for doc := range strings.SplitSeq(b, "---\n") {
			var v struct{ Kind string }
			if err := yaml.Unmarshal([]byte(doc), &v); err != nil || v.Kind == "" {
				t.Errorf("%v in\n%s", err, doc)
			}
		}
	}
	for _, b := range changesBlocks(t, "ansible") {
		var tasks []map[string]any
		if err := yaml.Unmarshal([]byte(b), &tasks); err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(tasks[0]["ansible.builtin.uri"].(map[string]any)["body"])
		if err != nil {
			t.Fatal(err)
		}
		if c, err := change.DecodeJSON(body); err != nil || c.Service != "checkout" {
			t.Errorf("got %+v, %v", c, err)
		}
	}
}
