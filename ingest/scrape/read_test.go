package scrape_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/scrape"
	"github.com/tocsinhq/tocsin/internal/promfile"
)

// files writes files into a folder of the test; names and texts in turn.
func files(t *testing.T, pairs ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(pairs); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, pairs[i]), []byte(pairs[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func readAll(t *testing.T, dir string, names ...string) (scrape.Jobs, error) {
	t.Helper()
	c := scrape.DefaultConfig()
	c.ConfigFiles = names
	return scrape.Read(c, promfile.Document{}, dir)
}

func TestRead_WholePrometheusFile_SaysWhatIsNotUsed(t *testing.T) {
	dir := files(t, "prometheus.yml", `
global: {evaluation_interval: 5s, external_labels: {a: b}}
rule_files: [x.yml]
scrape_configs: [{job_name: a}, {job_name: web, http_sd_configs: [{url: "http://127.0.0.1:1"}]}]
scrape_config_files: ["jobs*.yml"]
alerting: {}
remote_write: [{url: "http://x/"}]
storage: {exemplars: {max_exemplars: 5}}
`, "jobs1.yml", "scrape_configs:\n  - job_name: b\n    dns_sd_configs: [{names: [x.example.com]}]\n", "jobs2.yml", "scrape_configs: []\n")
	j, err := readAll(t, dir, "prometheus.yml")
	if err != nil || j.Len() != 3 {
		t.Fatalf("got %d jobs, %v", j.Len(), err)
	}
	notes := strings.Join(j.Notes, "\n")
	for _, want := range []string{
		"not used is rule_files (name the files under rules.rule_files)", "not used is alerting", "not used is remote_write",
		"not used is storage", "external_labels are for senders", "global.evaluation_interval has no effect; instead there is rules.interval",
	} {
		if !strings.Contains(notes, want) {
			t.Errorf("want %q in\n%s", want, notes)
		}
	}
}

func TestRead_Errors_NameFileAndJob(t *testing.T) {
	dir := files(t,
		"twice.yml", "scrape_configs: [{job_name: a}]\n",
		"again.yml", "scrape_configs: [{job_name: a}]\n",
		"line.yml", "scrape_configs:\n  - job_name: c\n    x: 1\n",
		"tls.yml", "scrape_configs:\n  - job_name: d\n    tls_config: {ca_file: nowhere.pem}\n",
		"main.yml", "scrape_config_files: [part.yml]\n",
		"part.yml", "scrape_configs:\n  - job_name: e\n    y: 1\n",
	)
	_, err := readAll(t, dir, "twice.yml", "again.yml", "line.yml", "tls.yml", "main.yml", "none.yml")
	if err == nil {
		t.Fatal("want errors")
	}
	for _, want := range []string{
		filepath.Join(dir, "again.yml") + `: the name of job "a" is taken in ` + filepath.Join(dir, "twice.yml"),
		filepath.Join(dir, "line.yml") + `:3: scrape_configs[0]: unknown field "x"`,
		filepath.Join(dir, "tls.yml") + `: job "d": `, "nowhere.pem",
		filepath.Join(dir, "part.yml") + `:3: scrape_configs[0]: unknown field "y"`,
		"scrape.config_files[5]: ", "none.yml",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("want %q in\n%v", want, err)
		}
	}
}

func TestConfig_Validate(t *testing.T) {
	c := scrape.Config{ConfigFiles: []string{"", "a[", "ok.yml"}}
	var got []string
	c.Validate(func(path, _ string, _ ...any) { got = append(got, path) })
	if strings.Join(got, " ") != "config_files[0] config_files[1] max_body" {
		t.Errorf("got %v", got)
	}
	scrape.DefaultConfig().Validate(func(path, _ string, _ ...any) { t.Errorf("the default is wrong at %s", path) })
}
