package template_test

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/logs/logstest"
	"github.com/tocsinhq/tocsin/logs/template"
	"github.com/tocsinhq/tocsin/telemetry"
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

func BenchmarkMine_Stream(b *testing.B) {
	from := logstest.NewStream(6, time.Unix(1_700_000_000, 0))
	all := make([]telemetry.LogRecord, 20_000)
	for i := range all {
		from.Next(&all[i])
		all[i].Body = bytes.Clone(all[i].Body)
	}
	m := template.New(template.DefaultConfig())
	var out template.Match
	for i := range all {
		m.Mine(all[i].Service, all[i].Severity, nil, all[i].Body, 1, &out)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r := &all[i%len(all)]
		m.Mine(r.Service, r.Severity, nil, r.Body, 1, &out)
	}
}
