package backtest_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
)

// Eight metrics of a machine leave what is usual of them by too little for one to
// alarm, all at once: the row speaks of the group, and of a metric that is in it.
func TestRun_ManyMetricsSlightlyOdd_RowSpeaksOfTheGroup(t *testing.T) {
	const metrics, rows, at = 8, 6000, 5000
	var file strings.Builder
	file.WriteString("timestamp")
	for m := range metrics {
		fmt.Fprintf(&file, ",m%d", m)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		fmt.Fprintf(&file, "\n%d", 1_700_000_000+60*i)
		for range metrics {
			x := 100 + r.NormFloat64()
			if i == at {
				x += 4.5
			}
			fmt.Fprintf(&file, ",%.4f", x)
		}
	}
	path := filepath.Join(t.TempDir(), "machine.csv")
	if err := os.WriteFile(path, []byte(file.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{path}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o := backtest.Options{Source: source, Detector: detector.DefaultConfig(), Workers: 1, Out: &out, Format: backtest.CSV(backtest.Columns{Metric: true})}
	if _, err := backtest.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != rows+1 {
		t.Fatalf("got %d lines, want %d", len(lines), rows+1)
	}
	f := strings.Split(lines[at+1], ",")
	if f[6] != "true" || f[7] != "group" || !strings.HasPrefix(f[8], "m") {
		t.Errorf("got %q, want an anomaly of the group that names a metric", lines[at+1])
	}
	source, err = backtest.NewCSV(backtest.CSVOptions{Paths: []string{path}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	out.Reset()
	e := backtest.Explain((1_700_000_000+60*at)*1000, detector.DefaultConfig())
	o.Source, o.Format = source, e
	if _, err := backtest.Run(t.Context(), o); err != nil || e.Missed() != nil {
		t.Fatal(err, e.Missed())
	}
	for _, want := range []string{"several of 8 together: " + f[8] + " once in 10^", "needed     ", "yes, group: ", f[8] + " by itself, in detail:\n    value 10"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the explanation has no %q:\n%s", want, out.String())
		}
	}
	groups := 0
	for _, line := range lines[1 : at+1] {
		if strings.Contains(line, ",group,") {
			groups++
		}
	}
	if groups > 2 {
		t.Errorf("got %d rows of the group in three ordinary days", groups)
	}
}

// While it is not known what metrics usually show together, no row speaks of them
// all: one that did would be anomalous with a score of 0.
func TestRun_YoungService_NoRowOfTheGroup(t *testing.T) {
	const metrics, rows, at = 60, 400, 390
	var file strings.Builder
	file.WriteString("timestamp")
	for m := range metrics {
		fmt.Fprintf(&file, ",m%d", m)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range rows {
		fmt.Fprintf(&file, "\n%d", 1_700_000_000+60*i)
		for range metrics {
			x := 10 + r.NormFloat64()
			if i == at {
				x += 20
			}
			fmt.Fprintf(&file, ",%.4f", x)
		}
	}
	path := filepath.Join(t.TempDir(), "machine.csv")
	if err := os.WriteFile(path, []byte(file.String()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, report, err := csv(t, backtest.CSVOptions{Paths: []string{path}}, 1)
	if err != nil || report.Anomalous == 0 {
		t.Fatalf("got %d anomalous rows, %v", report.Anomalous, err)
	}
	for _, line := range strings.Split(got, "\n") {
		if f := strings.Split(line, ","); len(f) > 7 && f[6] == "true" && f[2] == "0" {
			t.Errorf("anomalous with score 0: %s", line)
		}
	}
}

// A service that has spent nothing for days needs less to alarm: also where the oddity is
// not in the value, as of a metric that stands still, which has no band.
func TestRun_MetricStandsStill_OddByTheThresholdOfTheMoment(t *testing.T) {
	const rows, from = 10_100, 10_000
	c := detector.DefaultConfig()
	b, err := detector.NewBank(c)
	if err != nil {
		t.Fatal(err)
	}
	slot := b.Register(labels.FromStrings("__name__", "value"))
	var body strings.Builder
	body.WriteString("timestamp,value\n")
	r, want, between := rand.New(rand.NewPCG(4, 8)), make([]bool, rows), 0
	for row := range rows {
		x := 500.0
		if row < from {
			x = float64(r.IntN(1000))
		}
		fmt.Fprintf(&body, "%d,%v\n", 1_700_000_000+60*row, x)
		v, _ := b.Judge(slot, int64(1_700_000_000_000+60_000*row), x)
		if want[row] = b.Odd(v); want[row] && math.IsNaN(v.Lower) && v.Score < c.Threshold() {
			between++
		}
	}
	s, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{file(t, "pay.csv", body.String())}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	if _, err := backtest.Run(t.Context(), backtest.Options{Source: s, Detector: c, Workers: 1, Out: &out, Format: backtest.CSV(backtest.Columns{})}); err != nil {
		t.Fatal(err)
	}
	for row, line := range strings.Split(strings.TrimSpace(out.String()), "\n")[1:] {
		if got := strings.Contains(line, ",true,"); got != want[row] {
			t.Errorf("row %d: got %s, want odd %v", row, line, want[row])
		}
	}
	if between == 0 {
		t.Error("no row without a band is odd with a score below the usual threshold: nothing is shown")
	}
}

// A file is a service of its name, which may have a budget of its own.
func TestRun_BudgetOfTheFilesName_IsItsOwn(t *testing.T) {
	c := detector.DefaultConfig()
	c.Budgets = []detector.ServiceBudget{{Service: "pay", Budget: 20}}
	var body strings.Builder
	body.WriteString("timestamp,value\n")
	r := rand.New(rand.NewPCG(5, 8))
	for row := range 1000 {
		fmt.Fprintf(&body, "%d,%v\n", 1_700_000_000+60*row, r.NormFloat64())
	}
	for name, want := range map[string]string{"pay": "a budget of 20 false alarms a week (", "cart": "a budget of 1 false alarm a week"} {
		s, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{file(t, name+".csv", body.String())}, TimeColumn: "timestamp"})
		if err != nil {
			t.Fatal(err)
		}
		e := backtest.Explain(1_700_000_000_000+60_000*900, c)
		var out bytes.Buffer
		_, err = backtest.Run(t.Context(), backtest.Options{Source: s, Detector: c, Workers: 1, Out: &out, Format: e})
		if err := errors.Join(err, e.Missed(), s.Close()); err != nil {
			t.Fatal(err)
		}
		var threshold float64
		_, needed, _ := strings.Cut(out.String(), "; odd from ")
		fmt.Sscanf(needed, "%g,", &threshold)
		if !strings.Contains(needed, "which is "+want) || (threshold < 0.98) != (name == "pay") {
			t.Errorf("%s: odd from %v, want %q in\n%s", name, threshold, want, out.String())
		}
	}
}
