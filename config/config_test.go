package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/config"
)

func load(t *testing.T, text string) (config.Config, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tocsin.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, errs := config.Load(path)
	if len(errs) > 0 {
		return c, errs.Error()
	}
	return c, ""
}

func TestLoad_EmptyFile_IsTheDefault(t *testing.T) {
	c, errs := load(t, "")
	if errs != "" || !reflect.DeepEqual(c, config.Default()) {
		t.Errorf("got %s and %+v", errs, c)
	}
	config.Default().Validate(func(path, format string, args ...any) {
		t.Errorf("the default is wrong at %s: "+format, append([]any{path}, args...)...)
	})
}

func TestLoad_OneField_LeavesTheRest(t *testing.T) {
	t.Setenv("TOCSIN_TEST_HOST", "tocsin.example.com")
	c, errs := load(t, "web: {external_url: \"https://${TOCSIN_TEST_HOST}\"}\nstorage: {limits: {max_series: 7}}\n")
	want := config.Default()
	want.Web.ExternalURL = "https://tocsin.example.com"
	want.Storage.Limits.MaxSeries = 7
	if errs != "" || !reflect.DeepEqual(c, want) {
		t.Errorf("got %s and %+v", errs, c)
	}
}

// One wrong value in each section, each reported with its line.
func TestLoad_EverySection_IsChecked(t *testing.T) {
	_, errs := load(t, `web: {max_connections: 0}
storage: {wal_compression: lzma}
ingest: {max_body: 0B}
services: {labels: []}
detector: {budget: 0}
rules: {interval: 0s}
incidents: {flap_changes: 1}
root_cause: {window: -1h}
notify: {min_severity: loud}
scrape: {max_body: 0B}
scrape_configs:
  - job_name: a
    scrape_intervall: 1s
nothing: {}
web2: ${TOCSIN_TEST_UNSET}
`)
	for i, want := range []string{
		":1: web.max_connections", ":2: storage.wal_compression", ":3: ingest.max_body", ":4: services.labels", ":5: detector.budget",
		":6: rules.interval", ":7: incidents.flap_changes", ":8: root_cause.window", ":9: notify.min_severity", ":10: scrape.max_body",
		":13: scrape_configs[0]: unknown field", ":14: nothing", ":15: ",
	} {
		if !strings.Contains(errs, want) {
			t.Errorf("line %d: want %q in\n%s", i+1, want, errs)
		}
	}
	lines := strings.Split(strings.TrimSpace(errs), "\n")
	for i := 1; i < len(lines) && i < 13; i++ {
		if !strings.Contains(lines[i], "tocsin.yml:") {
			t.Errorf("line without a place: %s", lines[i])
		}
	}
}

// Sections of prometheus.yml stand in the file as they are: relabelling writes $1
// and ${1}, which is no variable of the environment.
func TestLoad_SectionsOfPrometheus_AreVerbatim(t *testing.T) {
	c, errs := load(t, `web: {max_connections: 9}
global: {scrape_interval: 7s}
scrape_configs:
  - job_name: a
    static_configs: [{targets: ["a:1"]}]
    relabel_configs: [{source_labels: [x], target_label: y, replacement: "${1}"}]
remote_write:
  - url: http://other/api/v1/write
`)
	got := c.Prometheus.Loaded()
	if errs != "" || len(got.ScrapeConfigs) != 1 || len(got.RemoteWriteConfigs) != 1 || c.Web.MaxConnections != 9 {
		t.Fatalf("got %s and %+v", errs, got)
	}
	if r := got.ScrapeConfigs[0].RelabelConfigs[0].Replacement; r != "${1}" {
		t.Errorf("replacement: got %q", r)
	}
}

func TestLoad_FileThatIsNotThere_OrNoYAML(t *testing.T) {
	if _, errs := config.Load("/nowhere/tocsin.yml"); len(errs) != 1 || !strings.Contains(errs.Error(), "/nowhere/tocsin.yml") {
		t.Errorf("got %v", errs)
	}
	if _, errs := load(t, "web: [\n"); !strings.Contains(errs, "tocsin.yml:1") {
		t.Errorf("got %s", errs)
	}
}
