package backfill_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/backfill"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read returns what a text says, a line for each sample, and the end.
func read(t *testing.T, o backfill.TextOptions) ([]string, *backfill.Text, error) {
	t.Helper()
	o.Newest = base
	text := backfill.NewText(o)
	var out []string
	err := text.Read(context.Background(), backfill.Query{}, func(s backfill.Stretch) error {
		for _, p := range s.Floats {
			out = append(out, fmt.Sprintf("%s %d %g", s.Labels, p.T, p.V))
		}
		return nil
	})
	return out, text, err
}

func TestText_Formats(t *testing.T) {
	om := "# TYPE a counter\na_total{x=\"1\"} 5 100 # {id=\"y\"} 0.5 99\na_total{x=\"1\"} 6 160.5\na_total{x=\"2\"} 7 100\n# EOF\n"
	want := []string{`{__name__="a_total", x="1"} 100000 5`, `{__name__="a_total", x="1"} 160500 6`, `{__name__="a_total", x="2"} 100000 7`}
	prom := "# a comment\n\n# TYPE a_total counter\na_total{x=\"1\"} 5 100000\r\na_total{x=\"1\"} 6 160500\na_total{x=\"2\"} 7 100000"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(om)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	plain := write(t, "a.om", om)
	for name, o := range map[string]backfill.TextOptions{
		"openmetrics": {Paths: []string{plain}, Format: backfill.OpenMetrics},
		"standard in": {Paths: []string{"-"}, Stdin: strings.NewReader(om), Format: backfill.OpenMetrics},
		"packed":      {Paths: []string{write(t, "a.om.gz", packed.String())}, Format: backfill.OpenMetrics},
		"prometheus":  {Paths: []string{write(t, "a.prom", prom)}, Format: backfill.Prometheus},
	} {
		n := new(atomic.Int64)
		o.Bytes = n
		got, text, err := read(t, o)
		if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
		if n.Load() == 0 || o.Format == backfill.OpenMetrics && text.Skipped()["exemplars"] != 1 {
			t.Errorf("%s: %d bytes, skipped %v", name, n.Load(), text.Skipped())
		}
	}
	_, a, _ := read(t, backfill.TextOptions{Paths: []string{plain}, Format: backfill.OpenMetrics})
	_, b, _ := read(t, backfill.TextOptions{Paths: []string{write(t, "moved", om)}, Format: backfill.OpenMetrics})
	if a.Digest() != b.Digest() {
		t.Error("a file that was moved has another digest")
	}
}

func TestText_EmptyLabels_AreNone(t *testing.T) {
	path := write(t, "a.om", "a{x=\"\"} 2 101\na 1 100\n# EOF\n")
	got, _, err := read(t, backfill.TextOptions{Paths: []string{path}, Format: backfill.OpenMetrics})
	if want := []string{`{__name__="a"} 101000 2`, `{__name__="a"} 100000 1`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestText_Wrong_NamesFileAndLine(t *testing.T) {
	long := strings.Repeat("a 1 100\n", 40_000) // more than one segment
	for _, tt := range []struct{ name, format, text, want string }{
		{"no end", "openmetrics", "a 1 100\n", "no end:1: want # EOF as the last line"},
		{"empty", "openmetrics", "", "empty:1: want # EOF"},
		{"after the end", "openmetrics", "a 1 100\n# EOF\nb 1 100\n", "after the end:3: want nothing after # EOF"},
		{"no time", "openmetrics", "a 1 100\nb 1\n# EOF\n", "no time:2: want a time after the value"},
		{"bad value", "openmetrics", "a 1 100\nb x 100\n# EOF\n", `bad value:2: `},
		{"far in", "openmetrics", long + "b{ 1 100\n" + long + "# EOF\n", `far in:40001: `},
		{"milliseconds", "openmetrics", "a 1 1768176000000\n# EOF\n", "milliseconds:1: time 58"},
		{"label twice", "openmetrics", "a 1 100\nb{x=\"1\",x=\"2\"} 1 100\n# EOF\n", "label twice:2: want each label once, got x twice"},
		{"name twice", "prometheus", "a{__name__=\"b\"} 1 100\n", "name twice:1: want each label once, got __name__ twice"},
		{"empty line", "openmetrics", "a 1 100\n\na 1 101\n# EOF\n", "empty line:2: "},
		{"no time", "prometheus", "\n\na 1 100\nb 1\n", "no time:4: want a time after the value"},
		{"long line", "prometheus", "a 1 1\n# " + strings.Repeat("x", 2<<20) + "\n", "long line:2: want lines of at most 1048576 bytes"},
		{"no gzip.gz", "prometheus", "a 1 100000 and more\n", "no gzip.gz: gzip"},
	} {
		path := write(t, tt.name, tt.text)
		_, _, err := read(t, backfill.TextOptions{Paths: []string{path}, Format: backfill.Format(tt.format)})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %.300v, want %s", tt.name, err, tt.want)
		}
	}
	if _, _, err := read(t, backfill.TextOptions{Paths: []string{"/nowhere/x"}, Format: backfill.Prometheus}); err == nil {
		t.Error("no file: got no error")
	}
}

func FuzzText(f *testing.F) {
	small, err := os.ReadFile(filepath.Join("testdata", "small.om"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(small), true)
	f.Add("a 1 100\n", false)
	f.Add("a{b=\"c\"} NaN 1e3 # {d=\"e\"} 1\n# EOF", true)
	f.Fuzz(func(t *testing.T, in string, openMetrics bool) {
		o := backfill.TextOptions{Paths: []string{"-"}, Stdin: strings.NewReader(in), Format: backfill.Prometheus}
		if openMetrics {
			o.Format = backfill.OpenMetrics
		}
		got, _, err := read(t, o)
		if err == nil && len(got) > strings.Count(in, "\n")+1 {
			t.Errorf("%d samples of %q", len(got), in)
		}
	})
}

// A file that was imported is known by what is in it.
func TestRun_SameFileAgain_IsKnown(t *testing.T) {
	data := t.TempDir()
	text := func() backfill.Source {
		return backfill.NewText(backfill.TextOptions{Paths: []string{filepath.Join("testdata", "small.om")}, Format: backfill.OpenMetrics, Newest: base.AddDate(1, 0, 0)})
	}
	if r := run(t, options(t, data, text())); r.Ranges != 3 || r.Known != 0 {
		t.Errorf("got %+v", r)
	}
	want := dump(t, filepath.Join(data, "tsdb"))
	if r := run(t, options(t, data, text())); r.Ranges != 0 || r.Known != 3 {
		t.Errorf("again: got %+v", r)
	}
	o := options(t, data, text())
	o.Again = true
	if r := run(t, o); r.Ranges != 3 {
		t.Errorf("forced: got %+v", r)
	}
	same(t, dump(t, filepath.Join(data, "tsdb")), want)
	if marks, err := backfill.Marks(data); err != nil || len(marks) != 2 || marks[0].From != ms(0) {
		t.Errorf("got %+v, %v", marks, err)
	}
	part := options(t, t.TempDir(), text())
	part.Query.From = ms(time.Hour) // in the middle of the first range
	if r := run(t, part); r.Ranges != 3 || r.Outside == 0 {
		t.Errorf("a part: got %+v", r)
	}
	part.Source, part.Query.From = text(), ms(0)
	part.Query.To = part.Query.To - 1 // another end, which leaves out nothing
	if r := run(t, part); r.Known != 2 || r.Ranges != 1 {
		t.Errorf("all of it after a part: got %+v", r)
	}
	o.Labels = map[string]string{"site": "b"} // is another import
	o.Again = false
	o.Source = text()
	if r := run(t, o); r.Ranges != 3 || r.First != ms(0) || math.Abs(float64(r.Series-10)) > 5 {
		t.Errorf("other labels: got %+v", r)
	}
}
