package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const manifestHead = "dataset,series,file,step_s,points,label_points,events,note,family\n"

// folder writes files of a data folder, by path.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// level is n rows, five minutes apart, of a value that never changes.
func level(n int) string {
	var b strings.Builder
	b.WriteString("timestamp,value,label\n")
	for i := range n {
		b.WriteString(strconv.Itoa(1_500_000_000+300*i) + ",5,0\n")
	}
	return b.String()
}

// A folder of somebody else may hold a part of the sets, quiet series, short ones
// and ones without halves: what cannot be told is left out, and said.
func TestRun_FoldersOfOthers_FiguresOfWhatIsThere(t *testing.T) {
	for _, c := range []struct {
		name, bench  string
		files        map[string]string
		says, misses string
	}{
		{"one quiet series without halves", "detection", map[string]string{
			"detection/manifest.csv":             manifestHead + "KPI-AIOPS18,a,series/a.csv,300,900,0,0,,a\n",
			"detection/KPI-AIOPS18/series/a.csv": level(900),
		}, "no series of set MSCloud", "kpi_delay_f1"},
		{"one series without events", "detection", map[string]string{
			"detection/manifest.csv":             manifestHead + "KPI-AIOPS18,a,series/a.csv,300,900,0,0,test half starts at row 450,a\n",
			"detection/KPI-AIOPS18/series/a.csv": level(900),
		}, "no figure recall_1fa_kpi:", "kpi_delay_f1"},
		{"halves without events", "detection", map[string]string{
			"detection/manifest.csv":             manifestHead + "KPI-AIOPS18,a,series/a.csv,300,900,0,0,test half starts at row 450,a\n",
			"detection/KPI-AIOPS18/series/a.csv": level(900),
		}, "no events", "recall_1fa_kpi"},
		{"one row", "detection", map[string]string{
			"detection/manifest.csv":         manifestHead + "MSCloud,a,series/a.csv,300,1,0,0,,a\n",
			"detection/MSCloud/series/a.csv": level(1),
		}, "no figure fa_over_budget:", "fa_over_budget"},
		{"halves beyond the end", "detection", map[string]string{
			"detection/manifest.csv":             manifestHead + "KPI-AIOPS18,a,series/a.csv,300,900,0,0,test half starts at row 5000,a\n",
			"detection/KPI-AIOPS18/series/a.csv": level(900),
		}, "", ""},
		{"a set of their own", "detection", map[string]string{
			"detection/manifest.csv":         manifestHead + "MSCloud,a,series/a.csv,300,900,0,0,,a\nOurs,b,series/b.csv,300,900,0,0,,b\n",
			"detection/MSCloud/series/a.csv": level(900),
		}, `set "Ours", which no bench knows`, ""},
		{"too short to foretell", "forecast", map[string]string{
			"detection/manifest.csv":         manifestHead + "MSCloud,a,series/a.csv,300,50,0,0,,a\n",
			"detection/MSCloud/series/a.csv": level(50),
		}, "no figure error_vs_seasonal_naive:", "error_vs_seasonal_naive"},
		{"too short to cover", "forecast", map[string]string{
			"detection/manifest.csv":         manifestHead + "MSCloud,a,series/a.csv,300,50,0,0,,a\n",
			"detection/MSCloud/series/a.csv": level(50),
		}, "no figure coverage_90:", "coverage_90"},
		{"a file without windows", "nab", map[string]string{
			"nab/labels/combined_windows.json": "{}",
			"nab/data/made/a.csv":              "timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,2\n",
		}, "no figure standard:", "standard"},
		{"a group without alarms", "groups", map[string]string{
			"detection/manifest.csv":     manifestHead + "SMD,a,series/a.csv,300,900,0,0,,\n",
			"detection/SMD/series/a.csv": level(900),
		}, "no figure recall_1fa_smd:", "recall_1fa_smd"},
		{"a group too short to score", "groups", map[string]string{
			"detection/manifest.csv":     manifestHead + "SMD,a,series/a.csv,300,3,0,0,,\n",
			"detection/SMD/series/a.csv": level(3),
		}, "no figure fa_per_group_week:", "fa_per_group_week"},
	} {
		args := []string{c.bench, "--data", folder(t, c.files)}
		if c.bench == "detection" {
			args = append(args, "--recall")
		}
		var out, complaints bytes.Buffer
		if got := run(args, &out, &complaints); got != 0 {
			t.Errorf("%s: got code %d: %s", c.name, got, complaints.String())
			continue
		}
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		var last struct{ Figures map[string]float64 }
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
			t.Errorf("%s: last line: %v", c.name, err)
		}
		if _, there := last.Figures[c.misses]; there || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: got\n%s\nwant %q and no figure %q", c.name, out.String(), c.says, c.misses)
		}
		if strings.Contains(out.String(), "NaN") {
			t.Errorf("%s: got\n%s\nwant no NaN", c.name, out.String())
		}
	}
}

// What cannot be read is named, with its line; what is not there ends with 2.
func TestRun_FoldersThatCannotBeRead_SayWhatIsWrong(t *testing.T) {
	listed := manifestHead + "MSCloud,a,series/a.csv,300,1,0,0,,a\n"
	windows := `{"made/a.csv":[["2014","2015"]]}`
	for _, c := range []struct {
		name, bench string
		files       map[string]string
		code        int
		want        string
	}{
		{"only groups", "detection", map[string]string{"detection/manifest.csv": manifestHead + "SMD,a,series/a.csv,60,1,1,1,,\n"}, 2, "lists no series of KPI-AIOPS18 or MSCloud"},
		{"only groups", "forecast", map[string]string{"detection/manifest.csv": manifestHead}, 2, "point --data at"},
		{"no groups", "groups", map[string]string{"detection/manifest.csv": listed}, 2, "lists none of SMD"},
		{"no labels", "nab", map[string]string{"nab/data/made/a.csv": "timestamp,value\n"}, 2, "combined_windows.json"},
		{"empty file", "detection", map[string]string{"detection/manifest.csv": listed, "detection/MSCloud/series/a.csv": ""}, 1, "a.csv: want a first line"},
		{"no family", "detection", map[string]string{"detection/manifest.csv": manifestHead + "MSCloud,a,series/a.csv,300,1,0,0,\n"}, 1, "manifest.csv:2: row: want 9 cells, got 8"},
		{"no step", "detection", map[string]string{"detection/manifest.csv": manifestHead + "MSCloud,a,series/a.csv,0,1,0,0,,a\n"}, 1, `manifest.csv:2: step_s of a: want seconds above 0, got "0"`},
		{"one row", "nab", map[string]string{"nab/labels/combined_windows.json": "{}", "nab/data/made/a.csv": "timestamp,value\n2014-04-01 00:00:00,1\n"}, 1, "a.csv: want a first line"},
		{"one column", "nab", map[string]string{"nab/labels/combined_windows.json": "{}", "nab/data/made/a.csv": "timestamp,value\n2014-04-01 00:00:00\n2014-04-01 00:05:00\n"}, 1, "a.csv:2: row: want 2 cells, got 1"},
		{"short times", "nab", map[string]string{"nab/labels/combined_windows.json": windows, "nab/data/made/a.csv": "timestamp,value\n2014-04-01 00:00:00,1\n2014-04-01 00:05:00,2\n"}, 1, "combined_windows.json: window of made/a.csv: want times such as"},
	} {
		var out, complaints bytes.Buffer
		got := run([]string{c.bench, "--data", folder(t, c.files)}, &out, &complaints)
		if text := complaints.String(); got != c.code || !strings.Contains(text, c.want) || strings.Contains(text, "%!") || strings.Contains(out.String(), `{"bench"`) {
			t.Errorf("%s, %s: got code %d, %s%s; want %d and %q", c.bench, c.name, got, text, out.String(), c.code, c.want)
		}
	}
}
