package story_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/internal/story"
)

// play runs a script and returns the assertions that did not hold.
func play(t *testing.T, script string) ([]string, error) {
	t.Helper()
	s, err := story.Parse("a.story", script)
	if err != nil {
		t.Fatal(err)
	}
	return story.Run(t.Context(), s, t.TempDir(), slog.New(slog.DiscardHandler))
}

// failed is a story of a deployment of pay that fails at 10m.
const failed = `alerts
  alerts:
    - {name: bad, condition: deployment_status == failed, severity: critical}
change at 10m service=pay version_to=v2 status=failed author=oncall kind=deployment id=r1
`

// Each kind of assertion is shown to fail, with the line and what was there.
func TestRun_EveryAssertion_CanFail(t *testing.T) {
	tests := []struct{ expect, says string }{
		{"at 12m alert bad pay none", "did not hold between 12m0s and 12m0s; at the end alert is firing"},
		{"at 5m alert bad pay firing", "at the end alert is none"},
		{"at 12m incident pay resolved", "at the end incident is open"},
		{"at 12m incident mail open", "at the end incident is none"},
		{"between 5m and 12m anomaly pay error_rate", "at the end anomalies of pay: []"},
		{`at 12m suspect pay "no such"`, `first suspect is "deployment pay`},
		{`at 12m suspect mail "v2"`, "at the end no incident"},
		{"between 10m and 11m message slack opened", "no such message among"},
		{`between 10m and 11m message pager opened contains "zebra"`, "no such message among"},
		{"never 9m and 12m incident pay open", "held between 9m0s and 12m0s, and must never"},
		{"never 9m and 12m message pager opened", "and must never"},
		{"total incidents = 0", "got 1"},
		{"total incidents = 2", "got 1"},
		{"total incidents <= 0", "got 1"},
		{"total messages pager = 0", "got "},
		{"total messages pager opened = 2", "got 1"},
	}
	script := failed + "expect at 12m incident pay open\n"
	for _, tt := range tests {
		script += "expect " + tt.expect + "\n"
	}
	got, err := play(t, script)
	if err != nil || len(got) != len(tests) {
		t.Fatalf("got %d failures, %v; want %d\n%s", len(got), err, len(tests), strings.Join(got, "\n"))
	}
	for i, tt := range tests {
		if !strings.HasPrefix(got[i], fmt.Sprintf("a.story:%d: expect ", 6+i)) || !strings.Contains(got[i], tt.says) {
			t.Errorf("%s: got %q, want its line and %q", tt.expect, got[i], tt.says)
		}
	}
}

func TestRun_CrashAndRestart_GoOnWithWhatTheDiskHolds(t *testing.T) {
	got, err := play(t, failed+`load 15s
  up{service="pay"} 1x120
crash at 10m30s
crash at 12m
restart at 14m
expect at 16m incident pay open
expect at 16m alert bad pay firing
expect total messages pager opened = 1
`)
	if err != nil || len(got) != 0 {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestRun_WhatCannotBePlayed_IsAnErrorWithItsPlace(t *testing.T) {
	for _, tt := range []struct{ script, says string }{
		{"config\n  nothing: 1\n", "a.story:2: nothing"},
		{"alerts\n  alerts: [{name: x}]\n", "alerts.yml:2"},
		{"rules\n  groups: [{name: g, rules: [{record: a, expr: \"1 +\"}]}]\n", "rules.yml"},
		{"down at 5m channel=pager for=soon\n", `a.story:1: down: for: want a duration`},
		{"down at 5m channel=nobody for=5m\n", `a.story:1: down: want one of the channels pager`},
		{"down at 5m channel=pager for=5m answer=maybe\n", `a.story:1: down: answer: want retry or refuse, got "maybe"`},
		{"ack at 5m service=pay actor=oncall\n", `a.story:1: ack: no open incident of service "pay"`},
		{"change at 5m kind=deployment\n", "a.story:1: "},
		{"load 15s at 1h\n  up 1\nload 15s\n  up 1x10\n  up 2x10\n", "refused"},
	} {
		if got, err := play(t, tt.script); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q: got %q, %v; want %q", tt.script, got, err, tt.says)
		}
	}
}

// The same script gives the same outcome, step by step.
func TestRun_Twice_SameOutcome(t *testing.T) {
	script := `load 15s jitter 10%
  depth{service="pay"} 100x300 900x20
expect at 1h incident pay nothing-of-the-kind
expect at 1h18m anomaly pay nothing-of-the-kind
`
	script = strings.Replace(script, "incident pay nothing-of-the-kind", "incident pay resolved", 1)
	one, err1 := play(t, script)
	two, err2 := play(t, script)
	if err1 != nil || err2 != nil || fmt.Sprint(one) != fmt.Sprint(two) || len(one) != 2 {
		t.Errorf("got %q, %v and %q, %v", one, err1, two, err2)
	}
}
