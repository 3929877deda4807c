package template_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tocsinhq/tocsin/logs/template"
)

// lines are those of the labelled logs if they are there, else of a made-up one.
func lines(tb testing.TB) [][]byte {
	tb.Helper()
	files, _ := filepath.Glob("../../../shared/data/logs/loghub/*/*_2k.log")
	var all [][]byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, bytes.Split(bytes.TrimSpace(b), []byte("\n"))...)
	}
	return all
}

// contents are the texts of those lines, without their headers.
func contents(tb testing.TB) [][]byte {
	tb.Helper()
	files, _ := filepath.Glob("../../../shared/data/logs/loghub_2k_corrected/*/*_structured_corrected.csv")
	var all [][]byte
	for _, f := range files {
		r, err := os.Open(f)
		if err != nil {
			tb.Fatal(err)
		}
		rows, err := csv.NewReader(r).ReadAll()
		r.Close()
		if err != nil {
			tb.Fatal(err)
		}
		at := slices.Index(rows[0], "Content")
		for _, row := range rows[1:] {
			all = append(all, []byte(row[at]))
		}
	}
	return all
}

func BenchmarkMine(b *testing.B)           { benchmarkMine(b, contents(b)) }
func BenchmarkMine_WholeLine(b *testing.B) { benchmarkMine(b, lines(b)) }

func benchmarkMine(b *testing.B, all [][]byte) {
	b.Helper()
	if len(all) == 0 {
		b.Skip("no labelled logs beside the repository")
	}
	m := template.New(template.DefaultConfig())
	var out template.Match
	for _, l := range all {
		m.Mine("s", 9, nil, l, 1, &out)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Mine("s", 9, nil, all[i%len(all)], 1, &out)
	}
}
