package yamldoc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// FuzzDecode holds that no text makes Parse or Decode panic or stand still, that
// every error names the file, and that a Document finds a line for every path.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/seed/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	for _, src := range []string{
		"a: &a {<<: *a}", "[[[{", "? x", "- - -", "!!str", "&a", "*a", "a: |\n", "%YAML 1.2", "\t", "'", "${", "$$", "a: ${A}",
		"alerts: [{name: x, duration: 5m}]", "<<: [1]", "a: 0x", "---\n---\n", "a: !!int\n", "\"a\\x\"", "{a, b: , c}",
	} {
		f.Add([]byte(src))
	}
	env := func(name string) (string, bool) { return strings.ToLower(name), name != "" && name[0] != 'X' }
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 4096 {
			return
		}
		doc, errs := yamldoc.Parse("f.yml", src, yamldoc.WithEnv(env), yamldoc.WithNoun("alerts", "alert"))
		if (doc == nil) == (len(errs) == 0) {
			t.Fatalf("want a document or errors, got %v and %v", doc, errs)
		}
		if doc == nil {
			return
		}
		var typed target
		var free any
		for _, e := range append(doc.Decode(&typed), doc.Decode(&free)...) {
			if !strings.HasPrefix(e.Error(), "f.yml:") || e.Line < 1 || e.Msg == "" {
				t.Errorf("error without a place: %#v", e)
			}
			if at := doc.Line(e.Path); at < 1 {
				t.Errorf("path %q: got line %d", e.Path, at)
			}
		}
	})
}
