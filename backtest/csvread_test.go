package backtest_test

import (
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/backtest"
)

// The detector tells ages by seconds since 1970: what is older is said to be so, and not
// judged by a series that never grows up.
func TestRun_TimesBefore1970_AreNotJudged(t *testing.T) {
	out, _, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "a.csv", "timestamp,value\n1969-12-31,1\n1970-01-01,2\n1970-01-02,3\n")}}, 1)
	if err != nil || strings.Count(out, "not_judged") != 1 || !strings.Contains(out, "1969-12-31,1,0,NaN,NaN,NaN,false,not_judged") {
		t.Errorf("got %v and\n%s\nwant the first row alone not judged", err, out)
	}
	_, _, err = csv(t, backtest.CSVOptions{Paths: []string{file(t, "b.csv", "timestamp,value\n-60,1\n-30,2\n")}}, 1)
	if err == nil || !strings.Contains(err.Error(), "from 1970 on") {
		t.Errorf("got %v of a file before 1970, want the reason", err)
	}
}
