package backtest_test

import (
	"io"
	"strings"
	"sync/atomic"
	"testing"

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
