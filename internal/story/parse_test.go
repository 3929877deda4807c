package story_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/internal/story"
)

func TestParse_WholeScript_IsAsWritten(t *testing.T) {
	s, err := story.Parse("a.story", `# comment
start 2026-02-01T00:00:00Z
tick 30s
config
  incidents:
    resolve_after: 2m   # kept by YAML

alerts
  alerts: []
rules
  groups: []
load 15s at 1h jitter 2.5%
  # a comment within
  up{service="pay # 1"} 0+1x3 # and behind

restart at 70m
change at 1h service=pay summary="roll back" version_to=v2
expect at 65m incident pay open
expect between 61m and 65m message pager opened contains "a b"
expect never 0s and 1h alert high pay firing
expect total messages pager opened = 2
expect total incidents = 0
`)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Start.Equal(time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)) || s.Tick != 30*time.Second {
		t.Errorf("got start %s, tick %s", s.Start, s.Tick)
	}
	if s.Config != "\n\n\n\nincidents:\n  resolve_after: 2m   # kept by YAML\n\n" || strings.TrimSpace(s.Alerts) != "alerts: []" || strings.TrimSpace(s.Rules) != "groups: []" {
		t.Errorf("blocks: got %q, %q, %q", s.Config, s.Alerts, s.Rules)
	}
	l := s.Loads[0]
	if l.At != time.Hour || l.Step != 15*time.Second || l.Jitter != 0.025 || len(l.Series) != 1 || len(l.Series[0].Values) != 4 || l.Series[0].Labels.Get("service") != "pay # 1" {
		t.Errorf("load: got %+v", l)
	}
	if len(s.Actions) != 2 || s.Actions[0].Kind != story.ActionChange || s.Actions[0].Args["summary"] != "roll back" || s.Actions[1].At != 70*time.Minute {
		t.Errorf("actions: got %+v, want them by offset", s.Actions)
	}
	if len(s.Expects) != 5 || s.End != 70*time.Minute {
		t.Errorf("got %d assertions and the end at %s", len(s.Expects), s.End)
	}
	if e := s.Expects[1]; e.From != 61*time.Minute || e.To != 65*time.Minute || e.Words[4] != "a b" || e.Line != 19 {
		t.Errorf("between: got %+v", e)
	}
	if e := s.Expects[2]; !e.Never || e.Total || s.Expects[3].Never || !s.Expects[3].Total {
		t.Errorf("never and total: got %+v", s.Expects[2:4])
	}
}

func TestParse_Wrong_SaysFileLineAndWhat(t *testing.T) {
	for _, tt := range []struct{ script, want string }{
		{"  indented", "a.story:1: an indented line must follow"},
		{"\n\nfly at 1h", `a.story:3: unknown command "fly"`},
		{"start", "a.story:1: start: want one RFC 3339 time"},
		{"start monday", "a.story:1: "},
		{"tick", "a.story:1: tick: want one duration"},
		{"tick fast", `a.story:1: want a duration such as 90s or 1h30m, got "fast"`},
		{"load", "a.story:1: load: want a step"},
		{"load x\n  up 1", `want a duration such as`},
		{"load 15s at\n  up 1", "load: at: want a value"},
		{"load 15s speed 3\n  up 1", `load: unknown option "speed"`},
		{"load 15s jitter much\n  up 1", "a.story:1: "},
		{"load 15s at soon\n  up 1", `got "soon"`},
		{"load 15s", "load: want at least one series"},
		{"tick 1m\nload 15s\n  up{ 1", "a.story:2: load: line 3: "},
		{"restart", `restart: want "restart at DURATION`},
		{"restart 5m now", `restart: want "restart at`},
		{"crash at x", `got "x"`},
		{"change at 5m pay", `change: want key=value, got "pay"`},
		{`change at 5m summary="open`, "missing closing quote"},
		{"expect", `expect: want "at T`},
		{"expect at 5m", `expect: want "at T`},
		{"expect at x incident pay open", `got "x"`},
		{"expect between x and 5m incident pay open", `got "x"`},
		{"expect never 1m and x incident pay open", `got "x"`},
		{"expect at 5m weather pay open", `expect: unknown subject "weather"`},
		{"expect at 5m alert a", "expect alert: wrong number of words"},
		{"expect at 5m incident pay", "expect incident: wrong number of words"},
		{"expect at 5m suspect pay", "expect suspect: wrong number of words"},
		{"expect at 5m message pager opened holds x", "expect message: wrong number of words"},
		{"expect total incidents", "expect total: want"},
		{"expect total incidents = many", "expect total: want a number"},
		{"expect total weather = 1", `expect total: want "incidents = N"`},
		{"expect between 5m and 1m incident pay open", "a.story:1: expect: want the end 1m0s after the start 5m0s"},
		{"load 15s\n  up 1\ntick 0s", "a.story:3: tick: want a positive duration"},
		{"load 0s\n  up 1", "a.story:1: load: want a positive step"},
		{"restart at 5m now=1", `a.story:1: restart: unknown key "now"`},
		{"change at 5m service=a servce=b", `a.story:1: change: unknown key "servce"`},
		{"expect at 5m incident pay opne", `a.story:1: expect incident: want one of none, candidate, open, acknowledged, mitigated, resolved, closed, merged, false_positive, expired, got "opne"`},
		{"expect at 5m alert a pay fire", `a.story:1: expect alert: want one of none, firing, held, stale_source, resolved, got "fire"`},
	} {
		_, err := story.Parse("a.story", tt.script)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "a.story:") {
			t.Errorf("%q: got %v, want %q", tt.script, err, tt.want)
		}
	}
}
