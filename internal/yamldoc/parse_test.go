package yamldoc_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/internal/yamldoc"
)

func TestParse_UsersOwnFiles_AreRead(t *testing.T) {
	files, err := filepath.Glob("testdata/seed/*.yml")
	if err != nil || len(files) != 7 {
		t.Fatalf("want seven files in testdata/seed, got %v %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			doc, errs := yamldoc.Parse(file, src)
			if err := errs.Err(); err != nil {
				t.Fatal(err)
			}
			var all map[string]any
			if errs := doc.Decode(&all); len(errs) > 0 || len(all) != 1 {
				t.Errorf("got %v, errors %v", all, errs)
			}
		})
	}
}

func TestParse_WrongText_SaysWhere(t *testing.T) {
	deep := strings.Repeat("[", 65) + strings.Repeat("]", 65)
	var steps strings.Builder
	for i := range 66 {
		fmt.Fprintf(&steps, "%sa:\n", strings.Repeat(" ", i))
	}
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 9; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	tests := []struct{ name, src, want string }{
		{"not YAML", "a: 1\nb: [1\n", "t.yml:2: not valid YAML: "},
		{"two documents", "a: 1\n---\nb: 2\n", "t.yml:3: want one document per file, got a second one"},
		{"not UTF-8", "a: 1\nb: \xff\n", "t.yml:2: want UTF-8 text, got byte 0xff"},
		{"too long", strings.Repeat("#", 4<<20+1), "t.yml: want at most 4MiB of YAML, got 4194305 bytes"},
		{"too many levels in a line", deep, "want at most 64 levels"},
		{"far too many levels", strings.Repeat("[", 100_000), "want at most 64 levels"},
		{"too many levels by indent", steps.String(), "want at most 64 levels"},
		{"too many lists in lists", strings.Repeat("- ", 100_000), "want at most 64 levels"},
		{"alias bomb", bomb.String(), "with all aliases written out"},
		{"alias in its own anchor", "a: &a\n  b: *a\n", "t.yml:2: a.b: alias *a stands inside its own anchor"},
		{"alias without anchor", "a: *b\n", "t.yml:1: a: alias *b: want an anchor &b before it, got none"},
		{"unknown tag", "a: !secret x\n", "t.yml:1: a: want no tag or a plain one such as !!str, got !secret"},
		{"many tags", "a: " + strings.Repeat("!x ", 10_000), "want one anchor and one tag"},
		{"question mark", "? a\n: b\n", `t.yml:1: want "key: value", got a "?" that starts a key`},
		{"long text of empty lines", "a: 1\nb: |\n" + strings.Repeat("\n", 1_000_000), "t.yml:2: want at most 2000 lines and 64KiB in a text after | or >"},
		{"long text of one line", "- >- # why\n  " + strings.Repeat("x", 70_000), "t.yml:1: want at most 2000 lines"},
		{"long text of a document", "--- |\n" + strings.Repeat("x\n", 3_000), "t.yml:1: want at most 2000 lines"},
		{"unclosed list of quotes", "[" + strings.Repeat("\"a\",", 100_000), "t.yml:1: not valid YAML: sequence end token ']' not found"},
		{"wide mapping", wide(20_001), "want at most 20000 keys in one mapping"},
		{"many empty elements", strings.Repeat("-\n", 10_000), "want at most 5000 keys and list elements without a value"},
		{"many lone keys in braces", "{" + strings.Repeat("[a]: 1,b,{c},", 5_000) + "}", "want at most 5000 keys and list elements without a value"},
		{"many empty values in braces", "{" + strings.Repeat("a: ,", 10_000) + "}", "want at most 5000 keys and list elements without a value"},
		{"many empty values", strings.Repeat("- a:\n", 10_000), "want at most 5000 keys and list elements without a value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc, errs := yamldoc.Parse("t.yml", []byte(tt.src))
			if doc != nil || !strings.Contains(errs.Error(), tt.want) {
				t.Errorf("got %v %q, want %q", doc, errs.Error(), tt.want)
			}
		})
	}
}

func wide(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d: 1\n", i)
	}
	return b.String()
}

func TestParse_HarmlessOddities_AreRead(t *testing.T) {
	tests := []struct{ name, src string }{
		{"byte order mark", "\ufeffnote: x\n"},
		{"document header", "---\nnote: x\n"},
		{"document end", "note: x\n...\n"},
		{"version directive", "%YAML 1.2\n---\nnote: x\n"},
		{"carriage returns", "note: x\r\non: true\r\n"},
		{"comments", "# a\nnote: x # b\n# c\n"},
		{"text in blocks", "note: |-\n  a\n\n  b\ncount: 1\n" + strings.Repeat("# c\n", 3_000)},
		{"flow style", "{note: x, on: true}"},
		{"plain tags", "note: !!str x\ncount: !!int 5\n"},
		{"text of a number", "note: !!str 5\n"},
		{"quoted key", "\"note\": x\n"},
		{"64 levels", "free: " + strings.Repeat("[", 62) + strings.Repeat("]", 62)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := decode(t, tt.src, &target{}); got != "" {
				t.Error(got)
			}
		})
	}
}

func TestParse_AliasesAndMergeKeys_AreWrittenOut(t *testing.T) {
	src := `
free:
  base: &base {interval: 1m, note: base}
  other: &other {note: other, team: shop}
  a:
    <<: [*base, *other]
    note: own
  b: *base
  c:
    <<: *other
`
	var got struct {
		Free map[string]map[string]string `yaml:"free"`
	}
	if errs := decode(t, src, &got); errs != "" {
		t.Fatal(errs)
	}
	for path, want := range map[[2]string]string{
		{"a", "note"}: "own", {"a", "interval"}: "1m", {"a", "team"}: "shop",
		{"b", "note"}: "base", {"c", "team"}: "shop", {"c", "note"}: "other",
	} {
		if got := got.Free[path[0]][path[1]]; got != want {
			t.Errorf("%v: got %q, want %q", path, got, want)
		}
	}
	for _, src := range []string{"free:\n  <<: 5\n", "free:\n  <<: [{a: 1}, 5]\n"} {
		if got := decode(t, src, &target{}); !strings.Contains(got, "t.yml:2: free.<<") && !strings.Contains(got, "want an alias of a mapping, or a list of such") {
			t.Errorf("got %q", got)
		}
	}
}

func TestParse_Env_ExpandsValues(t *testing.T) {
	env := func(name string) (string, bool) {
		v, ok := map[string]string{"PORT": "8080", "TOKEN": "hunter2", "EMPTY": ""}[name]
		return v, ok
	}
	var got target
	src := "note: pre-${TOKEN}-$$-$x-${EMPTY}\nport: \"${PORT}\"\ncount: 5\ntoken: ${TOKEN}\n"
	if errs := decode(t, src, &got, yamldoc.WithEnv(env)); errs != "" {
		t.Fatal(errs)
	}
	if got.Note != "pre-hunter2-$-$x-" || got.Port != 8080 || got.Token.Reveal() != "hunter2" {
		t.Errorf("got %+v", got)
	}
	if errs := decode(t, "note: a$${TOKEN}$$\n", &got); errs != "" || got.Note != "a$${TOKEN}$$" {
		t.Errorf("without the option a $ is a $, got %q %q", got.Note, errs)
	}
	errs := decode(t, "alerts: []\nnote: ${NO_SUCH} ${NOR_THIS}\ncount: ${TOKEN}\nfree: ${A B}\non: ${UNSET}\nsince: ${TOKEN}\ninterval: ${TOKEN}\n", &got, yamldoc.WithEnv(env))
	want := `t.yml:2: note: environment variable NO_SUCH is not set; set it, or write $${NO_SUCH} for the text itself
t.yml:2: note: environment variable NOR_THIS is not set; set it, or write $${NOR_THIS} for the text itself
t.yml:3: count: want a whole number, got "${TOKEN}"
t.yml:4: free: want ${NAME} with letters, digits and _, got "${A B"; write $$ for a plain $
t.yml:5: on: environment variable UNSET is not set; set it, or write $${UNSET} for the text itself
t.yml:6: since: want a time such as "2026-01-31T15:04:05Z", got "${TOKEN}"
t.yml:7: interval: want a duration such as "5m", got "${TOKEN}"`
	if errs != want {
		t.Errorf("got\n%s\nwant\n%s", errs, want)
	}
}

func BenchmarkDecode_3MiB(b *testing.B) {
	var src strings.Builder
	for i := 0; src.Len() < 3<<20; i++ {
		fmt.Fprintf(&src, "- name: a%d\n  duration: 5m\n  channels: [slack, email]\n", i)
	}
	b.SetBytes(int64(src.Len()))
	for b.Loop() {
		var got []alert
		doc, errs := yamldoc.Parse("t.yml", []byte(src.String()))
		if len(errs) > 0 {
			b.Fatal(errs)
		}
		if errs := doc.Decode(&got); len(errs) > 0 {
			b.Fatal(errs)
		}
	}
}
