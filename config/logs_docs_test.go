package config_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/config"
)

func TestDocs_LogTemplates_BlocksAreLoadedAsTheyStand(t *testing.T) {
	text, err := os.ReadFile("../docs/logs-templates.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllSubmatch(text, -1)
	if len(blocks) == 0 {
		t.Fatal("no YAML in docs/logs-templates.md")
	}
	for _, b := range blocks {
		c := config.Default()
		if errs := config.Overlay(&c, "docs/logs-templates.md", b[1]); len(errs) > 0 {
			t.Error(errs)
		}
		if c.LogTemplates.MaxPerService != 4000 || time.Duration(c.LogWatch.Learn) != time.Hour {
			t.Errorf("got %+v, %+v", c.LogTemplates, c.LogWatch)
		}
	}
}

func TestOverlay_LogSettingsAreChecked(t *testing.T) {
	c := config.Default()
	errs := config.Overlay(&c, "tocsin.yml", []byte("log_templates: {max_templates: 5, vary_after: 99}\nlog_watch: {learn: 1s, false_share: 2, series: -1}\n"))
	all := errs.Error()
	for _, want := range []string{"log_templates.max_templates: want 100 to 1000000, got 5", "vary_after: want 3 to 16, got 99",
		"log_watch.learn: want 10m to 1w, got 1s", "false_share: want 0.000001 to 0.1, got 2", "series: want 0 to 100, got -1"} {
		if !strings.Contains(all, want) {
			t.Errorf("no error %q in\n%s", want, all)
		}
	}
}
