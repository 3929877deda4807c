package backtest_test

import (
	"io"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
)

// A file that ends behind its first line is no error, as of an hour in which nothing came;
// who meant another one is told.
func TestReport_NoRows_SaysThatNothingWasJudged(t *testing.T) {
	got, report, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "x.csv", "timestamp,value\n")}}, 1)
	if err != nil || strings.Count(got, "\n") != 1 {
		t.Fatalf("got %q, %v", got, err)
	}
	if want := "1 series, 0 rows, 0 anomalous; there was nothing to judge"; report.String() != want {
		t.Errorf("got %s, want %s", report, want)
	}
}

// Columns of a file are metrics of one service, not a series for each file.
func TestReport_SeveralColumns_AreMetricsOfAService(t *testing.T) {
	wide, other, one := file(t, "pay.csv", "timestamp,a,b,c\n1700000000,1,2,3\n"), file(t, "cart.csv", "timestamp,a,b\n1700000000,1,2\n"), file(t, "x.csv", "timestamp,a\n1700000000,1\n")
	for want, paths := range map[string][]string{
		"3 metrics of one service, 1 row, 0 anomalous; every row was judged": {wide},
		"5 metrics of 2 services, 2 rows, 0 anomalous; every row was judged": {wide, other},
		"4 metrics of 2 services, 2 rows, 0 anomalous; every row was judged": {wide, one},
		"1 series, 1 row, 0 anomalous; every row was judged":                 {one},
		"2 series, 2 rows, 0 anomalous; every row was judged":                {one, file(t, "y.csv", "timestamp,a\n1700000000,1\n")},
	} {
		_, report, err := csv(t, backtest.CSVOptions{Paths: paths}, 1)
		if err != nil || report.String() != want {
			t.Errorf("%d files: got %s, %v, want %s", len(paths), report, err, want)
		}
	}
}

// Series that are not watched since there is no room are another thing than those that never
// are: who knows the setting can do something about them.
func TestReport_MoreSeriesThanMaxSeries_SaysHowManyAndWhatToSet(t *testing.T) {
	settings := detector.DefaultConfig()
	settings.MaxSeries = 3
	s, err := backtest.NewCSV(backtest.CSVOptions{TimeColumn: "timestamp", Paths: []string{
		file(t, "pay.csv", "timestamp,a,b,c,d,e\n1700000000,1,2,3,4,5\n1700000060,1,2,3,4,\n"), file(t, "x.csv", "timestamp,value\n1700000000,1\n"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	report, err := backtest.Run(t.Context(), backtest.Options{Source: s, Detector: settings, Format: backtest.CSV(backtest.Columns{Series: true, Metric: true}), Out: io.Discard, Workers: 1})
	want := "6 metrics of 2 services, 3 rows, 0 anomalous; every row was judged; values not judged: 3 left out, 1 missing; 2 series were left out, in whole or for a time, for detector.max_series is 3: set it to 5 or more in the file of --config.file"
	if err != nil || report.String() != want {
		t.Errorf("files: got %s, %v, want %s", report, err, want)
	}

	p := &past{room: 2}
	for i := range 5 {
		p.series = append(p.series, recorded{labels.FromStrings("__name__", "depth", "i", strconv.Itoa(i)), 60_000, []float64{1, 2}})
	}
	p.series = append(p.series, recorded{labels.FromStrings("__name__", "tocsin_x"), 60_000, []float64{1}})
	_, report, err = p.run(t, 1, backtest.CSV(backtest.Columns{Series: true}))
	want = "6 series, 11 rows, 0 anomalous, 0 alarms of 1 service, 0 of them charged to their budgets; rows not judged: 6 left out, 1 not watched; 3 series were left out, in whole or for a time, for detector.max_series is 2: set it to 5 or more in the file of --config.file"
	if err != nil || report.String() != want {
		t.Errorf("a store: got %s, %v, want %s", report, err, want)
	}
}

// counting is an input that notes how far a run has come when it has taken what was before.
type counting struct {
	rows *atomic.Int64
	seen int64
}

func (c *counting) Read([]byte) (int, error) {
	c.seen = max(c.seen, c.rows.Load())
	return 0, io.EOF
}

// A row of thousands of metrics takes long, and has few bytes to write: it is counted all
// the same, not when there is a block of them.
func TestRun_FewBytesSoFar_RowsAreCounted(t *testing.T) {
	var rows atomic.Int64
	end := &counting{rows: &rows}
	source, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{backtest.Stdin}, Stdin: io.MultiReader(strings.NewReader(wave(200)), end), TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = backtest.Run(t.Context(), backtest.Options{Source: source, Detector: detector.DefaultConfig(), Format: backtest.CSV(backtest.Columns{}), Out: io.Discard, Workers: 1, Rows: &rows})
	if err != nil || rows.Load() != 200 || end.seen < 100 {
		t.Errorf("got %d rows and %d when all were read, %v", rows.Load(), end.seen, err)
	}
}
