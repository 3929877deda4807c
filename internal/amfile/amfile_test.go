package amfile_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/alertmanager/cli"

	"github.com/tocsinhq/tocsin/internal/amfile"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// corpus is the folder of Alertmanager's module.
func corpus(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/prometheus/alertmanager").Output()
	if err != nil {
		t.Fatalf("find Alertmanager's module: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// Every configuration that Alertmanager keeps for its own tests and examples is
// accepted or refused as amtool check-config does, and every refusal has a line.
func TestParse_AlertmanagersOwnFiles_SameVerdictAsAmtool(t *testing.T) {
	dir := corpus(t)
	var files []string
	for _, pattern := range []string{"config/testdata/*.yml", "doc/examples/*.yml", "examples/*/*.yml", "cli/testdata/*.yml"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) < 45 {
		t.Fatalf("got %d files, want the corpus", len(files))
	}
	good := 0
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := quietly(t, func() error { return cli.CheckConfig([]string{file}) })
		c, errs := amfile.Parse(file, src)
		if (want == nil) != (len(errs) == 0) {
			t.Errorf("%s: amtool says %v, we say %v", filepath.Base(file), want, errs)
		}
		if (c == nil) != (len(errs) > 0) {
			t.Errorf("%s: want a configuration or errors, got %v and %v", filepath.Base(file), c, errs)
		}
		for _, e := range errs {
			if e.Line == 0 {
				t.Errorf("%s: error without a line: %v", filepath.Base(file), e)
			}
		}
		if len(errs) == 0 {
			good++
		}
	}
	if good < 10 || good == len(files) {
		t.Errorf("got %d good of %d, want both kinds", good, len(files))
	}
}

// quietly runs f, which prints, without letting it.
func quietly(t *testing.T, f func() error) error {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); io.Copy(io.Discard, r) }()
	old := os.Stdout
	os.Stdout = w
	defer func() { os.Stdout = old; w.Close(); <-done; r.Close() }()
	return f()
}

func TestParse_EveryError_HasItsLine(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"unknown field", "route:\n  receiver: a\n  group_bye: [x]\nreceivers:\n- name: a\n", `am.yml:3: unknown field "group_bye"`},
		{"undefined receiver", "route:\n  receiver: a\n  routes:\n  - receiver: b\nreceivers:\n- name: a\n", `am.yml:4: route.routes[0].receiver: undefined receiver "b" used in route`},
		{"receiver twice", "route:\n  receiver: a\nreceivers:\n- name: a\n- name: a\n", `am.yml:5: receivers[1].name: notification config name "a" is not unique`},
		{"receiver's own rule", "route:\n  receiver: a\nreceivers:\n- name: a\n- name: m\n  email_configs:\n  - to: x@example.com\n", "am.yml:5: receivers[1]: no global SMTP smarthost set"},
		{"time interval", "route:\n  receiver: a\n  routes:\n  - mute_time_intervals: [night]\n    matchers: [a=b]\nreceivers:\n- name: a\n", `am.yml:4: route.routes[0].mute_time_intervals[0]: undefined time interval "night" used in route`},
		{"no route", "receivers:\n- name: a\n", "am.yml:1: no routes provided"},
		{"matcher", "route:\n  receiver: a\n  routes:\n  - matchers: ['a=~\"(\"']\nreceivers:\n- name: a\n", "am.yml:"},
		{"template", "route:\n  receiver: a\nreceivers:\n- name: a\ntemplates: ['testdata/bad.tmpl']\n", "am.yml:5: templates: "},
		{"loader crashes", "route:\n  receiver: a\nreceivers:\n- name: a\n  slack_configs: [{channel: x, update_message: true}]\n", "am.yml:4: receivers[0]: Alertmanager's loader crashes on it"},
		{"syntax", "route:\n  receiver: [\n", "am.yml:2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, errs := amfile.Parse("am.yml", []byte(tt.src))
			if c != nil || len(errs) == 0 {
				t.Fatalf("want errors, got none")
			}
			if got := errs.Error(); !strings.HasPrefix(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func inline(t *testing.T, src string) (amfile.Document, yamldoc.Errors) {
	t.Helper()
	doc, errs := yamldoc.Parse("tocsin.yml", []byte(src), yamldoc.WithVerbatim(amfile.Sections()...),
		yamldoc.WithEnv(func(string) (string, bool) { return "", false }))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return amfile.Inline(doc, []byte(src))
}

func TestInline_SectionsAmongOthers(t *testing.T) {
	d, errs := inline(t, `web: {max_connections: 3}
global:
  scrape_interval: 7s
alertmanager_global:
  resolve_timeout: 9m
rules:
  interval: 5s
route:
  receiver: hook
  group_by: [alertname]
receivers:
- name: hook
  webhook_configs:
  - url: http://127.0.0.1:1/${x}
    http_config: {authorization: {credentials_file: token}}
notify: {}
`)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if d.Config.Global.ResolveTimeout.String() != "9m" || len(d.Config.Receivers) != 1 {
		t.Errorf("got %+v", d.Config)
	}
	hook := d.Config.Receivers[0].WebhookConfigs[0]
	if f := hook.HTTPConfig.Authorization.CredentialsFile; !filepath.IsAbs(f) {
		t.Errorf("file with credentials: got %q, want it absolute", f)
	}
	if d, errs := inline(t, "web: {}\n"); len(errs) > 0 || d.Config != nil {
		t.Errorf("nothing of Alertmanager: got %v, %v", d, errs)
	}
	for _, tt := range []struct{ src, want string }{
		{"web: {}\nroute:\n  receiver: b\nreceivers:\n- name: a\n", `tocsin.yml:3: route.receiver: undefined receiver "b"`},
		{"web: {}\nreceivers:\n- name: a\n", "tocsin.yml:2: receivers: want a route"},
		{"alertmanager_global:\n  smtp_fro: x\nroute:\n  receiver: a\nreceivers:\n- name: a\n", `tocsin.yml:2: unknown field "smtp_fro"`},
		{"{route: {receiver: a}, receivers: [{name: a}]}\n", "tocsin.yml:1: route: want this section in lines of its own"},
	} {
		if _, errs := inline(t, tt.src); !strings.HasPrefix(errs.Error(), tt.want) {
			t.Errorf("got  %v\nwant %s", errs, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("route:\n  receiver: a\nreceivers:\n- name: a\n")
	f.Add("route: {receiver: a, routes: [{matchers: ['a=b']}]}\nreceivers: [{name: a, webhook_configs: [{url: http://x}]}]\n")
	f.Fuzz(func(t *testing.T, src string) {
		if strings.Contains(src, "templates") {
			return // reads files
		}
		if c, errs := amfile.Parse("am.yml", []byte(src)); (c == nil) != (len(errs) > 0) {
			t.Errorf("got %v and %v", c, errs)
		}
	})
}
