package backtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
)

// file writes a file into a new folder and returns its path.
func file(t testing.TB, name, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// csv judges files with default settings and returns what is written.
func csv(t testing.TB, o backtest.CSVOptions, workers int) (string, backtest.Report, error) {
	t.Helper()
	if o.TimeColumn == "" {
		o.TimeColumn = "timestamp"
	}
	s, err := backtest.NewCSV(o)
	if err != nil {
		return "", backtest.Report{}, err
	}
	defer s.Close()
	var out bytes.Buffer
	report, err := backtest.Run(t.Context(), backtest.Options{
		Source: s, Detector: detector.DefaultConfig(), Workers: workers, Out: &out,
		Format: backtest.CSV(backtest.Columns{Series: len(o.Paths) > 1, Metric: s.SeveralMetrics()}),
	})
	return out.String(), report, err
}

// wave is n lines of a series that a detector learns quickly, with a jump to
// 900 at the places in odd.
func wave(n int, odd ...int) string {
	var b strings.Builder
	b.WriteString("timestamp,value,label\n")
	for i := range n {
		v := 100 + 2*math.Sin(float64(i)*1.7) + math.Cos(float64(i)*0.9)
		for _, at := range odd {
			if i == at {
				v = 900
			}
		}
		fmt.Fprintf(&b, "%d,%g,0\n", 1700000000+15*i, v)
	}
	return b.String()
}

func TestCSV_EveryLine_HasARowWithItsTime(t *testing.T) {
	path := file(t, "pay.csv", "\xef\xbb\xbftimestamp,value\n"+
		"1700000000,1\n"+ // seconds
		"1700000015000,2\n"+ // milliseconds
		"2023-11-14T22:13:50Z,3\n"+ // RFC 3339
		"2023-11-14 22:14:05,4\n"+
		"1700000060.5,\n"+ // missing
		"1700000045,5\n"+ // duplicate of a time
		"1700000030,6\n"+ // out of order
		"1700000075,NaN\n"+
		"1700000090,1e400\n"+
		"\"2023-11-14T23:15:05,5+01:00\",8\n") // a comma before the fraction
	got, report, err := csv(t, backtest.CSVOptions{Paths: []string{path}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"timestamp,value,score,expected,lower,upper,anomalous,kind",
		"1700000000,1,SCORE,NaN,NaN,NaN,false,none",
		"1700000015000,2,SCORE,NaN,NaN,NaN,false,none",
		"2023-11-14T22:13:50Z,3,SCORE,NaN,NaN,NaN,false,none",
		"2023-11-14 22:14:05,4,SCORE,NaN,NaN,NaN,false,none",
		"1700000060.5,NaN,0,NaN,NaN,NaN,false,not_judged",
		"1700000045,5,0,NaN,NaN,NaN,false,not_judged",
		"1700000030,6,0,NaN,NaN,NaN,false,not_judged",
		"1700000075,NaN,0,NaN,NaN,NaN,false,not_judged",
		"1700000090,+Inf,0,NaN,NaN,NaN,false,not_judged",
		"\"2023-11-14T23:15:05,5+01:00\",8,SCORE,NaN,NaN,NaN,false,none",
	}
	// What a young series scores is the detector's affair.
	got = regexp.MustCompile(`,([1-8]),[0-9.e-]+,(NaN,NaN,NaN,false,none)`).ReplaceAllString(got, ",$1,SCORE,$2")
	if got != strings.Join(want, "\n")+"\n" {
		t.Errorf("got\n%swant\n%s", got, strings.Join(want, "\n"))
	}
	if s := report.String(); s != "1 series, 10 rows, 0 anomalous; rows not judged: 2 late, 1 missing, 2 not a number" {
		t.Errorf("got %q", s)
	}
}

func TestCSV_Jump_IsAnomalousWithBand(t *testing.T) {
	got, report, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "pay.csv", wave(400, 350))}}, 1)
	if err != nil || report.Anomalous != 1 {
		t.Fatalf("got %d anomalous rows, %v; want 1", report.Anomalous, err)
	}
	line := strings.Split(got, "\n")[351]
	if !strings.HasPrefix(line, "1700005250,900,") || !strings.HasSuffix(line, ",true,spike") {
		t.Errorf("got %s", line)
	}
}

func TestCSV_SilenceOfAWeek_RowsAfterItAreJudged(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(wave(800)), "\n")
	for i := 401; i < len(lines); i++ {
		at, rest, _ := strings.Cut(lines[i], ",")
		seconds, err := strconv.Atoi(at)
		if err != nil {
			t.Fatal(err)
		}
		lines[i] = fmt.Sprintf("%d,%s", seconds+7*86400, rest)
	}
	_, report, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "pay.csv", strings.Join(lines, "\n")+"\n")}}, 1)
	if err != nil || report.Rows != 800 || len(report.Unjudged) > 0 {
		t.Errorf("got %+v, %v; want all of 800 rows judged", report, err)
	}
}

func TestCSV_SeveralColumns_AreOneService(t *testing.T) {
	var b strings.Builder
	b.WriteString("timestamp,cpu,memory,label\n")
	for i := range 400 {
		memory := 50 + math.Sin(float64(i)*2.3)
		if i == 390 {
			memory = 500
		}
		cell := fmt.Sprint(memory)
		if i == 10 {
			cell = ""
		}
		fmt.Fprintf(&b, "%d,%g,%s,1\n", 60*i, 5+math.Sin(float64(i)*1.1), cell)
	}
	got, report, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "a.csv", b.String())}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) != 401 || lines[0] != "timestamp,value,score,expected,lower,upper,anomalous,kind,metric" {
		t.Fatalf("got %d lines, %s", len(lines), lines[0])
	}
	if l := lines[391]; !strings.HasPrefix(l, "23400,500,") || !strings.HasSuffix(l, "true,spike,memory") {
		t.Errorf("the oddest metric: got %s", l)
	}
	if want := "; every row was judged; values not judged: 1 missing"; !strings.HasSuffix(report.String(), want) {
		t.Errorf("got %s, want %s", report, want)
	}
}

// What other programs write is read as it is meant: spaces around cells and names,
// words for no value, a first column of row numbers without a name, a column that
// is there twice and not asked for.
func TestCSV_WhatToolsWrite_IsRead(t *testing.T) {
	plain := "timestamp,value\n60,1\n120,\n180,\n240,\n300,2\n"
	want, _, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "x.csv", plain)}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string]string{
		"spaces and words":   "timestamp, value , label\n60, 1 ,0\n120,  ,0\n180, NA,0\n240,null,0\n300, 2,0\n",
		"row numbers":        ",timestamp,value\n0,60,1\n1,120,\n2,180,None\n3,240,n/a\n4,300,2\n",
		"others there twice": "timestamp,a,a,value\n60,x,x,1\n120,x,x,\n180,x,x,\n240,x,x,\n300,x,x,2\n",
		"mark and CRLF":      "\xef\xbb\xbftimestamp,value\r\n60,1\r\n120,\r\n180,\r\n240,\r\n\"300\",\"2\"\r\n",
	} {
		if got, _, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "x.csv", body)}}, 1); err != nil || got != want {
			t.Errorf("%s: %v, got\n%s\nwant\n%s", name, err, got, want)
		}
	}
	got, _, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "x.csv", ",timestamp,a,b,label\n0,60,1,2,0\n")}}, 1)
	if err != nil || !strings.HasSuffix(got, ",a\n") {
		t.Errorf("the row number is no metric: got %s, %v", got, err)
	}
}

// Files of the same name in two folders are told apart by their folders.
func TestCSV_SameName_SeriesIsThePath(t *testing.T) {
	a, b, c := file(t, "x.csv", wave(2)), file(t, "x.csv", wave(2)), file(t, "y.csv", wave(2))
	got, _, err := csv(t, backtest.CSVOptions{Paths: []string{a, b, c}}, 1)
	if err != nil || !strings.Contains(got, "\n"+a+",") || !strings.Contains(got, "\n"+b+",") || !strings.Contains(got, "\ny,") {
		t.Errorf("got %s, %v", got, err)
	}
}

// A file that has its newest row first cannot be judged; the report says why.
func TestReport_NewestFirst_AsksToSort(t *testing.T) {
	_, report, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "x.csv", "timestamp,value\n300,1\n240,2\n180,3\n")}}, 1)
	if want := "2 late (rows are judged in the order in which they stand, and half or more are not later than those before: sort the input by time, oldest first, and give each series a column or a file of its own)"; err != nil || !strings.Contains(report.String(), want) {
		t.Errorf("got %s, %v", report, err)
	}
	_, report, _ = csv(t, backtest.CSVOptions{Paths: []string{file(t, "x.csv", "timestamp,value\n60,1\n120,2\n120,2\n180,3\n")}}, 1)
	if strings.Contains(report.String(), "sort") {
		t.Errorf("one row twice: got %s", report)
	}
}

func TestCSV_SeveralFiles_SameBytesForAnyNumberOfWorkers(t *testing.T) {
	var paths []string
	for i := range 40 {
		paths = append(paths, file(t, fmt.Sprintf("s%02d.csv", i), wave(100+37*i, 90+i)))
	}
	one, first, err := csv(t, backtest.CSVOptions{Paths: paths}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(one, "series,timestamp,value,") || !strings.Contains(one, "\ns39,") {
		t.Errorf("got %.200s", one)
	}
	many, report, err := csv(t, backtest.CSVOptions{Paths: paths}, 8)
	if err != nil || many != one || report.String() != first.String() {
		t.Errorf("with 8 workers: %v, %s, want the rows of one worker and %s", err, report, first)
	}
}

// A cell or a line that is damaged has a row, as every other, and the run goes on; the
// report counts it and names the first.
func TestCSV_DamagedLines_HaveARowEach(t *testing.T) {
	path := file(t, "x.csv", "timestamp,value\n60,x\n120,1\nnoon,2\n,3\n180\n240,4,5\n300,6\n360,7")
	got, report, err := csv(t, backtest.CSVOptions{Paths: []string{path}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := `timestamp,value,score,expected,lower,upper,anomalous,kind
60,NaN,0,NaN,NaN,NaN,false,not_judged
120,1,0,NaN,NaN,NaN,false,none
noon,2,0,NaN,NaN,NaN,false,not_judged
,3,0,NaN,NaN,NaN,false,not_judged
180,NaN,0,NaN,NaN,NaN,false,not_judged
240,NaN,0,NaN,NaN,NaN,false,not_judged
300,6,0,NaN,NaN,NaN,false,none
360,7,SCORE,NaN,NaN,NaN,false,none
`
	if got = regexp.MustCompile(`(360,7),[0-9.e-]+`).ReplaceAllString(got, "$1,SCORE"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if want := path + `:2: want a number or nothing in column "value", got "x"; --value-column names the column that is meant`; report.Unjudged["unreadable"] != 5 || !strings.HasSuffix(report.String(), want) {
		t.Errorf("got %s", report)
	}
}

// A quote where none may be spoils its own line, wherever it stands, and no other.
func TestCSV_QuoteWithinALine_IsADamagedLine(t *testing.T) {
	path := file(t, "x.csv", "timestamp,value\n60,1\n120,\"1\"1\n180,5\"\n2\"40,1\n\"300\"0,1\n360,\"6\"\n")
	got, report, err := csv(t, backtest.CSVOptions{Paths: []string{path}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := `timestamp,value,score,expected,lower,upper,anomalous,kind
60,1,0,NaN,NaN,NaN,false,none
120,NaN,0,NaN,NaN,NaN,false,not_judged
180,NaN,0,NaN,NaN,NaN,false,not_judged
,NaN,0,NaN,NaN,NaN,false,not_judged
,NaN,0,NaN,NaN,NaN,false,not_judged
360,6,0,NaN,NaN,NaN,false,none
`
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if want := path + ":3: a quote where none may be, at sign 7 of the line"; report.Unjudged["unreadable"] != 4 || !strings.Contains(report.String(), want) {
		t.Errorf("got %s, want %s", report, want)
	}
}

// A damaged cell keeps its own metric from being judged and no other.
func TestCSV_DamagedCellOfSeveralColumns_OthersAreJudged(t *testing.T) {
	var b strings.Builder
	b.WriteString("timestamp,a,b\n")
	for i := range 300 {
		a := strconv.Itoa(5 + i*i%7)
		if i == 250 {
			a = "?"
		}
		fmt.Fprintf(&b, "%d,%s,%d\n", 60*i, a, 5+i*i*i%11+i/250*40)
	}
	got, report, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "x.csv", b.String())}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if l := strings.Split(got, "\n")[251]; !strings.HasSuffix(l, ",true,spike,b") {
		t.Errorf("got %s", l)
	}
	if len(report.Unjudged) > 0 || report.Values["unreadable"] != 1 {
		t.Errorf("got %s", report)
	}
}

func TestCSV_WhatIsWrong_IsToldWithFileAndLine(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		options    backtest.CSVOptions
		want       string
	}{
		{"empty", "", backtest.CSVOptions{}, "x.csv: the file is empty"},
		{"no time column", "time,value\n", backtest.CSVOptions{}, `x.csv:1: no column "timestamp"; --time-column names that of the times, the file has time, value`},
		{"no value column", "timestamp,label\n", backtest.CSVOptions{}, "x.csv:1: no column with values"},
		{"named column that is not there", "timestamp,value\n", backtest.CSVOptions{ValueColumn: "v"}, `x.csv:1: no column "v"; --value-column names that of the values, the file has timestamp, value`},
		{"named column that is the time's", "timestamp,value\n", backtest.CSVOptions{ValueColumn: "timestamp"}, `x.csv:1: column "timestamp" is that of the times; --value-column names that of the values, the file has timestamp, value`},
		{"column twice", "timestamp,a,a\n", backtest.CSVOptions{}, `x.csv:1: column "a" is there twice`},
		{"text for numbers", "timestamp,value\n1,\n2,x\n3,y\n", backtest.CSVOptions{}, `x.csv:3: want a number or nothing in column "value", got "x"`},
		{"text for numbers for long", "timestamp,value\n" + strings.Repeat("1,x\n", 100) + strings.Repeat("2,5\n", 100), backtest.CSVOptions{}, `x.csv:2: want a number`},
		{"text for a time", "timestamp,value\nnoon,1\n", backtest.CSVOptions{}, `x.csv:2: want a time as`},
		{"no time", "timestamp,value\n,1\n", backtest.CSVOptions{}, `x.csv:2: want a time, got an empty cell`},
		{"short lines", "timestamp,value\n2\n3\n", backtest.CSVOptions{}, "x.csv:2: want as many cells as the first line has, 2"},
		{"time column twice", "timestamp,timestamp,a\n", backtest.CSVOptions{}, `x.csv:1: column "timestamp" is there twice`},
		{"many columns, none right", "t" + strings.Repeat(",c", 100) + "\n", backtest.CSVOptions{}, "c, c and 81 more"},
		{"quotes", "timestamp,value\n1,1\n2,\"1\n3,1\n4,1\n", backtest.CSVOptions{}, "x.csv:3: a cell begins with a quote that is not closed"},
		{"quotes within, in each line", "timestamp,value\n1,\"1\"1\n2,\"1\"1\n", backtest.CSVOptions{}, "x.csv:2: a quote where none may be, at sign 5 of the line: "},
		{"quotes within, over lines", "timestamp,value\n1,1\n2,\"1\n3,1\"1\n4,1\n", backtest.CSVOptions{}, "x.csv:3: a cell begins with a quote that is not closed"},
		{"behind the line for Excel", "sep=,\ntimestamp,value\n1,\n2,x\n", backtest.CSVOptions{}, `x.csv:4: want a number`},
		{"no column behind it", "sep=,\ntime,value\n", backtest.CSVOptions{}, `x.csv:2: no column "timestamp"`},
		{"a metric that is text", "timestamp,host,cpu\n1,web,1\n", backtest.CSVOptions{}, `x.csv:2: want a number or nothing in column "host", got "web"; leave it out of the file, or let --value-column name the one column that is meant`},
	} {
		tt.options.Paths = []string{file(t, "x.csv", tt.body)}
		if _, _, err := csv(t, tt.options, 2); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
	if _, _, err := csv(t, backtest.CSVOptions{Paths: []string{"/nowhere/x.csv"}}, 1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want one that there is no file", err)
	}
}

// The rows before the wrong line are written, and those of a file after it not.
func TestRun_WrongLineInTheSecondFile_EndsThere(t *testing.T) {
	bad := strings.Replace(wave(3000), "1700030000,", "1700030000,\"1", 1)
	paths := []string{file(t, "a.csv", wave(500)), file(t, "b.csv", bad), file(t, "c.csv", wave(10))}
	got, report, err := csv(t, backtest.CSVOptions{Paths: paths}, 4)
	if err == nil || !strings.Contains(err.Error(), "b.csv:2002: ") {
		t.Errorf("got %v", err)
	}
	if report.Units != 1 || strings.Count(got, "\n") != 1+500+2000 || strings.Contains(got, "\nc,") {
		t.Errorf("got %d units and %d lines", report.Units, strings.Count(got, "\n"))
	}
}

func TestRun_Cancelled_Ends(t *testing.T) {
	s, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{file(t, "a.csv", wave(5000)), file(t, "b.csv", wave(50))}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = backtest.Run(ctx, backtest.Options{Source: s, Detector: detector.DefaultConfig(), Workers: 2, Out: io.Discard, Format: backtest.CSV(backtest.Columns{})})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

// fullDisk takes so many bytes.
type fullDisk int

func (f *fullDisk) Write(p []byte) (int, error) {
	if *f -= fullDisk(len(p)); *f < 0 {
		return 0, errors.New("disk full")
	}
	return len(p), nil
}

func TestRun_OutputFails_EndsWithItsError(t *testing.T) {
	s, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{file(t, "a.csv", wave(50_000))}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	disk := fullDisk(100 << 10)
	_, err = backtest.Run(t.Context(), backtest.Options{Source: s, Detector: detector.DefaultConfig(), Workers: 2, Out: &disk, Format: backtest.CSV(backtest.Columns{})})
	if err == nil || !strings.Contains(err.Error(), "write rows: disk full") {
		t.Errorf("got %v", err)
	}
}

// A file of any content gives an error or a row for each of its lines.
func FuzzCSV(f *testing.F) {
	f.Add("timestamp,value\n1,2\n2,\n")
	f.Add("timestamp,a,b,label\n2023-11-14 22:13:20,1,2,0\n1e9,nan,,1\n")
	f.Add("timestamp,value\n\"1\",\"2\r\n\"\n")
	f.Fuzz(func(t *testing.T, body string) {
		got, report, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "x.csv", body)}}, 1)
		if err == nil && uint64(strings.Count(got, "\n")) < 1+report.Rows {
			t.Errorf("%d lines for %d rows", strings.Count(got, "\n"), report.Rows)
		}
	})
}
