package docgen_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	promconfig "github.com/prometheus/prometheus/config"

	"github.com/tocsinhq/tocsin/change/stage"
	tocsinconfig "github.com/tocsinhq/tocsin/config"
	"github.com/tocsinhq/tocsin/notify/channels"
	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/trial"
)

const root = "../.."

// tree lists the files below the root with one of the endings, without what is
// installed, built or made up for tests.
func tree(t *testing.T, endings ...string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); path != root && (strings.HasPrefix(n, ".") || n == "node_modules" || n == "dist" || n == "testdata" || n == "bin" || n == "data") {
				return filepath.SkipDir
			}
			return nil
		}
		if slices.Contains(endings, filepath.Ext(path)) {
			out = append(out, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func read(t *testing.T, path string) string {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var fence = regexp.MustCompile("(?ms)^```ya?ml\n(.*?)^```$")

// setEnv sets the variables that examples name.
func setEnv(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_WEBHOOK_URL", "PAGER_URL", "PAGER_SECRET", "PAGER_TOKEN",
		"PAGERDUTY_KEY", "OPSGENIE_KEY", "SMTP_PASSWORD", "JIRA_TOKEN", "GITHUB_TOKEN", "TEAMS_WEBHOOK_URL", "DISCORD_WEBHOOK_URL",
		"WEBHOOK_URL", "WEBHOOK_SECRET", "WEBHOOK_TOKEN", "TOCSIN_EXTERNAL_URL", "TOCSIN_LOG_TOKEN",
		"GITHUB_WEBHOOK_SECRET", "GITLAB_WEBHOOK_TOKEN", "ARGOCD_WEBHOOK_SECRET", "FLUX_WEBHOOK_TOKEN", "TOCSIN_SENTRY_TOKEN",
		"LAUNCHDARKLY_WEBHOOK_SECRET", "UNLEASH_WEBHOOK_SECRET", "TERRAFORM_WEBHOOK_TOKEN", "TOCSIN_ANSIBLE_SECRET", "JENKINS_WEBHOOK_SECRET",
	} {
		t.Setenv(name, "https://hooks.example.com")
	}
	t.Setenv("TELEGRAM_TOKEN", "123456:abc")
}

// TestYAMLBlocks_AreWhatTheyAreCalled loads every block of YAML in Markdown as
// the file that its first line names.
func TestYAMLBlocks_AreWhatTheyAreCalled(t *testing.T) {
	setEnv(t)
	seen := map[string]int{}
	for _, path := range tree(t, ".md") {
		for _, m := range fence.FindAllStringSubmatch(read(t, path), -1) {
			first, _, _ := strings.Cut(m[1], "\n")
			name := strings.TrimSpace(strings.TrimPrefix(first, "#"))
			seen[name]++
			if err := loadAs(name, m[1]); err != "" {
				t.Errorf("%s: block %q: %s\n%s", path, first, err, m[1])
			}
		}
	}
	for _, name := range []string{"tocsin.yml", "alerts.yml", "slos.yml", "rules.yml", "tests.yml", "prometheus.yml"} {
		if seen[name] == 0 {
			t.Errorf("no page shows a %s", name)
		}
	}
}

// loadAs returns why the text is no such file, "" when it is one.
func loadAs(name, text string) string {
	switch name {
	case "tocsin.yml":
		c := tocsinconfig.Default()
		if errs := tocsinconfig.Overlay(&c, name, []byte(text)); len(errs) > 0 {
			return errs.Error()
		}
	case "deployment-stages.yml":
		if _, errs := stage.Parse(name, []byte(text)); len(errs) > 0 {
			return errs.Error()
		}
	case "alerts.yml":
		return loadAlerts(name, text)
	case "slos.yml":
		return loadSLOs(name, text)
	case "rules.yml":
		if _, err := rules.ParseRuleFile(name, []byte(text)); err != nil {
			return err.Error()
		}
	case "prometheus.yml":
		if _, err := promconfig.Load(text, slog.New(slog.DiscardHandler)); err != nil {
			return err.Error()
		}
	case "tests.yml":
		if _, err := trial.Parse(name, []byte(text)); err != nil {
			return err.Error()
		}
	default:
		return "want a first line that names the file: # tocsin.yml, # alerts.yml, # slos.yml, # rules.yml, # tests.yml, # deployment-stages.yml or # prometheus.yml"
	}
	return ""
}

func loadAlerts(name, text string) string {
	set, err := rules.ReadRuleSet(rules.Config{}, root)
	if err != nil {
		return err.Error()
	}
	if _, errs := rules.ParseAlerts(name, []byte(text), set.Catalogue); len(errs) > 0 {
		return errs.Error()
	}
	return ""
}

func loadSLOs(name, text string) string {
	set, err := rules.ReadRuleSet(rules.Config{}, root)
	if err != nil {
		return err.Error()
	}
	if _, errs := slo.Parse(name, []byte(text), set.Catalogue); len(errs) > 0 {
		return errs.Error()
	}
	return ""
}

func TestShippedFiles_Load(t *testing.T) {
	files, err := filepath.Glob(root + "/configs/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v, %v", files, err)
	}
	setEnv(t)
	for _, path := range append(files, root+"/internal/yamldoc/testdata/seed/alerts.yml") {
		name := "tocsin.yml"
		switch kind, _ := rules.FileKind(path); kind {
		case rules.KindAlerts:
			name = "alerts.yml"
		case rules.KindSLOs:
			name = "slos.yml"
		}
		if why := loadAs(name, read(t, path)); why != "" {
			t.Errorf("%s: %s", path, why)
		}
	}
}

// TestChannels_OfTheShippedConfiguration_AreThoseThatAlertsName builds the channels
// of configs/channels.yml and looks for every name that alerts.yml gives.
func TestChannels_OfTheShippedConfiguration_AreThoseThatAlertsName(t *testing.T) {
	setEnv(t)
	c := tocsinconfig.Default()
	if errs := tocsinconfig.Overlay(&c, "channels.yml", []byte(read(t, root+"/configs/channels.yml"))); len(errs) > 0 {
		t.Fatal(errs)
	}
	built, err := channels.Build(c.Notify, channels.Deps{Console: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, ch := range built {
		have = append(have, ch.Name())
	}
	set, err := rules.ReadRuleSet(rules.Config{AlertFiles: []string{root + "/internal/yamldoc/testdata/seed/alerts.yml"}}, ".")
	if err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, f := range set.Alerts {
		for _, a := range f.Alerts {
			for _, n := range a.Channels {
				named++
				if !slices.Contains(have, n) {
					t.Errorf("alert %s names %s; there are %q", a.Name, n, have)
				}
			}
		}
	}
	if named == 0 {
		t.Error("no alert names a channel")
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	code    = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
	noWord  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// anchors returns the names under which a page's headings are linked.
func anchors(page string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(page, -1) {
		out = append(out, strings.ReplaceAll(noWord.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

func TestLinks_LeadSomewhere(t *testing.T) {
	n := 0
	for _, path := range tree(t, ".md") {
		// Code may hold what looks like a link; its backquotes stay, for labels in code.
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(read(t, path), "``"), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			n++
			to := filepath.Join(filepath.Dir(path), target)
			if target == "" {
				to = path
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: link to %s: there is no such file", path, m[1])
				continue
			}
			if anchor != "" && !slices.Contains(anchors(read(t, to)), anchor) {
				t.Errorf("%s: link to %s: no heading of that name; there are %q", path, m[1], anchors(read(t, to)))
			}
		}
	}
	if n < 10 {
		t.Errorf("found %d links, want the tree to be read", n)
	}
}

var required = regexp.MustCompile(`(?m)^\s*(?:require )?([\w./-]+\.[\w./-]+) v[^\s]+`)

// direct returns the modules of go.mod that our code imports, and the packages
// that the user interface names.
func direct(t *testing.T) map[string]bool {
	t.Helper()
	var modules []string
	for _, m := range required.FindAllStringSubmatch(read(t, root+"/go.mod"), -1) {
		modules = append(modules, m[1])
	}
	out := map[string]bool{}
	for _, path := range tree(t, ".go") {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range f.Imports {
			imported, best := strings.Trim(spec.Path.Value, `"`), ""
			for _, m := range modules {
				if len(m) > len(best) && (imported == m || strings.HasPrefix(imported, m+"/")) {
					best = m
				}
			}
			if best != "" {
				out[best] = true
			}
		}
	}
	var ui struct{ Dependencies, DevDependencies map[string]string }
	if err := json.Unmarshal([]byte(read(t, root+"/web/ui/package.json")), &ui); err != nil {
		t.Fatal(err)
	}
	for name := range ui.Dependencies {
		out[name] = true
	}
	for name := range ui.DevDependencies {
		out[name] = true
	}
	return out
}

func TestDependencies_EachHasALine(t *testing.T) {
	want := direct(t)
	if len(want) < 20 {
		t.Fatalf("found %d dependencies, want all of go.mod and package.json", len(want))
	}
	have := map[string]bool{}
	name := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(read(t, root+"/docs/dependencies.md")) {
		first, ok := strings.CutPrefix(line, "| ")
		if !ok {
			continue
		}
		first, rest, _ := strings.Cut(first, " | ")
		for _, m := range name.FindAllStringSubmatch(first, -1) {
			have[m[1]] = true
			if saves, instead, ok := strings.Cut(strings.Trim(rest, "| \n"), " | "); !ok || saves == "" || instead == "" {
				t.Errorf("%s: want what it saves and what would replace it", m[1])
			}
		}
	}
	for d := range want {
		if !have[d] {
			t.Errorf("docs/dependencies.md has no line for %s", d)
		}
	}
	for d := range have {
		if !want[d] {
			t.Errorf("docs/dependencies.md has a line for %s, which nothing uses", d)
		}
	}
}
