package trial_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/trial"
)

// The files under testdata/promtool are those of cmd/promtool of Prometheus 3.16,
// as they stand. What promtool says of each was seen by running it; a test in
// test/e2e asks an installed one.
var promtool = []struct {
	file string
	run  string // --run
	pass bool
}{
	{"unittest.yml", "", true},
	{"long-period.yml", "", true},
	{"bad-input-series.yml", "", false},
	{"bad-promql.yml", "", false},
	{"bad-rules-syntax-test.yml", "", false},
	{"bad-rules-error-test.yml", "", false},
	{"failing.yml", "", false},
	{"at-modifier-test.yml", "", true},
	{"negative-offset-test.yml", "", true},
	{"experimental-functions-test.yml", "", false},
	{"no-test-group-interval.yml", "", true},
	{"start-time-test.yml", "", true},
	{"rules_run.yml", "", false},
	{"rules_run.yml", "correct|wrong", false},
	{"rules_run.yml", "correct", true},
	{"rules_run.yml", "wrong", false},
	{"rules_run_fuzzy.yml", "correct", true},
	{"rules_run_fuzzy.yml", "wrong", false},
	{"rules_run_no_fuzzy.yml", "", false},
	{"rules_run_extrafields.yml", "", false},
}

func TestRun_PromtoolsOwnFiles_SameVerdicts(t *testing.T) {
	for _, tc := range promtool {
		t.Run(strings.TrimSuffix(tc.file, ".yml")+" "+tc.run, func(t *testing.T) {
			o := trial.Options{Files: []string{filepath.Join("testdata", "promtool", tc.file)}, Dir: t.TempDir()}
			if tc.run != "" {
				o.Only = regexp.MustCompile(tc.run)
			}
			got, err := trial.Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got[0].OK() != tc.pass {
				t.Errorf("passed %v, want %v:\n%s", got[0].OK(), tc.pass, text(t, got[0]))
			}
		})
	}
}

func text(t *testing.T, r trial.FileResult) string {
	t.Helper()
	var b strings.Builder
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
