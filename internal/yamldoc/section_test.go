package yamldoc_test

import (
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

// TestDocument_Only_KeepsTheLines: what another program's loader gets stands in the
// same lines, whatever ends them.
func TestDocument_Only_KeepsTheLines(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		src := []byte("\ufeff" + strings.Join([]string{"mine_route: # theirs", "  a: 1", "other: 2", "mine_list:", "  - x", "last: 3"}, end))
		doc, errs := yamldoc.Parse("a.yml", src)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		found := doc.Sections([]string{"absent", "mine_list", "mine_route"})
		if len(found) != 2 || found[0].Path() != "mine_route" {
			t.Fatalf("got %v", found)
		}
		text, errs := doc.Only(found, src, "theirs.yml", func(key string) string { return strings.TrimPrefix(key, "mine_") })
		want := strings.Join([]string{"route: # theirs", "  a: 1", "\nlist:", "  - x", ""}, end)
		if len(errs) > 0 || string(text) != want {
			t.Errorf("%q: got %q, %v; want %q", end, text, errs, want)
		}
	}
}

func TestDocument_Only_NeedsLinesOfTheirOwn(t *testing.T) {
	for _, src := range []string{"{a: 1, b: 2}", "\"a\": 1", "  a: 1"} {
		doc, errs := yamldoc.Parse("a.yml", []byte(src))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		_, errs = doc.Only(doc.Sections([]string{"a"}), []byte(src), "theirs.yml", nil)
		if len(errs) != 1 || !strings.Contains(errs.Error(), "beginning at the margin, as in theirs.yml") {
			t.Errorf("%s: got %v", src, errs)
		}
	}
}

func TestNames_OneOrMany(t *testing.T) {
	for src, want := range map[string]string{"a: x": "x", "a: [x, y]": "x,y", "a: []": ""} {
		doc, errs := yamldoc.Parse("a.yml", []byte(src))
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		var got struct {
			A yamldoc.Names `yaml:"a"`
		}
		if errs := doc.Decode(&got); len(errs) > 0 || strings.Join(got.A, ",") != want {
			t.Errorf("%s: got %v, %v", src, got.A, errs)
		}
	}
}
