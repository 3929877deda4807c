package backtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/backtest"
	"github.com/tocsinhq/tocsin/detector"
)

var awkward = backtest.Row{
	Series: `{a="b,c"}`, Stamp: " 5", T: 5000, Metric: "m\n", Anomalous: true,
	Verdict: detector.Verdict{Value: 0.1, Score: 0.99999999999999989, Expected: 1e-300, Lower: math.Inf(-1), Upper: math.NaN(), Kind: detector.KindLevelShift},
}

func TestCSVFormat_AwkwardText_IsQuotedAndFloatsAreWhole(t *testing.T) {
	got := string(backtest.CSV(backtest.Columns{Series: true, Metric: true}).Append(nil, &awkward))
	if want := "\"{a=\"\"b,c\"\"}\",\" 5\",0.1,0.9999999999999999,1e-300,-Inf,NaN,true,level_shift,\"m\n\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJSONLines_NotFinite_IsNull(t *testing.T) {
	f := backtest.JSONLines(backtest.Columns{Series: true, Metric: true})
	if head := f.Head(nil); len(head) != 0 {
		t.Errorf("got head %q", head)
	}
	got := f.Append(nil, &awkward)
	var row map[string]any
	if err := json.Unmarshal(got, &row); err != nil {
		t.Fatalf("%s: %v", got, err)
	}
	want := map[string]any{
		"series": `{a="b,c"}`, "timestamp": " 5", "value": 0.1, "score": 0.9999999999999999, "expected": 1e-300,
		"lower": nil, "upper": nil, "anomalous": true, "kind": "level_shift", "metric": "m\n",
	}
	for k, v := range want {
		if row[k] != v {
			t.Errorf("%s: got %v, want %v", k, row[k], v)
		}
	}
	if len(row) != len(want) || strings.Count(string(got), "\n") != 1 {
		t.Errorf("got %s", got)
	}
}

// explain judges a file and returns what is said of time at.
func explain(t *testing.T, body, at string) (string, error) {
	t.Helper()
	s, err := backtest.NewCSV(backtest.CSVOptions{Paths: []string{file(t, "pay.csv", body)}, TimeColumn: "timestamp"})
	if err != nil {
		t.Fatal(err)
	}
	ms, err := backtest.ParseTime(at)
	if err != nil {
		t.Fatal(err)
	}
	e := backtest.Explain(ms, detector.DefaultConfig())
	var out bytes.Buffer
	if _, err := backtest.Run(t.Context(), backtest.Options{Source: s, Detector: detector.DefaultConfig(), Workers: 1, Out: &out, Format: e}); err != nil {
		t.Fatal(err)
	}
	return out.String(), e.Missed()
}

func TestExplain_SaysWhy(t *testing.T) {
	body := wave(400, 350)
	for _, tt := range []struct {
		name, body, at string
		want           []string
	}{
		{"odd", body, "1700005250", []string{"pay at 1700005250\n", "value      900\n", "which is a budget of 1 false alarm a week", "yes, spike", "episode    opened, since 2023-11-14T23:40:50Z",
			"  in detail:\n    value 900 at 2023-11-14T23:40:50Z (", "spike, once in ", "> above "}},
		{"held", body, "2023-11-14T23:41:05Z", []string{"anomalous  no", "episode    ongoing, since 2023-11-14T23:40:50Z"}},
		{"ordinary", body, "1700005235000", []string{"anomalous  no", "episode    none is open"}},
		{"young", body, "1700000000", []string{"expected   no band: the series is too young"}},
		{"late", body + "1700000000,1,0\n", "1700000000", []string{"not judged a sample before it has the same time"}},
		{"service", "timestamp,a,b\n1,2,3\n2,2,3\n", "2", []string{"metric     a, the oddest of 2: ", "too young to alarm: 1 sample seen"}},
	} {
		got, err := explain(t, tt.body, tt.at)
		for _, want := range tt.want {
			if err != nil || !strings.Contains(got, want) {
				t.Errorf("%s: got\n%s%v\nwant %q", tt.name, got, err, want)
			}
		}
	}
	got, err := explain(t, body, "1700000007")
	if got != "" || err == nil || !strings.Contains(err.Error(), "no row at 2023-11-14T22:13:27Z; the nearest are at 2023-11-14T22:13:20Z and 2023-11-14T22:13:35Z") {
		t.Errorf("a time between rows: got %q, %v", got, err)
	}
}

func TestExplain_TimeAfterAllRows_NearestIsNamed(t *testing.T) {
	if _, err := explain(t, "timestamp,value\n1700000000,1\n", "1700000007"); err == nil || !strings.HasSuffix(err.Error(), "; the nearest is at 2023-11-14T22:13:20Z") {
		t.Errorf("got %v", err)
	}
}

// What comes each day at the same minute keeps its score, and the text does not say that
// this is below the threshold.
func TestExplain_Recurs_SaysThatItIsKnown(t *testing.T) {
	var body strings.Builder
	body.WriteString("timestamp,value\n")
	const step, day = 60, 1440
	r := rand.New(rand.NewPCG(9, 1))
	for i := range 8 * day {
		v := 20 + r.NormFloat64()
		if m := i % day; m >= 190 && m < 193 {
			v += 60
		}
		fmt.Fprintf(&body, "%d,%g\n", 1_700_006_400+step*i, v)
	}
	got, err := explain(t, body.String(), strconv.Itoa(1_700_006_400+step*(7*day+190)))
	if err != nil || !strings.Contains(got, "anomalous  no: the score reaches the threshold, but what comes at this time again and again is known\n") ||
		!strings.Contains(got, "not odd, for it recurs, once in ") || !strings.Contains(got, "day after day") {
		t.Errorf("got %v\n%s", err, got)
	}
}
