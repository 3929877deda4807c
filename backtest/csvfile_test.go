package backtest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
)

func gzipped(t *testing.T, body string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// However a table is written, the same rows come out.
func TestCSV_FormsOfOneTable_SameRows(t *testing.T) {
	body := wave(300, 250)
	want, _, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "pay.csv", body)}}, 1)
	if err != nil || strings.Count(want, ",true,") == 0 {
		t.Fatalf("%v, rows:\n%s", err, want)
	}
	for name, form := range map[string]string{
		"gzip":                             gzipped(t, body),
		"tabs":                             strings.ReplaceAll(body, ",", "\t"),
		"semicolons":                       strings.ReplaceAll(body, ",", ";"),
		"semicolons, told to Excel":        "sep=;\r\n" + strings.ReplaceAll(body, ",", ";"),
		"commas, told by Grafana":          "\xef\xbb\xbfsep=,\n" + body,
		"bars":                             "\"sep=|\"\n" + strings.ReplaceAll(body, ",", "|"),
		"quotes behind a space":            regexp.MustCompile(`,([^,\n]*)`).ReplaceAllString(body, `, "$1"`),
		"semicolons and commas for points": strings.ReplaceAll(strings.ReplaceAll(body, ",", ";"), ".", ","),
	} {
		got, _, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "pay.csv", form)}}, 1)
		if err != nil || got != want {
			t.Errorf("%s: %v, other rows", name, err)
		}
	}
	got, _, err := csv(t, backtest.CSVOptions{Paths: []string{backtest.Stdin}, Stdin: strings.NewReader(body)}, 1)
	if err != nil || got != want {
		t.Errorf("standard input: %v, other rows", err)
	}
}

// What a shell makes of <(...) can be opened once only, wherever it stands.
func TestCSV_SeveralPipes_AreReadFromTheirBeginning(t *testing.T) {
	body := wave(300)
	var paths []string
	for range 2 {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		go func() {
			defer w.Close()
			fmt.Fprint(w, body)
		}()
		paths = append(paths, fmt.Sprintf("/dev/fd/%d", r.Fd()))
	}
	if _, err := os.Stat(paths[0]); err != nil {
		t.Skip("no /dev/fd here")
	}
	_, report, err := csv(t, backtest.CSVOptions{Paths: paths}, 1)
	if err != nil || report.Rows != 600 {
		t.Errorf("got %d rows, %v, want 600", report.Rows, err)
	}
}

func TestCSV_NotATable_SaysWhatToDo(t *testing.T) {
	for name, of := range map[string]struct{ body, want string }{
		"utf-16":                {"\xff\xfet\x00i\x00m\x00e\x00", "iconv"},
		"carriage":              {strings.ReplaceAll(wave(10), "\n", "\r"), `tr '\r' '\n'`},
		"workbook":              {"PK\x03\x04 and so on", "workbook"},
		"cut":                   {gzipped(t, wave(300))[:200], "the compressed file ends early"},
		"utf-16 without a mark": {"t\x00i\x00m\x00e\x00", "iconv"},
		"xz":                    {"\xfd7zXZ\x00\x00\x04", "compressed by another program"},
		"bzip2":                 {"BZh91AY&SY", "compressed by another program"},
		"no gzip":               {"\x1f\x8bxxxxxxxxxxxxxx", "x.csv:1: the compressed file is damaged"},
	} {
		path := file(t, "x.csv", of.body)
		_, _, err := csv(t, backtest.CSVOptions{Paths: []string{path}}, 1)
		if err == nil || !strings.Contains(err.Error(), of.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %q and the file", name, err, of.want)
		}
	}
}

// What is wrong with a compressed file is placed after the last row that could be read.
func TestCSV_CompressedAndDamaged_SaysWhereAndWhatToDo(t *testing.T) {
	whole := gzipped(t, wave(3000))
	for name, of := range map[string]struct {
		body string
		want *regexp.Regexp
	}{
		"cut":      {whole[:len(whole)/2], regexp.MustCompile(`x\.csv:(\d+): the compressed file ends early; it was not written or copied to its end: unexpected EOF$`)},
		"checksum": {whole[:len(whole)-8] + "\x00\x00\x00\x00" + whole[len(whole)-4:], regexp.MustCompile(`x\.csv:(\d+): the compressed file is damaged; copy it anew, and gzip -t tells whether it is whole: gzip: invalid checksum$`)},
	} {
		got, _, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "x.csv", of.body)}}, 1)
		if err == nil || !of.want.MatchString(err.Error()) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if line := of.want.FindStringSubmatch(err.Error())[1]; line != fmt.Sprint(strings.Count(got, "\n")+1) {
			t.Errorf("%s: got line %s after %d lines of rows", name, line, strings.Count(got, "\n"))
		}
	}
}

// What is read of a file when only its columns are looked at is read again, and counts
// when it is.
func TestNewCSV_ManyFiles_CountsWhatIsJudged(t *testing.T) {
	var paths []string
	size := int64(0)
	for i := range 20 {
		body := wave(100 + i)
		size += int64(len(body))
		paths = append(paths, file(t, "x.csv", body))
	}
	var read atomic.Int64
	s, err := backtest.NewCSV(backtest.CSVOptions{Paths: paths, TimeColumn: "timestamp", Read: &read})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := read.Load(); got > size/10 {
		t.Errorf("before anything is judged %d bytes of %d count as read", got, size)
	}
	if _, err := backtest.Run(t.Context(), backtest.Options{Source: s, Detector: detector.DefaultConfig(), Workers: 2, Out: io.Discard, Format: backtest.CSV(backtest.Columns{})}); err != nil || read.Load() != size {
		t.Errorf("got %d bytes, %v, want %d", read.Load(), err, size)
	}
}
