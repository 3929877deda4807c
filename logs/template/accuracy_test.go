package template_test

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/logs/template"
)

// labelled is a line and the template that a person gave it.
type labelled struct{ line, want string }

// excerpt reads testdata/excerpt.tsv: lines written for this test after the formats of
// common programs, with their templates; Apache-2.0 as the rest.
func excerpt(t *testing.T) []labelled {
	t.Helper()
	b, err := os.ReadFile("testdata/excerpt.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []labelled
	for _, row := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		line, want, ok := strings.Cut(row, "\t")
		if !ok {
			t.Fatalf("testdata/excerpt.tsv: no tab in %q", row)
		}
		all = append(all, labelled{line, want})
	}
	return all
}

// right returns the shares of lines in a group of exactly their label's lines, and of
// lines whose template reads as labelled.
func right(all []labelled) (groups, texts float64) {
	m := template.New(template.DefaultConfig())
	lines := make([][]byte, len(all))
	for i, l := range all {
		lines[i] = []byte(l.line)
	}
	got := ids(m, lines, inOrder(len(lines)))
	type pair struct {
		id   uint64
		want string
	}
	found, truth, both := map[uint64]int{}, map[string]int{}, map[pair]int{}
	key := func(i int) pair { return pair{got[i], all[i].want} }
	for i := range all {
		found[got[i]]++
		truth[all[i].want]++
		both[key(i)]++
	}
	for i := range all {
		if n := both[key(i)]; n == found[got[i]] && n == truth[all[i].want] {
			groups++
		}
		if info, _ := m.Template(got[i]); strings.Join(strings.Fields(info.Wildcard), " ") == all[i].want {
			texts++
		}
	}
	return groups / float64(len(all)), texts / float64(len(all))
}

func TestAccuracy_OfTheExcerpt(t *testing.T) {
	groups, texts := right(excerpt(t))
	t.Logf("%.3f grouped, %.3f worded", groups, texts)
	if groups < 0.95 || texts < 0.85 {
		t.Errorf("%.3f of the lines are grouped and %.3f worded as labelled, want 0.95 and 0.85", groups, texts)
	}
}

// The floors lie a little under what is reached, and over what is asked for.
func TestAccuracy_OfTheLabelledLogs(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/data/logs/loghub_2k_corrected/*/*_structured_corrected.csv")
	if len(files) == 0 {
		t.Skip("no labelled logs in ../shared/data/logs beside the repository; go run ./bench logs says how to point at them")
	}
	var groups, texts float64
	for _, f := range files {
		r, err := os.Open(f)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(r).ReadAll()
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		content, text := slices.Index(rows[0], "Content"), slices.Index(rows[0], "EventTemplate")
		var all []labelled
		for _, row := range rows[1:] {
			all = append(all, labelled{row[content], strings.Join(strings.Fields(row[text]), " ")})
		}
		g, x := right(all)
		t.Logf("%s: %.3f grouped, %.3f worded", filepath.Base(f), g, x)
		groups, texts = groups+g/float64(len(files)), texts+x/float64(len(files))
	}
	if groups < 0.94 || texts < 0.85 {
		t.Errorf("%.3f of the lines are grouped and %.3f worded as labelled, want 0.94 and 0.85", groups, texts)
	}
}
