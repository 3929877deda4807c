package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/telemetry"
)

func scored(n int, high ...int) (*labelled, []float64) {
	l := &labelled{samples: make([]telemetry.Sample, n), step: 60}
	scores := make([]float64, n)
	for _, i := range high {
		scores[i] = 1
	}
	return l, scores
}

func TestCount_Episodes_HitsDelaysAndFalseAlarms(t *testing.T) {
	long := make([]int, 65)
	for i := range long {
		long[i] = 100 + i
	}
	for name, c := range map[string]struct {
		high        []int
		falseAlarms int
		delay       int
	}{
		"silent":                     {nil, 0, -1},
		"at the start":               {[]int{50}, 0, 0},
		"late within the slack":      {[]int{62}, 0, 12},
		"too late":                   {[]int{64}, 1, -1},
		"two rows, one episode":      {[]int{10, 14}, 1, -1},
		"two rows, two episodes":     {[]int{10, 16}, 2, -1},
		"runs into the event":        {[]int{45, 48, 51}, 0, 1},
		"stays on for 65 rows":       {long, 3, -1},
		"hit does not excuse others": {[]int{51, 90}, 1, 1},
	} {
		l, scores := scored(200, c.high...)
		l.events = []span{{50, 59}}
		got := l.count(l.louds(scores, 0.5), 0.5)
		if got.falseAlarms != c.falseAlarms || got.delays[0] != c.delay {
			t.Errorf("%s: got %d false alarms and delay %d, want %d and %d", name, got.falseAlarms, got.delays[0], c.falseAlarms, c.delay)
		}
	}
}

// An alarm in an event that begins within the slack of the one before finds both: it
// overlaps both as they are prolonged.
func TestCount_EventsThatTouch_EachGetsItsAlarm(t *testing.T) {
	for name, c := range map[string]struct {
		events []span
		high   int
		delays []int
	}{
		"in the second, within slack of the first": {[]span{{50, 52}, {54, 60}}, 54, []int{4, 0}},
		"in the second, beyond it":                 {[]span{{50, 52}, {54, 60}}, 56, []int{-1, 2}},
		"between them":                             {[]span{{50, 52}, {54, 60}}, 53, []int{3, -1}},
		"windows that overlap":                     {[]span{{50, 90}, {55, 60}, {80, 100}}, 85, []int{35, -1, 5}},
	} {
		l, scores := scored(200, c.high)
		l.events = c.events
		got := l.count(l.louds(scores, 0.5), 0.5)
		if got.falseAlarms != 0 || !slices.Equal(got.delays, c.delays) {
			t.Errorf("%s: got %d false alarms and delays %v, want 0 and %v", name, got.falseAlarms, got.delays, c.delays)
		}
	}
}

func TestDelayF1_FoundLateOrNot_CountsWholeRuns(t *testing.T) {
	l, scores := scored(300, 107, 250)
	l.events, l.split = []span{{100, 119}, {200, 219}}, 50
	// Found at its eighth row: 20 true positives; the other missed: 20; one false.
	if got, want := delayF1([]*labelled{l}, [][]float64{scores}, true, 0.5), 40.0/(40+1+20); math.Abs(got-want) > 1e-12 {
		t.Errorf("got %v, want %v", got, want)
	}
	l, scores = scored(300, 108)
	l.events, l.split = []span{{100, 119}}, 50
	if got := delayF1([]*labelled{l}, [][]float64{scores}, true, 0.5); got != 0 {
		t.Errorf("found at the ninth row: got %v, want 0", got)
	}
}

// Events of the test half are by a little less odd than the least of the train half,
// and far above all noise.
func TestTrainedDelayF1_TiedThresholds_TakesTheMiddle(t *testing.T) {
	for name, c := range map[string]struct{ noise, train, test float64 }{
		"chances":                {1 - 1e-2, 1 - 1e-8, 1 - 5e-8},
		"digits that have ended": {1 - 1e-2, 1, 1 - 1e-9},
		"distances":              {2, 90, 80},
	} {
		l, scores := scored(3000)
		l.split = 1500
		for i := range scores {
			scores[i] = c.noise * float64(i%10) / 10
		}
		for _, at := range []int{500, 900, 1300} {
			l.events, scores[at] = append(l.events, span{at, at + 3}), c.train
		}
		for _, at := range []int{1700, 2200, 2600} {
			l.events, scores[at] = append(l.events, span{at, at + 3}), c.test
		}
		if got := trainedDelayF1([]*labelled{l}, [][]float64{scores}); got != 1 {
			t.Errorf("%s: got F1 %v, want 1", name, got)
		}
	}
}

func TestAmid_Thresholds_LieBetween(t *testing.T) {
	for _, c := range []struct{ low, high, want float64 }{
		{0.99, 0.9999, 0.999}, {0.5, 0.5, 0.5}, {4, 9, 6}, {-1, 3, 1}, {0, 1, 1 - 1e-8}, {0.5, 0.75, 1 - math.Sqrt(0.125)},
	} {
		if got := amid(c.low, c.high); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v and %v: got %v, want %v", c.low, c.high, got, c.want)
		}
	}
}

func TestRun_UnknownOrWithoutData_SaysSo(t *testing.T) {
	var out, complaints bytes.Buffer
	if got := run([]string{"nonsense"}, &out, &complaints); got != 3 || !strings.Contains(complaints.String(), "detection") {
		t.Errorf("got code %d and %q", got, complaints.String())
	}
	if got := run([]string{"detection", "--data", t.TempDir()}, &out, &complaints); got != 2 {
		t.Errorf("without data: got code %d, want 2", got)
	}
	if got := run([]string{"detection", "--nonsense"}, &out, &complaints); got != 1 {
		t.Errorf("bad flag: got code %d, want 1", got)
	}
}

// TestRun_SmallData_PrintsTableAndFigures runs the whole bench over a made-up
// folder of the real layout.
func TestRun_SmallData_PrintsTableAndFigures(t *testing.T) {
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var rows strings.Builder
	rows.WriteString("timestamp,value,label\n")
	var nab strings.Builder
	nab.WriteString("timestamp,value\n")
	for i := range 3000 {
		v, label := 10+math.Sin(float64(i)*12.9898)*0.5, "0"
		if i%700 == 650 {
			v, label = 40, "1"
		}
		value := strconv.FormatFloat(v, 'f', 4, 64)
		if i%501 == 500 {
			value = ""
		}
		rows.WriteString(strconv.Itoa(1_500_000_000+300*i) + "," + value + "," + label + "\n")
		if value != "" {
			nab.WriteString("2014-04-" + strconv.Itoa(10+i/288) + " " + clock(i%288) + "," + value + "\n")
		}
	}
	write("detection/KPI-AIOPS18/series/a.csv", rows.String())
	write("detection/MSCloud/series/b.csv", rows.String())
	write("detection/manifest.csv", "dataset,series,file,step_s,points,label_points,events,note,family\n"+
		"KPI-AIOPS18,a,series/a.csv,300,3000,4,4,test half starts at row 1500,a\nMSCloud,b,series/b.csv,300,3000,4,4,,b\nSMD,c,series/c.csv,60,1,1,1,,\n")
	write("nab/data/made/n.csv", nab.String())
	write("nab/labels/combined_windows.json", `{"made/n.csv":[["2014-04-16 20:00:00.000000","2014-04-17 06:00:00.000000"]]}`)
	var out, complaints bytes.Buffer
	if got := run([]string{"detection", "--data", dir, "--series", "10", "--each"}, &out, &complaints); got != 0 {
		t.Fatalf("got code %d: %s", got, complaints.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var last struct {
		Bench   string
		Figures map[string]float64
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("last line: %v", err)
	}
	for _, name := range []string{"recall_1fa_kpi", "recall_1fa_mscloud", "recall_1fa_nab", "kpi_delay_f1", "fa_over_budget", "delay_samples", "ns_per_sample_random", "bytes_per_series"} {
		if _, ok := last.Figures[name]; !ok {
			t.Errorf("figure %s is missing", name)
		}
	}
	if got := last.Figures["recall_1fa_kpi"]; got != 1 {
		t.Errorf("spikes of sixty times the noise: got recall %v, want 1", got)
	}
}

func clock(slot int) string {
	two := func(n int) string { return string([]byte{byte('0' + n/10), byte('0' + n%10)}) }
	return two(slot/12) + ":" + two(slot%12*5) + ":00"
}
