package config_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/tocsinhq/tocsin/change/stage"
	"github.com/tocsinhq/tocsin/config"
)

// TestDocs_Changes_BlocksLoad loads every block of docs/changes.md that is YAML.
func TestDocs_Changes_BlocksLoad(t *testing.T) {
	text, err := os.ReadFile("../docs/changes.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) < 2 {
		t.Fatalf("found %d blocks in docs/changes.md", len(blocks))
	}
	for _, b := range blocks {
		c := config.Default()
		if errs := config.Overlay(&c, "docs/changes.md", b[1]); len(errs) > 0 {
			t.Errorf("%v in\n%s", errs, b[1])
		}
	}
	stages := regexp.MustCompile("(?s)```\n(stages:.*?)```").FindSubmatch(text)
	if stages == nil {
		t.Fatal("no stages in docs/changes.md")
	}
	if _, errs := stage.Parse("docs/changes.md", stages[1]); len(errs) > 0 {
		t.Error(errs)
	}
}
