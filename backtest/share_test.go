package backtest_test

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
	"github.com/tocsinhq/tocsin/telemetry"
)

// Alarms are spent from the budget of the service, which widens the band and with it
// what the detector takes for an episode that it must not learn from. Who holds scores
// against thresholds of their own wants them as of a series that owes nothing.
func TestRun_NoShare_ScoresAreThoseOfASeriesThatOwesNothing(t *testing.T) {
	var text strings.Builder
	var samples []telemetry.Sample
	text.WriteString("timestamp,value\n")
	for i := range 6000 {
		v := 100 + 2*math.Sin(float64(i)*1.7) + math.Cos(float64(i)*0.9)
		if i > 1000 && i%200 < 4 { // each a little further out than the last
			v += 8 + float64(i)/500
		}
		s := telemetry.Sample{T: 1_700_000_000_000 + 300_000*int64(i), V: v}
		samples = append(samples, s)
		fmt.Fprintf(&text, "%d,%s\n", s.T/1000, strconv.FormatFloat(v, 'g', -1, 64))
	}
	path := file(t, "pay.csv", text.String())
	scores := func(noShare bool) (out []float64) {
		t.Helper()
		s, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{path}, TimeColumn: "timestamp"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var rows bytes.Buffer
		if _, err := backtest.Run(t.Context(), backtest.Options{
			Source: s, Detector: detector.DefaultConfig(), NoShare: noShare, Workers: 1, Out: &rows, Format: backtest.CSV(backtest.Columns{}),
		}); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(rows.String()), "\n")[1:] {
			score, err := strconv.ParseFloat(strings.Split(line, ",")[2], 64)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			out = append(out, score)
		}
		return out
	}
	var want []float64
	detector.ReplayShare(detector.DefaultConfig(), 0, labels.FromStrings(labels.MetricName, "value"), samples, func(v detector.Verdict) {
		want = append(want, v.Score)
	})
	differ := func(got []float64) (n int) {
		if len(got) != len(want) {
			t.Fatalf("got %d rows, want %d", len(got), len(want))
		}
		for i := range got {
			if got[i] != want[i] {
				n++
			}
		}
		return n
	}
	if n := differ(scores(true)); n > 0 {
		t.Errorf("%d of %d scores differ from those of a series that owes nothing", n, len(want))
	}
	if differ(scores(false)) == 0 {
		t.Errorf("no score is moved by what the alarms spent: nothing is tested")
	}
}
