package mapped_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/changes/hook"
	"github.com/tocsinhq/tocsin/ingest/changes/hooktest"
	"github.com/tocsinhq/tocsin/ingest/changes/mapped"
	"github.com/tocsinhq/tocsin/telemetry"
)

var naming = hook.Naming{Services: map[string]string{"acme/checkout": "checkout-api"}, Environments: map[string]string{"production": "prod"}}

var configs = map[string]mapped.Config{
	"alertmanager": {
		Name: "alerts", Items: "/alerts", Match: `{{ eq .labels.alertname "Deploy" }}`,
		Fields: map[string]string{"id": "/fingerprint", "service": "{{ .labels.service }}", "environment": "/labels/env", "version_to": "/labels/version",
			"status": "/status", "started": "/startsAt", "finished": "/endsAt", "summary": "/annotations/summary", "link": "/generatorURL", "kind": "deployment"},
		Labels:   map[string]string{"team": `{{ get body "commonLabels" "team" }}`, "instance": "/labels/instance"},
		Statuses: map[string]telemetry.ChangeStatus{"firing": "started", "resolved": "succeeded"},
	},
	"jenkins": {
		Name: "jenkins", Match: `{{ and (eq (header "X-Event") "deploy") (ne .name "test-checkout") }}`, Delivery: "X-Nothing", Environment: "production",
		Fields: map[string]string{"id": "{{ .name }}-{{ .build.number }}", "service": `{{ .name | trimPrefix "deploy-" | upper | lower }}`,
			"version_to": "{{ .build.scm.commit | short }}", "status": "{{ .build.status | default .build.phase }}", "started": "/build/timestamp",
			"link": "/build/full_url", "environment": "/build/parameters/ENV", "summary": `{{ get . "build" "scm" "branch" | base }}: {{ line .name }}`},
		Statuses: map[string]telemetry.ChangeStatus{"STARTED": "started", "SUCCESS": "succeeded", "ABORTED": "failed", "FAILURE": "failed"},
		Follows:  []string{"ABORTED"},
	},
}

func decoder(t testing.TB, name string) hooktest.Decoder {
	c := configs[name]
	c.Validate(func(path, format string, args ...any) { t.Errorf(path+": "+format, args...) })
	m, err := mapped.New(c, naming)
	if err != nil {
		t.Fatal(err)
	}
	return m.Decode
}

// Each folder of recorded requests is read by the webhook of its name.
func TestDecode_RecordedRequests(t *testing.T) {
	for name := range configs {
		hooktest.Run(t, filepath.Join("testdata", name), decoder(t, name))
	}
}

func FuzzDecode_List(f *testing.F) {
	hooktest.Fuzz(f, "testdata/alertmanager", decoder(f, "alertmanager"))
}

func FuzzDecode_Templates(f *testing.F) { hooktest.Fuzz(f, "testdata/jenkins", decoder(f, "jenkins")) }

func TestDecode_ValueTooLong_FailsTheItem(t *testing.T) {
	m, err := mapped.New(mapped.Config{Name: "x", Fields: map[string]string{"service": "{{ range .a }}0123456789{{ end }}"}}, naming)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"a":[` + strings.Repeat("1,", 2000) + `1]}`
	out, err := m.Decode(hook.Request{Body: []byte(body)})
	if err != nil || len(out.Failed) != 1 || !strings.Contains(out.Failed[0].Msg, "want at most 8192 bytes") {
		t.Errorf("got %+v, %v", out.Failed, err)
	}
}

func TestVerify(t *testing.T) {
	const secret = "a-secret-of-ours"
	sum := hook.Algorithm("sha1").MAC(secret, []byte("{}"))
	for name, tt := range map[string]struct {
		config        mapped.Config
		header, value string
		want          bool
	}{
		"bearer":          {mapped.Config{}, "Authorization", "Bearer " + secret, true},
		"bare key":        {mapped.Config{}, "Authorization", secret, true},
		"wrong bearer":    {mapped.Config{}, "Authorization", "Bearer x", false},
		"header":          {mapped.Config{Header: "X-Token"}, "X-Token", secret, true},
		"another header":  {mapped.Config{Header: "X-Token"}, "Authorization", secret, false},
		"signature":       {mapped.Config{Header: "X-Sig", Algorithm: "sha1"}, "X-Sig", "sha1=" + hexOf(sum), true},
		"wrong signature": {mapped.Config{Header: "X-Sig", Algorithm: "sha256"}, "X-Sig", "sha1=" + hexOf(sum), false},
	} {
		tt.config.Secrets = hook.Secrets{secret}
		m, err := mapped.New(tt.config, naming)
		if err != nil {
			t.Fatal(err)
		}
		r := hook.Request{Header: http.Header{}, Body: []byte("{}")}
		r.Header.Set(tt.header, tt.value)
		if got := m.Verify(r); got != tt.want {
			t.Errorf("%s: got %v, want %v", name, got, tt.want)
		}
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, x := range b {
		s.WriteByte(digits[x>>4])
		s.WriteByte(digits[x&15])
	}
	return s.String()
}

func TestConfig_Validate_NamesWhatIsWrong(t *testing.T) {
	c := mapped.Config{
		Name: "My Hook", Path: "a/b", Secrets: hook.Secrets{"short"}, Algorithm: "md5", Items: "alerts", Match: "{{ if }}",
		Fields: map[string]string{"versoin": "x", "id": "{{ nope }}"}, Labels: map[string]string{"a": "{{"}, Statuses: map[string]telemetry.ChangeStatus{"ok": "fine"},
	}
	var got []string
	c.Validate(func(path, format string, args ...any) { got = append(got, path) })
	want := "name path secrets[0] algorithm header items match fields fields.id fields.versoin labels.a statuses.ok"
	for _, w := range strings.Fields(want) {
		found := false
		for _, g := range got {
			found = found || g == w
		}
		if !found {
			t.Errorf("nothing about %s in %v", w, got)
		}
	}
}
