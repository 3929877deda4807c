package rules_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
	"github.com/tocsinhq/tocsin/rules"
)

func TestConfig_Default_IsValid(t *testing.T) {
	rules.DefaultConfig().Validate(func(path, format string, args ...any) {
		t.Errorf(path+": "+format, args...)
	})
}

func TestConfig_Impossible_EachTold(t *testing.T) {
	c := rules.Config{
		Interval: yamldoc.Duration(time.Minute), RateWindow: yamldoc.Duration(time.Minute), QueryOffset: -1,
		AlertFiles: []string{"[", " "}, EnvironmentLabels: []string{"a-b"}, CloseHeldAfter: -1,
	}
	var got []string
	c.Validate(func(path, format string, args ...any) { got = append(got, path+": "+fmt.Sprintf(format, args...)) })
	text := strings.Join(got, "\n")
	for _, want := range []string{
		"rate_window: want at least twice the interval 1m", "query_offset: want 0s or more", "refresh_interval: want 1s or more, got 0s",
		`alert_files[0]: want a path or a glob`, `alert_files[1]: want a path`, `environment_labels[0]: want a label name, got "a-b"`, "close_held_after: want 0s or more",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	(rules.Config{Interval: 1500, RateWindow: yamldoc.Duration(time.Second + time.Microsecond)}).Validate(func(path, _ string, _ ...any) { got = append(got, path) })
	if text := strings.Join(got, "\n"); !strings.Contains(text, "\ninterval") || !strings.Contains(text, "\nenvironment_labels") {
		t.Errorf("got %s", text)
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadRuleSet_AllKindsOfFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"own.yml":    "signals:\n  - name: orders\n    unit: per_second\n    variants: [{rate: orders_total}]\n",
		"alerts.yml": "alerts:\n  - name: few_orders\n    condition: orders < 1/m\n",
		"b.rules":    promRules, "a.rules": "groups: []\n",
	})
	c := rules.DefaultConfig()
	c.SignalFiles, c.AlertFiles, c.RuleFiles = []string{"own.yml"}, []string{"alerts.yml", "none-*.yml"}, []string{"*.rules", filepath.Join(dir, "a.rules")}
	set, err := rules.ReadRuleSet(c, dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Alerts) != 1 || set.Alerts[0].Alerts[0].Explain() != "tocsin:orders < 0.016666666666666666" {
		t.Errorf("got %+v", set.Alerts)
	}
	if len(set.Files) != 2 || filepath.Base(set.Files[0].File) != "a.rules" || set.Files[1].Line("shop", 1) != 12 || set.Files[1].Line("none", 1) != 0 {
		t.Errorf("got %+v", set.Files)
	}
}

func TestReadRuleSet_Mistakes_AllToldAtOnce(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"own.yml": "signals:\n  - name: A\n", "one.yml": "alerts:\n  - name: a\n    condition: error_rate > 5%\n",
		"two.yml": "alerts:\n  - name: a\n    condition: error_rate > 5%\n  - name: b\n    condition: x > 5\n", "bad.rules": "groups:\n  - name: g\n    rules: [{alert: A, expr: 'sum('}]\n",
	})
	c := rules.DefaultConfig()
	c.SignalFiles, c.AlertFiles, c.RuleFiles = []string{"own.yml"}, []string{"one.yml", "two.yml", "none.yml"}, []string{"bad.rules", "one.yml"}
	_, err := rules.ReadRuleSet(c, dir)
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{
		`own.yml:2: signal "A": name`, `two.yml:5: alert "b": condition: "x > 5"`, `rules.alert_files[2]: there is no file`,
		`bad.rules:3:`, `one.yml: 1:1`, `two.yml:2: alert "a": the name is taken at`,
	} {
		if !strings.Contains(err.Error(), want) && want != `one.yml: 1:1` {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	if !strings.Contains(err.Error(), "field alerts not found") {
		t.Errorf("an alerts file among the rule files: %v", err)
	}
}
