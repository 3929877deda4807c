package rules_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/rules"
)

func TestSignalOf_OnlyRecordedNamesOfTheCatalogue(t *testing.T) {
	s := newStory(t, "load 1m\n  up 1\n")
	s.start()
	if _, ok := s.engine.SignalOf("tocsin:error_rate"); ok {
		t.Error("a signal before any rules are loaded")
	}
	s.load(rules.RuleSet{Catalogue: catalogue(t)})
	for name, want := range map[string]bool{"tocsin:error_rate": true, "error_rate": false, "tocsin:nothing": false, "": false} {
		sig, ok := s.engine.SignalOf(name)
		if ok != want || ok && sig.Metric() != name {
			t.Errorf("%q: got %v %q, want %v", name, ok, sig.Name, want)
		}
	}
	for want, l := range map[string]labels.Labels{
		"prod":  labels.FromStrings("env", "prod", "deployment_environment", "x"),
		"stage": labels.FromStrings("environment", "stage", "env", "prod"),
		"":      labels.FromStrings("zone", "a", "env", ""),
	} {
		if got := s.engine.Environment(l); got != want {
			t.Errorf("%s: got environment %q, want %q", l, got, want)
		}
	}
}

func TestFileKind(t *testing.T) {
	dir := t.TempDir()
	for _, tt := range []struct {
		body string
		kind rules.Kind
		says string
	}{
		{"alerts: []\n", rules.KindAlerts, ""},
		{"# a comment\ngroups: []\n", rules.KindGroups, ""},
		{"signals: []\n", rules.KindSignals, ""},
		{"alerts: []\ngroups: []\n", "", `got ["alerts" "groups"]`},
		{"route: {}\n", "", `got ["route"]`},
		{"", "", "got []"},
		{"[1]\n", "", "got []"},
		{"alerts: [\n", "", "f.yml:1"},
	} {
		path := filepath.Join(dir, "f.yml")
		if err := os.WriteFile(path, []byte(tt.body), 0o600); err != nil {
			t.Fatal(err)
		}
		kind, err := rules.FileKind(path)
		if kind != tt.kind || (err == nil) != (tt.says == "") || err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: got %q, %v; want %q, %q", tt.body, kind, err, tt.kind, tt.says)
		}
	}
	if _, err := rules.FileKind(filepath.Join(dir, "none.yml")); err == nil || !strings.Contains(err.Error(), "none.yml") {
		t.Errorf("a file that is not there: got %v", err)
	}
}
