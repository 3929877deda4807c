package demo_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/tocsinhq/tocsin/demo"
)

func TestWriteConfig_NamesTheAlertsAndTheStub(t *testing.T) {
	dir := t.TempDir()
	path, err := demo.WriteConfig(dir, "http://127.0.0.1:4711/api/")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := yaml.Unmarshal(text, &got); err != nil {
		t.Fatalf("not YAML: %v\n%s", err, text)
	}
	for _, want := range []string{"http://127.0.0.1:4711/api/", filepath.Join(dir, "alerts.yml")} {
		if !strings.Contains(string(text), `"`+want+`"`) {
			t.Errorf("the configuration lacks %q:\n%s", want, text)
		}
	}
	alerts, err := os.ReadFile(filepath.Join(dir, "alerts.yml"))
	if err != nil || string(alerts) != demo.Alerts() {
		t.Errorf("alerts.yml: %v, %q", err, alerts)
	}
	if _, err := demo.WriteConfig(filepath.Join(dir, "none"), "x"); err == nil {
		t.Error("WriteConfig into a folder that is not there: want an error")
	}
}
