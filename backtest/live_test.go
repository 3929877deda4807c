package backtest_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
)

// The metrics of one service among others in a bank that many share, as a daemon
// has it, get the words that a backtest of a file with a column for each has,
// byte for byte, bands included. What they show together is a verdict of its own
// there and a row or a higher score here.
func TestRun_SeveralMetrics_SameBytesAsInASharedBank(t *testing.T) {
	const metrics, rows = 5, 4000
	b, err := detector.NewBank(detector.DefaultConfig(), detector.WithServices(func(l labels.Labels) string { return l.Get("service") }))
	if err != nil {
		t.Fatal(err)
	}
	var own, others []detector.Slot
	for i := range 400 { // so that the metrics lie in several chunks, and not in a row
		others = append(others, b.Register(labels.FromStrings("__name__", "m"+strconv.Itoa(i%7), "service", "other"+strconv.Itoa(i%3), "i", strconv.Itoa(i))))
		if i%90 == 0 && len(own) < metrics {
			own = append(own, b.Register(labels.FromStrings("__name__", "m"+strconv.Itoa(len(own)), "service", "pay")))
		}
	}
	if len(own) != metrics {
		t.Fatalf("got %d metrics", len(own))
	}
	format := backtest.CSV(backtest.Columns{Metric: true})
	live := format.Head(nil)
	var body strings.Builder
	body.WriteString("timestamp,m0,m1,m2,m3,m4\n")
	r, odd := rand.New(rand.NewPCG(8, 8)), 0
	for row := range rows {
		at := int64(1_700_000_000_000 + 60_000*row)
		fmt.Fprintf(&body, "%d", at/1000)
		var best backtest.Row
		for i, slot := range own {
			x := 100 + 20*math.Sin(float64(row)/230+float64(i)) + r.NormFloat64()
			if row > 2500 && row%1000 > 970 && row%1000 < 975+3*i {
				x *= 2
			}
			if row > 2500 && row%500 > 400 && row%500 < 403 { // all of them a little, so that the group says more
				x += 5
			}
			x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'f', 4, 64), 64)
			fmt.Fprintf(&body, ",%v", x)
			v, why := b.Judge(slot, at, x)
			if why != "" {
				t.Fatalf("row %d: not judged: %s", row, why)
			}
			if said := backtest.NewRow(v, b.Odd(v)); i == 0 || said.Verdict.Score > best.Verdict.Score {
				best, best.Metric = said, "m"+strconv.Itoa(i)
			}
		}
		for i, slot := range others {
			if i%9 == row%9 {
				b.Observe(slot, at, 5+r.NormFloat64()*float64(1+row%50))
			}
		}
		body.WriteString("\n")
		best.Stamp = strconv.FormatInt(at/1000, 10)
		if best.Anomalous {
			odd++
		}
		live = format.Append(live, &best)
	}
	if odd < 3 {
		t.Fatalf("got %d odd rows, want some to compare", odd)
	}
	s, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{file(t, "pay.csv", body.String())}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	if _, err := backtest.Run(t.Context(), backtest.Options{Source: s, Detector: detector.DefaultConfig(), Workers: 2, Out: &out, Format: format}); err != nil {
		t.Fatal(err)
	}
	got, want := strings.Split(out.String(), "\n"), strings.Split(string(live), "\n")
	if len(got) != len(want) {
		t.Fatalf("got %d lines, want %d", len(got), len(want))
	}
	groups, raised := 0, 0
	for i := range got {
		switch {
		case strings.Contains(got[i], ",group,"):
			groups++
		case got[i] != want[i] && score(t, got[i]) <= score(t, want[i]) || withoutScore(got[i]) != withoutScore(want[i]):
			t.Fatalf("line %d: got %s, want %s", i+1, got[i], want[i])
		case got[i] != want[i]:
			raised++
		}
	}
	if groups > rows/50 || raised > rows/20 || raised == 0 {
		t.Errorf("got %d rows of the group and %d with its score", groups, raised)
	}
}

func score(t *testing.T, line string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.Split(line, ",")[2], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func withoutScore(line string) string {
	f := strings.Split(line, ",")
	if len(f) > 2 {
		f[2] = ""
	}
	return strings.Join(f, ",")
}
