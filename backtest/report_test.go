package backtest_test

import (
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/backtest"
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
