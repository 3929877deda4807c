package backtest_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
)

// steady is n lines of two metrics, a minute apart, with a gap of three years before line gap.
func steady(n, gap int) []string {
	out := make([]string, n)
	for i := range out {
		at := begun/1000 + int64(60*i)
		if i >= gap {
			at += 3 * 365 * 86400
		}
		out[i] = fmt.Sprintf("%d,%.3f,%.3f", at, 100+2*math.Sin(float64(i)*1.7)+math.Cos(float64(i)*0.9), 50+3*math.Sin(float64(i)*1.3))
	}
	return out
}

// A time that those behind it show to be wrong costs its own rows and no others, wherever it
// stands: the others have the bytes that they have without it.
func TestCSV_TimesFarAhead_BlindNothing(t *testing.T) {
	const never = 1 << 30
	for name, x := range map[string]struct {
		gap  int
		at   int // line of the wrong ones
		more []string
	}{
		"a year ahead":              {never, 400, []string{"2099-01-01 00:00:00,1,2"}},
		"milliseconds of later":     {never, 400, []string{"1800000000000,1,2"}},
		"the first of all":          {never, 0, []string{"2099-01-01 00:00:00,1,2"}},
		"the second":                {never, 1, []string{"2099-01-01 00:00:00,1,2"}},
		"before the last":           {never, 599, []string{"2099-01-01 00:00:00,1,2"}},
		"several, up and down":      {never, 400, []string{"2050-01-01 00:00:00,1,2", "2099-01-01 00:00:00,1,2", "2031-01-01 00:00:00,1,2"}},
		"a hundred in their order":  {never, 400, slices.Repeat([]string{"2099-01-01 00:00:00,1,2"}, 100)},
		"without values":            {never, 400, []string{"2099-01-01 00:00:00,,NA", "2099-01-01 00:00:00,x,2"}},
		"behind a gap of years":     {300, 400, []string{"2099-01-01 00:00:00,1,2"}},
		"before a gap of years":     {400, 400, []string{"2099-01-01 00:00:00,1,2"}},
		"at the end of such a gap":  {399, 400, []string{"2099-01-01 00:00:00,1,2"}},
		"an hour in a minute's row": {never, 400, []string{fmt.Sprintf("%d,1,2", begun/1000+60*399+3600)}},
	} {
		lines := steady(600, x.gap)
		whole := slices.Insert(slices.Clone(lines), x.at, x.more...)
		head := "timestamp,a,b\n"
		want, clean := judged(t, head+strings.Join(lines, "\n")+"\n", backtest.Columns{Metric: true})
		got, report := judged(t, head+strings.Join(whole, "\n")+"\n", backtest.Columns{Metric: true})
		if len(got) != len(whole) {
			t.Errorf("%s: got %d rows of %d lines", name, len(got), len(whole))
			continue
		}
		for i, line := range x.more {
			stamp, _, _ := strings.Cut(line, ",")
			if row := got[x.at+i]; !strings.HasPrefix(row, stamp+",") || !strings.HasSuffix(row, ",NaN,0,NaN,NaN,NaN,false,not_judged,") {
				t.Errorf("%s: got row %s", name, row)
			}
		}
		if others := slices.Delete(got, x.at, x.at+len(x.more)); !slices.Equal(others, want) {
			t.Errorf("%s: the other rows differ from those of a file without the wrong time", name)
		}
		if n := report.Unjudged["ahead"]; n != uint64(len(x.more)) || report.Silences != clean.Silences || report.Unjudged["late"] != 0 {
			t.Errorf("%s: got %s, without it %s", name, report, clean)
		}
		stamp, _, _ := strings.Cut(x.more[0], ",")
		back := x.at + len(x.more) + 2
		if x.at == 0 {
			back++ // the next alone could as well be behind
		}
		if want := fmt.Sprintf("pay.csv:%d: time %q is far ahead of the lines behind it, such as line %d with ", x.at+2, stamp, back); !strings.Contains(report.String(), want) {
			t.Errorf("%s: got %s, want %s", name, report, want)
		}
	}
}

// Where nothing comes back time has gone on, and what lies a little ahead is as likely right.
func TestCSV_TimesThatGoOn_AreJudgedAsTheyStand(t *testing.T) {
	newestFirst := steady(600, 700)
	slices.Reverse(newestFirst)
	for name, x := range map[string]struct {
		lines []string
		late  uint64
	}{
		"a gap of years":                 {steady(600, 300), 0},
		"a gap before the last":          {steady(600, 599), 0},
		"one line":                       {steady(1, 2), 0},
		"the last of all":                {append(steady(600, 700), "2099-01-01,1,2"), 0},
		"two that have changed places":   {slices.Insert(steady(600, 700), 400, fmt.Sprintf("%d,1,2", begun/1000+60*401)), 2},
		"more than a hundred, come back": {slices.Insert(steady(600, 700), 400, slices.Repeat([]string{"2099-01-01,1,2"}, 101)...), 100 + 200},
		"newest first":                   {newestFirst, 599},
	} {
		got, report := judged(t, "timestamp,a,b\n"+strings.Join(x.lines, "\n")+"\n", backtest.Columns{Metric: true})
		if len(got) != len(x.lines) || report.Unjudged["ahead"] != 0 || report.Ahead != nil || report.Unjudged["late"] != x.late {
			t.Errorf("%s: got %d rows of %d lines, %s", name, len(got), len(x.lines), report)
		}
	}
}

// Whoever asks at the wrong time is told that it is, in each form.
func TestCSV_TimeFarAhead_IsSaidInEachForm(t *testing.T) {
	body := "timestamp,value\n" + strings.Join(slices.Insert(strings.Split(strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(wave(300), ",0\n", "\n"), "timestamp,value,label\n"), "\n"), "\n"), 200, "2099-01-01T00:00:00Z,7"), "\n")
	at, err := backtest.ParseTime("2099-01-01T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	for want, format := range map[string]backtest.Format{
		"\n2099-01-01T00:00:00Z,7,0,NaN,NaN,NaN,false,not_judged\n": backtest.CSV(backtest.Columns{}),
		"\n" + `{"timestamp":"2099-01-01T00:00:00Z","value":7,"score":0,"expected":null,"lower":null,"upper":null,"anomalous":false,"kind":"not_judged"}` + "\n": backtest.JSONLines(backtest.Columns{}),
		"not judged its time is far ahead of that of the rows behind it, which go on from before it\n":                                                           backtest.Explain(at, detector.DefaultConfig()),
	} {
		s, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{file(t, "pay.csv", body)}, TimeColumn: "timestamp"})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var out bytes.Buffer
		report, err := backtest.Run(t.Context(), backtest.Options{Source: s, Detector: detector.DefaultConfig(), Workers: 1, Out: &out, Format: format})
		if err != nil || report.Unjudged["ahead"] != 1 || !strings.Contains(out.String(), want) {
			t.Errorf("got %s, %v, %.200s, want %s", report, err, out.String(), want)
		}
		if e, ok := format.(*backtest.Explanation); ok && e.Missed() != nil {
			t.Errorf("got %v", e.Missed())
		}
	}
}

// A run that ends within a file has the rows before that all the same.
func TestRun_ErrorWhileRowsAreHeld_TheyAreWritten(t *testing.T) {
	got, _, err := csv(t, backtest.CSVOptions{Paths: []string{file(t, "pay.csv", strings.Join(strings.SplitAfter(wave(300), "\n")[:12], "")+"1800000000,\"5\n1800000060,5,0\n")}}, 1)
	if err == nil || !strings.Contains(err.Error(), "pay.csv:13: ") || strings.Count(got, "\n") != 12 {
		t.Errorf("got %v and\n%s\nwant eleven rows and a head", err, got)
	}
}

// Whatever the times are, each line has its row, in its place.
func TestCSV_AnyTimes_EachLineHasItsRowInItsPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 12 {
		var body, want strings.Builder
		body.WriteString("timestamp,value\n")
		at := begun / 1000
		for range 1 + r.IntN(400) {
			stamp := ""
			switch at += 60; r.IntN(12) {
			case 0:
				stamp = fmt.Sprint(at + r.Int64N(1<<r.IntN(32)))
			case 1:
				stamp = fmt.Sprint(at - r.Int64N(1<<r.IntN(20)))
			case 2:
				stamp = "when"
			case 3:
				at += r.Int64N(1 << r.IntN(24))
				fallthrough
			default:
				stamp = fmt.Sprint(at)
			}
			fmt.Fprintf(&body, "%s,%d\n", stamp, r.IntN(9))
			want.WriteString(stamp + "\n")
		}
		rows, report := judged(t, body.String(), backtest.Columns{})
		var got strings.Builder
		for _, row := range rows {
			stamp, _, _ := strings.Cut(row, ",")
			got.WriteString(stamp + "\n")
		}
		if got.String() != want.String() {
			t.Fatalf("%s: the rows of\n%s\nare those of\n%s", report, body.String(), got.String())
		}
	}
}
