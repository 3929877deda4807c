package trial_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/trial"
)

func TestRun_OwnExpectations_Hold(t *testing.T) {
	got, err := trial.Run(t.Context(), trial.Options{Files: []string{"testdata/shop/shop_test.yml", "testdata/shop/outage_test.yml"}, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range []int{3, 2} {
		if !got[i].OK() || len(got[i].Groups) != n {
			t.Error(text(t, got[i]))
		}
	}
}

// Each line of the file is turned into its opposite or into something else; all
// of that must fail and nothing else.
func TestRun_OwnExpectations_FailWhenWrong(t *testing.T) {
	src, err := os.ReadFile("testdata/shop/shop_test.yml")
	if err != nil {
		t.Fatal(err)
	}
	wrong := string(src)
	cases := []struct{ old, new, want string }{
		{"service: pay, severity: critical}", "service: pay, severity: warning}", `- labels {alertname="high_error_rate", service="pay", severity="warning"}`},
		{"{eval_time: 1h50m, alertname: high_error_rate, state: none}", "{eval_time: 1h50m, alertname: high_error_rate, state: firing}", "alert high_error_rate is firing, time: 1h50m: got none"},
		{"{from: 2h, to: 2h5m, service: pay, name: error_rate}", "{from: 2h, to: 2h5m, service: pay, name: p95_latency}", "anomaly p95_latency of pay, from 2h to 2h5m: got"},
		{"{from: 0s, to: 1h59m, service: pay, never: true}", "{from: 0s, to: 2h5m, service: pay, never: true}", "must never be, and was: "},
		{"{eval_time: 1h59m, service: pay, state: none}", "{eval_time: 1h59m, service: pay, state: open}", "got no incident"},
		{"suspect: deployment pay v41 -> v42", "suspect: deployment pay v1", `first suspect "deployment pay v41 -> v42"`},
		{"{from: 2h22m, to: 2h40m, service: pay, state: resolved}", "{from: 2h22m, to: 2h40m, service: pay, timeline: something}", `timeline "something"`},
		{"{eval_time: 2h40m, count: 1}", "{eval_time: 2h40m, count: 2}", "got 1 incidents"},
		{"channel: pagerduty, contains: v42", "channel: slack, contains: v42", "want at least one, got 0"},
		{"{channel: default, event: opened, count: 1}", "{channel: default, event: opened, count: 3}", "want 3, got 1"},
		{"{to: 1h59m, never: true}", "{to: 2h6m, never: true}", "want none, got"},
	}
	for _, tc := range cases {
		if strings.Count(wrong, tc.old) != 1 {
			t.Fatalf("%q stands %d times in the file", tc.old, strings.Count(wrong, tc.old))
		}
		wrong = strings.Replace(wrong, tc.old, tc.new, 1)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/shop")); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "shop_test.yml")
	if err := os.WriteFile(file, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := trial.Run(t.Context(), trial.Options{Files: []string{file}, Dir: dir, Only: regexp.MustCompile("a deployment")})
	if err != nil {
		t.Fatal(err)
	}
	failures := got[0].Groups[0].Failures
	if len(failures) != len(cases) {
		t.Errorf("got %d failures, want %d:\n%s", len(failures), len(cases), text(t, got[0]))
	}
	for _, tc := range cases {
		if !strings.Contains(strings.Join(failures, "\n"), tc.want) {
			t.Errorf("no failure with %q:\n%s", tc.want, text(t, got[0]))
		}
	}
}

func TestRead_Mistakes_ToldWithPlace(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"tests: [{input_serie: []}]", `f.yml:1: tests[0].input_serie`},
		{"tests:\n- name: a\n  alert_rule_test: [{eval_time: 1m}]", `f.yml:3: test "a": alert_rule_test[0].alertname: want the name of an alert`},
		{"tests: [{alert_state_test: [{alertname: A, state: burning}]}]", `want one of none, pending, firing, held, stale_source, got "burning"`},
		{"tests: [{alert_state_test: [{alertname: A, state: held, eval_time: 1m, to: 2m}]}]", `want eval_time, or from and to, got both`},
		{"tests: [{input_series: [{series: a, values: '1', level: {base: 1}}]}]", `want one of values, rate and level`},
		{"tests: [{input_series: [{series: a, noise: 5%}]}]", `input_series[0].noise: want values with it`},
		{"tests: [{input_series: [{series: a, level: {base: 1, steps: [{from: 1m}]}}]}]", `steps[0]: want one of factor and set`},
		{"tests: [{gaps: [{from: 2m, to: 1m}]}]", `gaps[0].to: want a time not before 2m, got 1m`},
		{"tests: [{gaps: [{from: 1m, to: 2m, series: 'a{'}]}]", `gaps[0].series: want a selector`},
		{"tests: [{gaps: [{from: 1m, to: 2m, late: true}]}]", `gaps[0].late: want tocsin: true with it`},
		{"tests: [{notification_test: [{eval_time: 1m}]}]", `notification_test[0].eval_time: want from and to`},
		{"tests: [{incident_test: [{eval_time: 1m}]}]", `want at least one of state, severity`},
		{"tests: [{start_timestamp: soon}]", `start_timestamp: want a time such as`},
		{"group_eval_order: [a, a]", `group_eval_order[1]: the group "a" is named twice`},
		{"config: {incidents: {resolve_after: soon}}", `config.incidents.resolve_after: want`},
		{"rule_files: ['[']", `pattern`},
	} {
		file := filepath.Join(t.TempDir(), "f.yml")
		if err := os.WriteFile(file, []byte(tc.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := trial.Read(file); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s:\ngot %v\nwant %s", tc.text, err, tc.want)
		}
	}
}
