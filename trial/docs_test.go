package trial_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/tocsinhq/tocsin/trial"
)

var block = regexp.MustCompile("(?ms)^```yaml\n# (\\S+)\n(.*?)^```$")

// TestRun_PageOnTesting_Holds runs the tests that docs/testing-rules.md shows with
// the rules that it shows.
func TestRun_PageOnTesting_Holds(t *testing.T) {
	page, err := os.ReadFile("../docs/testing-rules.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, m := range block.FindAllSubmatch(page, -1) {
		if err := os.WriteFile(filepath.Join(dir, string(m[1])), m[2], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := trial.Run(t.Context(), trial.Options{Files: []string{filepath.Join(dir, "tests.yml")}, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if !got[0].OK() || len(got[0].Groups) != 3 || len(got[0].Notes) > 0 {
		t.Error(text(t, got[0]))
	}
}
