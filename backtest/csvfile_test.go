package backtest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/backtest"
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
		"utf-16":   {"\xff\xfet\x00i\x00m\x00e\x00", "iconv"},
		"carriage": {strings.ReplaceAll(wave(10), "\n", "\r"), `tr '\r' '\n'`},
		"workbook": {"PK\x03\x04 and so on", "workbook"},
		"cut":      {gzipped(t, wave(300))[:200], "unexpected EOF"},
	} {
		path := file(t, "x.csv", of.body)
		_, _, err := csv(t, backtest.CSVOptions{Paths: []string{path}}, 1)
		if err == nil || !strings.Contains(err.Error(), of.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want %q and the file", name, err, of.want)
		}
	}
}
