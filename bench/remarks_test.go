package main

import (
	"strings"
	"testing"
)

// remarked fails unless the run went well and said that on a line of its own.
func (a tried) remarked(t *testing.T, name, want string) {
	t.Helper()
	if a.code != 0 || !strings.Contains(a.out, want) {
		t.Errorf("%s: got code %d, %s%s\nwant %q", name, a.code, a.complaints, a.out, want)
	}
}

func TestRun_WindowsOutOfOrder_AreTheSameWindows(t *testing.T) {
	early, late := `["2014-04-13 20:00:00","2014-04-13 20:30:00"]`, `["2014-04-16 20:00:00","2014-04-16 20:30:00"]`
	for _, bench := range []string{"detection", "nab"} {
		want := try(t, bench, oneFile(nabFile(nil), "["+early+","+late+"]"))
		try(t, bench, oneFile(nabFile(nil), "["+late+","+early+"]")).same(t, bench, want)
		if bench == "detection" && want.figures["recall_1fa_nab"] != 1 {
			t.Errorf("got recall %v, want 1", want.figures["recall_1fa_nab"])
		}
	}
}

func TestRun_WindowsThatMarkNothing_AreSaid(t *testing.T) {
	for _, bench := range []string{"detection", "nab"} {
		try(t, bench, oneFile(nabFile(nil), `[["2014-04-16 21:00:00","2014-04-16 20:00:00"]]`)).
			says(t, bench+", reversed", 1, "combined_windows.json: window of made/n.csv: want its start before its end")
		try(t, bench, oneFile(nabFile(nil), `[["2014-04-16 20:00:00"]]`)).
			says(t, bench+", half", 1, "combined_windows.json: window of made/n.csv: want [from, to]")
		try(t, bench, oneFile(nabFile(nil), `[["2014-05-16 20:00:00","2014-05-16 21:00:00"]]`)).
			remarked(t, bench+", elsewhere", "combined_windows.json: window of made/n.csv: 2014-05-16 20:00:00 to 2014-05-16 21:00:00 holds no row of the file")
	}
}

// Where nothing is marked there is nothing to find, which is not the same as to find
// nothing of it.
func TestRun_NothingIsMarked_NoRecallIsGiven(t *testing.T) {
	quiet := try(t, "nab", oneFile(nabFile(nil), `[]`))
	quiet.remarked(t, "nab", "no windows")
	if strings.Contains(quiet.out, "Inf") || strings.Contains(quiet.out, "0.0") {
		t.Errorf("nab: got %s, want no score", quiet.out)
	}
	group := map[string]string{
		"detection/manifest.csv":     manifestHead + "SMD,a,series/a.csv,300,900,0,0,,\n",
		"detection/SMD/series/a.csv": level(900),
	}
	got := try(t, "groups", group)
	got.remarked(t, "groups", "no figure recall_default:")
	if _, there := got.figures["recall_default"]; there || strings.Contains(got.out, "0.00 / 0.00") || !strings.Contains(got.out, "no events") {
		t.Errorf("groups: got %s, want no recall", got.out)
	}
}

func TestRun_EventWithoutValues_IsSaid(t *testing.T) {
	text := spiky(1_500_000_000, func(i int, row []string) []string {
		if row[2] == "1" && i > 1000 && i < 2000 {
			row[1] = ""
		}
		return row
	})
	try(t, "detection", oneSeries(text, "5")).remarked(t, "one of four", "a.csv:1352: the event until line 1352 has no value in any of its rows: it is not counted\n")
}

// How long rows are is said by the manifest and by the times, and everything by week
// goes by the one while the detector goes by the other.
func TestRun_StepThatTheTimesBelie_IsSaid(t *testing.T) {
	files := oneSeries(spiky(1_500_000_000, nil), "5")
	files["detection/manifest.csv"] = strings.Replace(files["detection/manifest.csv"], ",300,", ",60,", 1)
	for _, bench := range []string{"detection", "forecast"} {
		try(t, bench, files).remarked(t, bench, "manifest.csv:2: step_s of a is 60 s, but the times in DIR/detection/MSCloud/series/a.csv are 300 s apart")
	}
	group := map[string]string{
		"detection/manifest.csv":     manifestHead + "SMD,a,series/a.csv,60,900,0,0,,\n",
		"detection/SMD/series/a.csv": level(900),
	}
	try(t, "groups", group).remarked(t, "groups", "manifest.csv:2: step_s of a is 60 s, but the times in DIR/detection/SMD/series/a.csv are 300 s apart")
	if got := try(t, "detection", oneSeries(spiky(1_500_000_000, everyHundredth(1, "")), "5")); strings.Contains(got.out, "step_s") {
		t.Errorf("some rows without a value: got %s, want no remark", got.out)
	}
	twice := nabFile(func(_ int, line string) string { return line + "\n" + line })
	for _, bench := range []string{"detection", "nab"} {
		try(t, bench, oneFile(twice, anHour)).says(t, bench+", every row twice", 1, "n.csv: timestamp: want rows in the order of time, got steps of 0 s")
	}
}

// What is wrong in a file is no lack of data: the folder was the right one.
func TestRun_BadNABCells_NameTheLineOnly(t *testing.T) {
	for text, want := range map[string]string{
		strings.Replace(nabFile(nil), "2014-04-12 00:00:00", "1397260800", 1):             `n.csv:578: timestamp: want a time such as "2006-01-02 15:04:05", got "1397260800"`,
		strings.Replace(nabFile(nil), "2014-04-12 00:00:00,", "2014-04-12 00:00:00,x", 1): `n.csv:578: value: want a number, or an empty cell for none, got "x`,
		strings.Replace(nabFile(nil), "value", "load", 1):                                 `n.csv:1: columns: want timestamp,value, got "timestamp,load"`,
	} {
		got := try(t, "nab", oneFile(text, anHour))
		got.says(t, want, 1, want)
		if strings.Contains(got.complaints, "--data") {
			t.Errorf("got %q, want no word of the folder", got.complaints)
		}
	}
}

func TestRun_GuiltyMetricThatIsNone_IsRefused(t *testing.T) {
	for guilt, want := range map[string]string{
		"499-510:2,3\n999-999:99\n": "omi-x.interpretation.txt:2: metrics: want 1 to 3, as omi-x has 3, got 99",
		"499-510:0,3\n":             "omi-x.interpretation.txt:1: metrics: want 0 to 2, as omi-x has 3, got 3",
		"499-510\n":                 `omi-x.interpretation.txt:1: line: want start-end:metric,metric, got "499-510"`,
		"5000-5001:1\n":             "omi-x.interpretation.txt:1: rows: want start-end within the series of 3000 rows",
	} {
		var complaints, out strings.Builder
		if code := run([]string{"groups", "--data", writeGroups(t, guilt)}, &out, &complaints); code != 1 || !strings.Contains(complaints.String(), want) {
			t.Errorf("%q: got code %d and %q, want 1 and %q", guilt, code, complaints.String(), want)
		}
	}
	var complaints, out strings.Builder
	if run([]string{"groups", "--data", writeGroups(t, "499-510:0,2\n")}, &out, &complaints); !strings.Contains(out.String(), "omi-x.interpretation.txt:1: metric 0 is named, so that the metrics of ASD are counted from 0 and not from 1") {
		t.Errorf("got %s%s, want it said that metrics are counted from 0", complaints.String(), out.String())
	}
}
