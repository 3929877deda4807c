//go:build linux

package e2e_test

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTestRules_BesidePromtool_SameVerdicts runs promtool's own test files by an
// installed promtool and by us, each test group by itself.
func TestTestRules_BesidePromtool_SameVerdicts(t *testing.T) {
	promtool := program(t, "promtool", "prometheus")
	files, err := filepath.Glob("../../trial/testdata/promtool/*.yml")
	if err != nil || len(files) < 15 {
		t.Fatalf("got %d files: %v", len(files), err)
	}
	compared, refused := 0, 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(src), "\ntests:") {
			continue
		}
		theirs, err := exec.Command(promtool, "test", "rules", f).CombinedOutput()
		pass := err == nil
		// An older promtool does not know newer keys, functions and forms of
		// histogram; what it cannot read it has no word on.
		if unread(string(theirs)) {
			refused++
			continue
		}
		ours, err := exec.Command(tocsin, "test", "rules", f).CombinedOutput()
		if (err == nil) != pass {
			t.Errorf("%s: promtool passes: %v, we: %v\n%s\n%s", f, pass, err == nil, theirs, ours)
		}
		compared++
	}
	if compared < 8 {
		t.Errorf("compared %d files, and promtool could not read %d; want at least 8 compared", compared, refused)
	}
	t.Logf("%d files compared, %d not read by this promtool", compared, refused)
}

// unread reports whether promtool says that it cannot read a file that is right.
func unread(text string) bool {
	for _, s := range []string{"field start_timestamp not found", "field fuzzy_compare not found", "field name not found", "field histogram not found", "unexpected character"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

func TestTestRules_ExitCodesAndJUnit(t *testing.T) {
	dir := "../../trial/testdata/promtool/"
	out := filepath.Join(t.TempDir(), "out.xml")
	for _, tc := range []struct {
		args []string
		code int
	}{
		{[]string{dir + "unittest.yml"}, 0},
		{[]string{dir + "failing.yml"}, 1},
		{[]string{dir + "nothing.yml"}, 1},
		{[]string{"--run=(", dir + "unittest.yml"}, 3},
		{[]string{"--junit=" + out, dir + "unittest.yml", dir + "failing.yml", dir + "bad-input-series.yml"}, 1},
	} {
		cmd := exec.Command(tocsin, append([]string{"test", "rules"}, tc.args...)...)
		text, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != tc.code {
			t.Errorf("%q: got exit code %d, want %d\n%s", tc.args, got, tc.code, text)
		}
	}
	src, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Suites []struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Errors   int `xml:"errors,attr"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(src, &got); err != nil || len(got.Suites) != 3 {
		t.Fatalf("got %+v, %v\n%s", got, err, src)
	}
	if a, b := got.Suites[0], got.Suites[1]; a.Tests != 5 || a.Failures != 0 || b.Failures == 0 || got.Suites[2].Failures+got.Suites[2].Errors == 0 {
		t.Errorf("got %+v", got)
	}
}
