package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// spiky is 3,000 rows, five minutes apart, of noise with a spike every 700 rows that
// is marked. Change, if there is one, has the last word on each row.
func spiky(start int, change func(i int, row []string) []string) string {
	var b strings.Builder
	b.WriteString("timestamp,value,label\n")
	for i := range 3000 {
		v, label := 10+math.Sin(float64(i)*12.9898)*0.5, "0"
		if i%700 == 650 {
			v, label = 40, "1"
		}
		row := []string{fmt.Sprint(start + 300*i), fmt.Sprintf("%.4f", v), label}
		if change != nil {
			row = change(i, row)
		}
		b.WriteString(strings.Join(row, ",") + "\n")
	}
	return b.String()
}

// everyHundredth replaces a cell of one row in a hundred.
func everyHundredth(column int, text string) func(int, []string) []string {
	return func(i int, row []string) []string {
		if i%100 == 10 {
			row[column] = text
		}
		return row
	}
}

// oneSeries is a folder that lists one series, of which the manifest says how many
// rows are marked.
func oneSeries(text, marked string) map[string]string {
	return map[string]string{
		"detection/manifest.csv":         manifestHead + "MSCloud,a,series/a.csv,300,3000," + marked + ",4,,a\n",
		"detection/MSCloud/series/a.csv": text,
	}
}

// oneFile is a folder of one NAB file.
func oneFile(text, windows string) map[string]string {
	return map[string]string{"nab/labels/combined_windows.json": `{"made/n.csv":` + windows + `}`, "nab/data/made/n.csv": text}
}

const anHour = `[["2014-04-16 20:00:00.000000","2014-04-16 21:00:00.000000"]]`

// nabFile is ten days, five minutes apart, of noise with a spike of half an hour on
// the 13th and the 16th. Change may replace a line.
func nabFile(change func(i int, line string) string) string {
	var b strings.Builder
	b.WriteString("timestamp,value\n")
	for i := range 2880 {
		v := 10 + math.Sin(float64(i)*12.9898)*0.5
		if day, slot := i/288, i%288; (day == 3 || day == 6) && slot >= 240 && slot < 246 {
			v = 40
		}
		line := fmt.Sprintf("2014-04-%d %s,%.4f", 10+i/288, clock(i%288), v)
		if change != nil {
			line = change(i, line)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// tried is a run of a bench over a folder.
type tried struct {
	code            int
	out, complaints string
	figures         map[string]float64
}

// try runs a bench, detection without its long blocks.
func try(t *testing.T, bench string, files map[string]string, flags ...string) tried {
	t.Helper()
	dir := folder(t, files)
	args := append([]string{bench, "--data", dir}, flags...)
	if bench == "detection" {
		args = append(args, "--recall")
	}
	var out, complaints bytes.Buffer
	got := tried{code: run(args, &out, &complaints), out: strings.ReplaceAll(out.String(), dir, "DIR"), complaints: complaints.String()}
	var last struct{ Figures map[string]float64 }
	lines := strings.Split(strings.TrimSpace(got.out), "\n")
	json.Unmarshal([]byte(lines[len(lines)-1]), &last)
	got.figures = last.Figures
	return got
}

// same fails unless two runs went well and say the same, tables included.
func (a tried) same(t *testing.T, name string, b tried) {
	t.Helper()
	if a.code != 0 || b.code != 0 || a.out != b.out {
		t.Errorf("%s: got code %d %s\n%s\nwant what %d %s says:\n%s", name, a.code, a.complaints, a.out, b.code, b.complaints, b.out)
	}
}

// says fails unless the run ended with the code and complained of that.
func (a tried) says(t *testing.T, name string, code int, want string) {
	t.Helper()
	if a.code != code || !strings.Contains(a.complaints, want) {
		t.Errorf("%s: got code %d and %q, want %d and %q", name, a.code, a.complaints, code, want)
	}
}

// What is no number is no sample, in every kind of file: a reference line that takes
// one into a running mean is silent from then on.
func TestRun_ValueThatIsNoNumber_IsAMissingRow(t *testing.T) {
	for _, bench := range []string{"detection", "forecast"} {
		want := try(t, bench, oneSeries(spiky(1_500_000_000, everyHundredth(1, "")), "5"))
		for _, no := range []string{"NaN", "nan", "Inf", "-inf", "NA", " ", "null"} {
			try(t, bench, oneSeries(spiky(1_500_000_000, everyHundredth(1, no)), "5")).same(t, bench+" "+no, want)
		}
	}
	for _, bench := range []string{"detection", "nab"} {
		drop := func(text string) func(int, string) string {
			return func(i int, line string) string {
				if i%100 == 10 {
					return line[:strings.Index(line, ",")+1] + text
				}
				return line
			}
		}
		want := try(t, bench, oneFile(nabFile(drop("")), anHour))
		for _, no := range []string{"NaN", "Inf", "NA"} {
			try(t, bench, oneFile(nabFile(drop(no)), anHour)).same(t, bench+" of NAB "+no, want)
		}
	}
}

// In a group a cell is missing of its metric alone.
func TestRun_GroupsWithoutSomeValues_LinesHearTheRest(t *testing.T) {
	text := func(no string) map[string]string {
		return map[string]string{
			"detection/manifest.csv": manifestHead + "SMD,a,series/a.csv,300,3000,5,5,,\n",
			"detection/SMD/series/a.csv": strings.Replace(spiky(0, func(i int, row []string) []string {
				v := row[1]
				if i%100 == 10 {
					v = no
				}
				return []string{row[0], v, row[1], row[2]}
			}), "timestamp,value,label", "timestamp,m00,m01,label", 1),
		}
	}
	want := try(t, "groups", text(""))
	for _, no := range []string{"NaN", "Inf", "NA"} {
		try(t, "groups", text(no)).same(t, no, want)
	}
	for _, line := range strings.Split(want.out, "\n") {
		if strings.HasPrefix(line, "SMD") && !strings.Contains(line, "1.00 / 1.00 / 1.00 / 1.00") {
			t.Errorf("spikes of sixty times the noise: got %s, want all of them", line)
		}
	}
	if single := try(t, "groups", text("NaN"), "--single"); single.code != 0 || single.figures["recall_1fa_smd"] != 1 {
		t.Errorf("singly: got %s %v, want recall 1", single.complaints, single.figures)
	}
}

func TestRun_TimesBefore1970_AreTimes(t *testing.T) {
	want := try(t, "detection", oneSeries(spiky(17_000*86_400, nil), "5"))
	got := try(t, "detection", oneSeries(spiky(-3*86_400, nil), "5"))
	got.same(t, "three days before", want)
	if got.figures["recall_1fa_mscloud"] != 1 {
		t.Errorf("got recall %v, want 1", got.figures["recall_1fa_mscloud"])
	}
}

func TestRun_TimesThatAreNone_AreNamed(t *testing.T) {
	for _, bench := range []string{"detection", "forecast"} {
		for text, want := range map[string]string{
			"NaN":                  `a.csv:12: timestamp: want seconds since 1970, got "NaN"`,
			"Inf":                  `a.csv:12: timestamp: want seconds since 1970, got "Inf"`,
			"2023-11-14T22:13:20Z": `a.csv:12: timestamp: want seconds since 1970, got "2023-11-14T22:13:20Z"`,
			"1700000000000":        `a.csv:12: timestamp: want seconds since 1970, got "1700000000000", which would be after the year 5000; divide`,
		} {
			try(t, bench, oneSeries(spiky(1_500_000_000, everyHundredth(0, text)), "5")).says(t, bench+" "+text, 1, want)
		}
	}
}

// A file without labels is free of events where the manifest says that nothing is
// marked, and else an error: silence would look like a series that is scored.
func TestRun_FilesWithoutLabels_ByWhatTheManifestSays(t *testing.T) {
	cut := func(text string) string {
		return strings.ReplaceAll(strings.ReplaceAll(text, ",0\n", "\n"), ",label", "")
	}
	quiet := spiky(1_500_000_000, func(i int, row []string) []string { row[1], row[2] = "10", "0"; return row })
	try(t, "detection", oneSeries(cut(quiet), "0")).same(t, "nothing is marked", try(t, "detection", oneSeries(quiet, "0")))
	try(t, "detection", oneSeries(cut(quiet), "5")).says(t, "five rows are marked", 1, `a.csv:1: label: want a column of that name, got "timestamp,value", while label_points at `)
	short := func(cells int) string {
		return spiky(1_500_000_000, func(i int, row []string) []string {
			if i == 20 {
				row = row[:cells]
			}
			return row
		})
	}
	for cells := 1; cells < 3; cells++ {
		try(t, "detection", oneSeries(short(cells), "5")).says(t, "a row cut short", 1, fmt.Sprintf("a.csv:22: row: want 3 cells, got %d", cells))
	}
}

func TestRun_LabelsAndColumns_AreReadByWhatTheySay(t *testing.T) {
	want := try(t, "detection", oneSeries(spiky(1_500_000_000, nil), "5"))
	words := map[string]map[string]string{
		"words": {"0": "False", "1": "True"}, "small words": {"0": "false", "1": "true"},
		"blanks": {"0": " 0", "1": " 1 "}, "points": {"0": "0.0", "1": "1.0"}, "empty": {"0": "", "1": "1"},
	}
	for name, as := range words {
		try(t, "detection", oneSeries(spiky(1_500_000_000, func(_ int, row []string) []string { row[2] = as[row[2]]; return row }), "5")).same(t, name, want)
	}
	swapped := spiky(1_500_000_000, func(_ int, row []string) []string { return []string{row[0], row[2], row[1]} })
	try(t, "detection", oneSeries(strings.Replace(swapped, "timestamp,value,label", "timestamp,label,value", 1), "5")).same(t, "columns that changed places", want)
	try(t, "detection", oneSeries(swapped, "5")).says(t, "under names that did not", 1, "a.csv:2: label: want 0 or 1, or false or true, got ")
	named := strings.Replace(spiky(1_500_000_000, nil), "timestamp,value,label\n", "", 1)
	try(t, "detection", oneSeries(named, "5")).same(t, "no names", want)
	try(t, "detection", oneSeries(strings.Replace(spiky(0, nil), "value", "load", 1), "5")).says(t, "other names", 1, `a.csv:1: columns: want timestamp,value,label, got "timestamp,load,label"`)
	try(t, "detection", oneSeries(spiky(0, everyHundredth(2, "2")), "5")).says(t, "a label that is none", 1, `a.csv:12: label: want 0 or 1, or false or true, got "2"`)
	moved := oneSeries(spiky(1_500_000_000, nil), "5")
	moved["detection/manifest.csv"] = "dataset,series,file,family,step_s,points,label_points,events,note\nMSCloud,a,series/a.csv,a,300,3000,5,4,\n"
	try(t, "detection", moved).same(t, "columns of the manifest", want)
}

// A quote that is not closed is an error of that file, not a lack of data.
func TestRun_BrokenQuotes_NameTheFile(t *testing.T) {
	for _, text := range []string{`1"0`, `"10`} {
		got := try(t, "detection", oneSeries(spiky(1_500_000_000, everyHundredth(1, text)), "5"))
		got.says(t, text, 1, "a.csv:12: quotes: want them in pairs")
	}
	files := oneSeries(spiky(0, nil), "5")
	files["detection/manifest.csv"] += `MSCloud,"b"c,series/a.csv,300,3000,5,4,,a` + "\n"
	try(t, "detection", files).says(t, "manifest", 1, filepath.Join("detection", "manifest.csv")+":3: quotes: want them in pairs")
	try(t, "nab", oneFile(strings.Replace(nabFile(nil), "2014-04-12", `"2014-04-12`, 1), anHour)).says(t, "nab", 1, "n.csv:578: quotes: want them in pairs")
}
