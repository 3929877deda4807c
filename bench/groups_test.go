package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// writeGroups lays out one made-up group of three metrics at five minutes, with
// spikes in the second and third during the events.
func writeGroups(t *testing.T, guilt string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	var rows strings.Builder
	rows.WriteString("timestamp,m00,m01,m02,label\n")
	for i := range 3000 {
		v, spike, label := 10+math.Sin(float64(i)*12.9898)*0.5, 0.0, "0"
		if i%500 == 499 {
			spike, label = 60, "1"
		}
		number := func(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
		rows.WriteString(strconv.Itoa(300*i) + "," + number(v) + "," + number(v+spike) + "," + number(v+spike/3) + "," + label + "\n")
	}
	for path, text := range map[string]string{
		"manifest.csv": "dataset,series,file,step_s,points,label_points,events,note,family\n" +
			"ASD,omi-x,series/omi-x.csv,300,3000,6,6,test starts at row 1000,\n",
		"ASD/series/omi-x.csv":                rows.String(),
		"ASD/series/omi-x.interpretation.txt": guilt,
	} {
		path = filepath.Join(dir, "detection", path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRun_GroupsOfMadeUpData_FindsEventsAndGuilty(t *testing.T) {
	dir := writeGroups(t, "499-499:2,3\n999-999:2,3\n")
	var out, complaints bytes.Buffer
	if got := run([]string{"groups", "--data", dir, "--each"}, &out, &complaints); got != 0 {
		t.Fatalf("got code %d: %s", got, complaints.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var last struct{ Figures map[string]float64 }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"recall_1fa_asd": 1, "recall_1fa_all": 1, "hit_100_asd": 1, "ac1_asd": 1, "ac3_asd": 1} {
		if got := last.Figures[name]; got != want {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

// Two of the three metrics show the events, so that no method finds more of them.
func TestRun_GroupsSingly_MetricsAreSeriesOfTheirOwn(t *testing.T) {
	var out, complaints bytes.Buffer
	if got := run([]string{"groups", "--data", writeGroups(t, "499-499:2,3\n"), "--single"}, &out, &complaints); got != 0 {
		t.Fatalf("got code %d: %s", got, complaints.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var last struct{ Figures map[string]float64 }
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatal(err)
	}
	if got := last.Figures["recall_1fa_asd"]; math.Abs(got-2./3) > 1e-9 {
		t.Errorf("recall: got %v, want 2/3", got)
	}
	if got, ok := last.Figures["fa_over_budget_asd"]; !ok || got > 1 {
		t.Errorf("false alarms over the budget: got %v, %v", got, ok)
	}
	for _, want := range []string{"spectral residual", "with thresholds that follow", "ASD: recall at 1 against the best line"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("want %q in\n%s", want, out.String())
		}
	}
}

func TestLoadGroups_RowsAndMetrics_CountAsTheFilesSay(t *testing.T) {
	for name, c := range map[string]struct {
		guilt string
		want  []int
	}{
		"from one":  {"499-510:2,3\n", []int{1, 2}},
		"from zero": {"499-510:0, 2\n", []int{0, 2}},
	} {
		all, err := loadGroups(writeGroups(t, c.guilt), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		g := all[0]
		if x := g.guilty[0]; x.from != 1499 || x.to != 1510 || !slices.Equal(x.metrics, c.want) {
			t.Errorf("%s: got %+v, want rows 1499 to 1510 and metrics %v", name, x, c.want)
		}
		if g.skip != 1000 || len(g.metrics) != 3 || len(g.events) != 4 {
			t.Errorf("got skip %d, %d metrics, %d events, want 1000, 3, 4", g.skip, len(g.metrics), len(g.events))
		}
	}
	if _, err := loadGroups(writeGroups(t, "499-510 2,3\n"), io.Discard); err == nil || !strings.Contains(err.Error(), "interpretation.txt:1") {
		t.Errorf("bad line: got %v", err)
	}
	var out, complaints bytes.Buffer
	if got := run([]string{"groups", "--data", t.TempDir()}, &out, &complaints); got != 2 {
		t.Errorf("without data: got code %d, want 2", got)
	}
}

func TestBlame_Ranking_QualityByHand(t *testing.T) {
	metrics := [][]float64{{0, 0.2, 0.9}, {0.9, 0, 0}, {0, 0.5, 0}, {0, 0, 0.99}}
	if got := blame(metrics, span{0, 2}); !slices.Equal(got, []int{3, 1, 0, 2}) {
		t.Fatalf("got %v, want the highest first and of equals the earliest", got)
	}
	var q blameQuality
	// Guilty are 3 and 0 of the order 3 1 0 2: one of two, both among three.
	q.add(&group{guilty: []guilt{{span: span{0, 2}, metrics: []int{0, 3}}}}, metrics)
	if want := (blameQuality{1, 0.5, 1, 1, 1}); q.mean() != want {
		t.Errorf("got %+v, want %+v", q.mean(), want)
	}
}
