package promfile_test

import (
	"strings"
	"testing"
	"time"

	_ "github.com/prometheus/prometheus/discovery/file" // file_sd_configs
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/internal/promfile"
	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

const whole = `
global:
  scrape_interval: 7s
  external_labels: {region: eu}
rule_files: [rules.yml]
scrape_configs:
  - job_name: node
    file_sd_configs: [{files: [targets/*.json]}]
    basic_auth: {username: u, password_file: secret}
  - job_name: app
    scrape_interval: 30s
    static_configs: [{targets: ["a:1"]}]
    relabel_configs:
      - source_labels: [__address__]
        regex: (.*):1
        target_label: instance
        replacement: ${1}
alerting: {}
remote_write: [{url: "http://other/api/v1/write"}]
`

func TestParse_WholeFile_IsReadAsPrometheusReadsIt(t *testing.T) {
	c, errs := promfile.Parse("/etc/prometheus/prometheus.yml", []byte(whole))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if len(c.ScrapeConfigs) != 2 || time.Duration(c.ScrapeConfigs[0].ScrapeInterval) != 7*time.Second {
		t.Errorf("got %+v", c.ScrapeConfigs)
	}
	if got := c.ScrapeConfigs[0].HTTPClientConfig.BasicAuth.PasswordFile; got != "/etc/prometheus/secret" {
		t.Errorf("file with the password: got %q", got)
	}
	if got := strings.Join(promfile.Unused([]byte(whole)), " "); got != "rule_files alerting remote_write" {
		t.Errorf("unused: got %q", got)
	}
}

func TestParse_EveryError_HasItsLine(t *testing.T) {
	for _, tt := range []struct{ name, src, want string }{
		{"unknown field", "scrape_configs:\n  - job_name: a\n    scrape_intervall: 1s\n", `p.yml:3: scrape_configs[0]: unknown field "scrape_intervall"`},
		{"unknown section", "global: {}\nscrape_config: []\n", `p.yml:2: unknown field "scrape_config"`},
		{"discovery", "scrape_configs:\n  - job_name: a\n    consul_sd_configs: [{server: x}]\n",
			"p.yml:3: scrape_configs[0]: consul_sd_configs is a kind of discovery that is not built in; there are file_sd_configs, static_configs; others can write their targets to a file for file_sd_configs or serve them for http_sd_configs"},
		{"job's own rule", "scrape_configs:\n  - job_name: a\n  - job_name: b\n    scrape_interval: 1s\n    scrape_timeout: 2s\n",
			`p.yml:3: scrape_configs[1]: scrape timeout greater than scrape interval for scrape config with job name "b"`},
		{"job without a line", "scrape_configs:\n  - job_name: a\n  - job_name: b\n    relabel_configs: [{action: replace}]\n", "p.yml:3: scrape_configs[1]: "},
		{"name twice", "scrape_configs:\n  - job_name: a\n\n  - job_name: a\n", `p.yml:4: found multiple scrape configs with job name "a"`},
		{"global", "global:\n  scrape_interval: soon\nscrape_configs:\n  - job_name: a\n", `p.yml:1: global: not a valid duration string: "soon"`},
		{"remote write", "remote_write:\n  - url: http://a/\n  - name: x\n", "p.yml:3: remote_write[1]: url for remote_write is empty"},
		{"two at once", "scrape_configs:\n  - job_name: a\n    x: 1\n  - job_name: b\n    y: 1\n",
			"p.yml:3: scrape_configs[0]: unknown field \"x\"\np.yml:5: scrape_configs[1]: unknown field \"y\""},
		{"syntax", "scrape_configs:\n  - a: [\n", "p.yml:2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, errs := promfile.Parse("p.yml", []byte(tt.src))
			if c != nil || len(errs) == 0 {
				t.Fatal("want errors, got none")
			}
			if got := errs.Error(); !strings.HasPrefix(got, tt.want) || strings.Contains(tt.want, "\n") && got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// Jobs may share parts by anchors, which no longer fit when each is looked at alone.
func TestParse_AnchorsBetweenJobs_AreNoError(t *testing.T) {
	src := "scrape_configs:\n  - job_name: a\n    relabel_configs: &same\n      - {target_label: x, replacement: y}\n" +
		"  - job_name: b\n    relabel_configs: *same\n  - job_name: c\n    nonsense: 1\n"
	_, errs := promfile.Parse("p.yml", []byte(src))
	if got := errs.Error(); got != `p.yml:8: scrape_configs[2]: unknown field "nonsense"` {
		t.Errorf("got %s", got)
	}
}

func TestScrapeFile_TakesGlobalsOfTheMainFile(t *testing.T) {
	jobs, errs := promfile.ScrapeFile("dir/jobs.yml", []byte("scrape_configs:\n  - job_name: a\n    file_sd_configs: [{files: [t.json]}]\n"), []byte(whole))
	if len(errs) > 0 || len(jobs) != 1 || time.Duration(jobs[0].ScrapeInterval) != 7*time.Second {
		t.Fatalf("got %v, %+v", errs, jobs)
	}
	_, errs = promfile.ScrapeFile("jobs.yml", []byte("global: {}\nscrape_configs: []\n"), nil)
	if got := errs.Error(); !strings.HasPrefix(got, "jobs.yml:1: global: want only scrape_configs") {
		t.Errorf("got %s", got)
	}
	_, errs = promfile.ScrapeFile("jobs.yml", []byte("scrape_configs:\n  - job_name: a\n    scrape_timeout: 8s\n"), []byte(whole))
	if got := errs.Error(); !strings.HasPrefix(got, "jobs.yml:2: scrape_configs[0]: scrape timeout greater") {
		t.Errorf("got %s", got)
	}
}

func inline(t *testing.T, src string) (promfile.Document, yamldoc.Errors) {
	t.Helper()
	doc, errs := yamldoc.Parse("tocsin.yml", []byte(src), yamldoc.WithVerbatim(promfile.Sections()...),
		yamldoc.WithEnv(func(string) (string, bool) { return "", false }))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return promfile.Inline(doc, []byte(src))
}

func TestInline_SectionsAmongOthers(t *testing.T) {
	d, errs := inline(t, `web: {max_connections: 3}
global:
  scrape_interval: 7s
  external_labels: {region: eu}
rules:
  interval: 5s
scrape_configs:
  - job_name: a
    static_configs: [{targets: ["a:1"]}]
    relabel_configs: [{source_labels: [a], target_label: b, replacement: "${1}"}]
# the last
remote_write:
  - url: http://other/api/v1/write
notify: {}
`)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	c := d.Config
	if len(c.ScrapeConfigs) != 1 || len(c.RemoteWriteConfigs) != 1 || !labels.Equal(c.GlobalConfig.ExternalLabels, labels.FromStrings("region", "eu")) {
		t.Errorf("got %+v", c)
	}
	if got := c.ScrapeConfigs[0].RelabelConfigs[0].Replacement; got != "${1}" {
		t.Errorf("replacement: got %q", got)
	}
	if d, errs := inline(t, "web: {}\n"); len(errs) > 0 || len(d.Loaded().ScrapeConfigs) != 0 || len(d.Text) != 0 {
		t.Errorf("without sections: %v %+v", errs, d)
	}
}

func TestInline_Errors_HaveTheLinesOfTheWholeFile(t *testing.T) {
	for src, want := range map[string]string{
		"web: {}\n\nscrape_configs:\n  - job_name: a\n    x: 1\n":           `tocsin.yml:5: scrape_configs[0]: unknown field "x"`,
		"web: {}\nremote_write:\n  - name: a\nrules: {}\nglobal:\n  x: 1\n": `tocsin.yml:6: global: unknown field "x"`,
		"{web: {}, scrape_configs: []}\n":                                   "tocsin.yml:1: scrape_configs: want this section in lines of its own, beginning at the margin, as in prometheus.yml",
	} {
		_, errs := inline(t, src)
		if got := errs.Error(); got != want {
			t.Errorf("%q:\ngot  %s\nwant %s", src, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add("scrape_configs:\n  - job_name: a\n    x: 1\n")
	f.Add("global: &a\n  x: *a\n")
	f.Add("\rscrape_configs:") // a line can end in \r alone
	f.Fuzz(func(t *testing.T, src string) {
		c, errs := promfile.Parse("p.yml", []byte(src))
		if (c == nil) != (len(errs) > 0) {
			t.Errorf("got config %v and errors %v", c != nil, errs)
		}
		promfile.Unused([]byte(src))
		doc, bad := yamldoc.Parse("p.yml", []byte(src))
		if len(bad) == 0 {
			promfile.Inline(doc, []byte(src))
		}
	})
}
