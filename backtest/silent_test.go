package backtest_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
)

// judged returns the rows of a file pay.csv by lines, without the first, and the report.
func judged(t *testing.T, body string, columns backtest.Columns) ([]string, backtest.Report) {
	t.Helper()
	s, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{file(t, "pay.csv", body)}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	report, err := backtest.Run(t.Context(), backtest.Options{Source: s, Detector: detector.DefaultConfig(), Workers: 1, Out: &out, Format: backtest.CSV(columns)})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(out.String()), "\n")[1:], report
}

// wanderer is noise that is odd before a gap from 1000 to 1300, and no number in it.
func wanderer(i int, r *rand.Rand) float64 {
	v := math.Round(1000*(100+r.NormFloat64())) / 1000
	switch {
	case i >= 1000 && i < 1300:
		return math.NaN()
	case i >= 995 && i < 1000, i == 2200:
		return v + 50
	}
	return v
}

// A line without a value is no sample, as one that is not there.
func TestCSV_EmptyCells_AreAsLinesLeftOut(t *testing.T) {
	for _, empty := range []string{"", "NA", "NaN"} {
		r := rand.New(rand.NewPCG(3, 1))
		with, without := "timestamp,value\n", "timestamp,value\n"
		for i := range 2500 {
			cell, v := empty, wanderer(i, r)
			if i >= 2000 && i < 2100 { // not in an episode
				v = math.NaN()
			}
			if !math.IsNaN(v) {
				cell = fmt.Sprint(v)
				without += fmt.Sprintf("%d,%s\n", begun/1000+int64(60*i), cell)
			}
			with += fmt.Sprintf("%d,%s\n", begun/1000+int64(60*i), cell)
		}
		want, whole := judged(t, without, backtest.Columns{})
		got, report := judged(t, with, backtest.Columns{})
		got = slices.DeleteFunc(got, func(line string) bool { return strings.HasSuffix(line, ",not_judged") })
		if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
			t.Errorf("cells %q: the rows differ from those of a file without their lines", empty)
		}
		if report.Silences != whole.Silences || whole.Silences == 0 {
			t.Errorf("cells %q: got %d silences, want %d", empty, report.Silences, whole.Silences)
		}
	}
}

// A column that has no values while others do is silent as that series of a store is.
func TestCSV_OneColumnSilent_SameRowsAsOfAStore(t *testing.T) {
	const rows = 2500
	r := rand.New(rand.NewPCG(3, 2))
	p, body := new(past), "timestamp,a,b\n"
	a, b := make([]float64, rows), make([]float64, rows)
	for i := range rows {
		a[i], b[i] = math.Round(1000*(100+r.NormFloat64()))/1000, wanderer(i, r)
		cell := ""
		if !math.IsNaN(b[i]) {
			cell = fmt.Sprint(b[i])
		}
		body += fmt.Sprintf("%d,%v,%s\n", begun/1000+int64(60*i), a[i], cell)
	}
	p.series = []recorded{{labels.FromStrings("__name__", "a", "service", "pay"), 60_000, a}, {labels.FromStrings("__name__", "b", "service", "pay"), 60_000, b}}
	out, _, err := p.run(t, 1, backtest.CSV(backtest.Columns{Series: true}))
	if err != nil {
		t.Fatal(err)
	}
	stored := map[string]bool{} // rows without their series
	for line := range strings.Lines(out) {
		if _, row, ok := strings.Cut(line, `}",`); ok {
			stored[strings.TrimSpace(row)] = true
		}
	}
	got, _ := judged(t, body, backtest.Columns{Metric: true})
	differ := 0
	for i, line := range got {
		row := line[strings.Index(line, ","):strings.LastIndex(line, ",")] // of the metric with the highest score
		if !stored[time.UnixMilli(begun+int64(60_000*i)).UTC().Format(time.RFC3339)+row] {
			differ++
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d rows are not those of the store", differ, len(got))
	}
}
