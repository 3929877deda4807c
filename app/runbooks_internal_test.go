package app

import (
	"testing"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/signal"
)

func TestBound_OnlyAlertsWithoutRunbook_AndOriginalStays(t *testing.T) {
	f, errs := rules.ParseAlerts("alerts.yml", []byte("alerts:\n  - {name: a, condition: error_rate > 5%}\n  - {name: b, condition: error_rate > 5%, annotations: {runbook_url: \"https://own.example\"}}\n  - {name: c, condition: error_rate > 5%}\n"), mustDefault(t))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	file, err := rules.ParseRuleFile("rules.yml", []byte("groups: [{name: g, rules: [{record: x, expr: up}, {alert: a, expr: up == 0}]}]"))
	if err != nil {
		t.Fatal(err)
	}
	set := rules.RuleSet{Alerts: []rules.AlertFile{f}, Files: []rules.RuleFile{file}}
	got := bound(set, func(alert string) string {
		if alert == "c" {
			return ""
		}
		return "http://us/" + alert
	})
	for n, want := range []string{"http://us/a", "https://own.example", ""} {
		if u := got.Alerts[0].Alerts[n].Annotations["runbook_url"]; u != want {
			t.Errorf("alert %d: got %q, want %q", n, u, want)
		}
	}
	if u := got.Files[0].Groups.Groups[0].Rules[1].Annotations["runbook_url"]; u != "http://us/a" {
		t.Errorf("rule: got %q", u)
	}
	if len(set.Alerts[0].Alerts[0].Annotations) != 0 || len(set.Files[0].Groups.Groups[0].Rules[1].Annotations) != 0 {
		t.Error("the rules that were given are altered")
	}
	if s := runbookSubjects(got, nil, rules.DefaultConfig()); len(s) != 3 || s[0].Meaning == "" || len(s[0].Checks) != 2 {
		t.Errorf("subjects: got %+v", s)
	}
}

func mustDefault(t *testing.T) *signal.Catalogue {
	t.Helper()
	c, err := signal.Default()
	if err != nil {
		t.Fatal(err)
	}
	return c
}
