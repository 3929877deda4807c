package config_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/config"
)

// TestDocs_LogsReceiving_BlocksLoad loads every YAML block of docs/logs-receiving.md.
func TestDocs_LogsReceiving_BlocksLoad(t *testing.T) {
	t.Setenv("TOCSIN_LOG_TOKEN", "a-token-of-some-length")
	text, err := os.ReadFile("../docs/logs-receiving.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(text), "```yaml\n")[1:]
	if len(blocks) < 5 {
		t.Errorf("%d blocks, want at least 5", len(blocks))
	}
	for i, b := range blocks {
		b, _, _ = strings.Cut(b, "```")
		c := config.Default()
		if errs := config.Overlay(&c, "block", []byte(b)); len(errs) > 0 {
			t.Errorf("block %d:\n%s%v", i+1, b, errs.Err())
		}
	}
}
