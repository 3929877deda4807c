package rules_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
)

func TestParseAlerts_SeedFile(t *testing.T) {
	src, err := os.ReadFile("testdata/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	f, errs := rules.ParseAlerts("alerts.yml", src, catalogue(t))
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		source, name, explain, severity, channels string
		duration                                  time.Duration
	}{
		{"alerts.yml:3", "high_error_rate", "tocsin:error_rate > 0.05", "critical", "pagerduty slack", 5 * time.Minute},
		{"alerts.yml:8", "slow_response_time", "tocsin:p95_latency > 1", "warning", "slack", 10 * time.Minute},
		{"alerts.yml:13", "memory_usage", "tocsin:memory_percent > 85", "warning", "slack email", 15 * time.Minute},
		{"alerts.yml:18", "deployment_failure", "deployment_status == failed", "critical", "pagerduty slack email", 0},
	}
	if len(f.Alerts) != len(want) {
		t.Fatalf("got %d alerts", len(f.Alerts))
	}
	for i, w := range want {
		r := f.Alerts[i]
		if r.Source() != w.source || r.Name != w.name || r.Explain() != w.explain || r.Severity != w.severity ||
			strings.Join(r.Channels, " ") != w.channels || r.Duration != w.duration {
			t.Errorf("got %+v (%s)\nwant %+v", r, r.Explain(), w)
		}
	}
	if g := f.Groups(); len(g.Groups) != 1 || len(g.Groups[0].Rules) != 3 {
		t.Errorf("got groups %+v", g)
	}
}

func TestParseAlerts_EverythingGiven(t *testing.T) {
	f, errs := rules.ParseAlerts("a.yml", []byte(`
alerts:
  - name: busy
    condition: request_rate > 100/s
    service: [shop-*, cart]
    labels: {team: shop}
    annotations: {summary: "{{ $labels.service }} is busy"}
    runbook: https://runbooks.example/busy
    keep_firing_for: 5m
  - name: one
    condition: request_rate > 100/s
    service: checkout
`), catalogue(t))
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	r := f.Alerts[0]
	if got, want := r.Explain(), `tocsin:request_rate{service=~"shop-.*|cart"} > 100`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	rule := f.Groups().Groups[0].Rules[0]
	if rule.Labels["team"] != "shop" || rule.Labels["severity"] != "warning" || rule.Annotations["runbook_url"] == "" || time.Duration(rule.KeepFiringFor) != 5*time.Minute {
		t.Errorf("got %+v", rule)
	}
	if !r.Concerns("shop-a") || !r.Concerns("cart") || r.Concerns("checkout") {
		t.Error("services are told apart wrongly")
	}
	if got, want := f.Alerts[1].Explain(), `tocsin:request_rate{service="checkout"} > 100`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestParseAlerts_Mistakes_AllToldWithLine(t *testing.T) {
	_, errs := rules.ParseAlerts("alerts.yml", []byte(`alerts:
  - name: high_errors
    condition: eror_rate > 5%
    duration: -5s
    severity: urgent
    channels: [slack, slack, ""]
    labels: {severity: x, "bad-name": y}
    colour: red
  - condition: error_rate > 150%
    duration: soon
  - name: high_errors
  - name: "{{ nice }}"
    condition: error_rate > 5%
    service: ""
    runbook: a
    annotations: {runbook_url: b}
  - name: failed
    condition: deployment_status == failed
    keep_firing_for: 5m
`), catalogue(t))
	text := errs.Error()
	for _, want := range []string{
		`alerts.yml:3: alert "high_errors": condition: "eror_rate > 5%": column 1: unknown signal "eror_rate"; did you mean "error_rate"?`,
		`alerts.yml:4: alert "high_errors": duration: want a positive duration, got "-5s"`,
		`alerts.yml:5: alert "high_errors": severity: want info, warning or critical, got "urgent"`,
		`alerts.yml:6: alert "high_errors": channels[1]: channel "slack" is named twice`,
		`alerts.yml:6: alert "high_errors": channels[2]: want the name of a channel, got ""`,
		`labels.severity: the label severity is set by the alert itself`,
		`want a label name, got "bad-name"`,
		`alerts.yml:8: alert "high_errors": colour: unknown field`,
		`alerts.yml:9: alerts[1].condition: "error_rate > 150%": column 14: error_rate is a ratio: want a threshold from 0% to 100%, got 150%`,
		`alerts.yml:9: alerts[1].name: want a name, got none`,
		`alerts.yml:10: alerts[1].duration: want a duration`,
		`alerts.yml:11: alert "high_errors": condition: want a condition such as "error_rate > 5%", got none`,
		`alerts.yml:11: alert "high_errors": name: the name is taken by the alert at line 2`,
		`alerts.yml:12: alert "{{ nice }}": name: want letters`,
		`service: want the name of a service or a glob such as shop-*, got ""`,
		`runbook: want runbook or the annotation runbook_url, got both`,
		`alerts.yml:19: alert "failed": keep_firing_for: has no meaning for an event`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no error %q in:\n%s", want, text)
		}
	}
}

func TestParseAlerts_BadTemplate_Told(t *testing.T) {
	for _, condition := range []string{"error_rate > 5%", "deployment_status == failed"} {
		_, errs := rules.ParseAlerts("alerts.yml", []byte(`alerts:
  - name: a
    condition: `+condition+`
    annotations:
      summary: '{{ $value'
`), catalogue(t))
		if text := errs.Error(); !strings.Contains(text, `alerts.yml:2: alert "a": `) || !strings.Contains(text, "unclosed action") {
			t.Errorf("%s: got %q", condition, text)
		}
	}
}

func TestParseAlerts_EmptyFile(t *testing.T) {
	f, errs := rules.ParseAlerts("alerts.yml", nil, catalogue(t))
	if len(errs) > 0 || len(f.Alerts) != 0 || len(f.Groups().Groups) != 0 {
		t.Errorf("got %+v, %v", f, errs)
	}
}

func FuzzParseAlerts(f *testing.F) {
	cat := catalogue(f)
	src, err := os.ReadFile("testdata/alerts.yml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Add([]byte("alerts: [{name: a, condition: error_rate > 5%, service: [a, 'b*'], annotations: {x: '{{ $value }}'}}]"))
	f.Add([]byte("alerts:\n- name: a\n  condition: deployment_status == failed\n  duration: 5m\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, errs := rules.ParseAlerts("fuzz.yml", src, cat)
		if len(errs) > 0 {
			return
		}
		for _, r := range file.Alerts {
			if r.Name == "" || r.Explain() == "" || r.Line < 1 {
				t.Fatalf("accepted %+v", r)
			}
		}
		for _, g := range file.Groups().Groups {
			for _, r := range g.Rules {
				if errs := r.Labels["severity"]; errs == "" {
					t.Fatalf("no severity: %+v", r)
				}
			}
		}
	})
}

func FuzzParseRuleFile(f *testing.F) {
	f.Add([]byte(promRules))
	f.Add([]byte("groups: []\n---\ngroups: []\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		file, err := rules.ParseRuleFile("fuzz.yml", src)
		if err == nil && file.Groups == nil {
			t.Fatal("neither groups nor an error")
		}
	})
}

func TestParseAlerts_ExtendedFields_MistakesToldWithLine(t *testing.T) {
	for text, want := range map[string]string{
		"condition: error_rate > 5%\n    conditions: [error_rate > 5%]":                     `a.yml:4: alert "x": conditions: want condition or conditions, got both`,
		"conditions: [error_rate > 5%, '']":                                                 `a.yml:3: alert "x": conditions[1]: want a condition such as "error_rate > 5%", got none`,
		"conditions: [error_rate > 5%, eror_rate > 5%]":                                     `conditions[1]: "eror_rate > 5%": column 1: unknown signal "eror_rate"; did you mean "error_rate"?`,
		"conditions: [error_rate > 5%, deployment_status == failed]":                        `conditions: "deployment_status == failed" is about an event and stands alone`,
		"condition: error_rate > 5%\n    recovery: error_rate < 7%":                         `a.yml:4: alert "x": recovery: "error_rate < 7%": the alert ends before its own condition does; want a threshold at or below that of the condition`,
		"condition: error_rate > 5%\n    recovery: error_rate > 2%":                         `recovery: "error_rate > 2%": the alert fires on >, so it ends the other way: want < or <=`,
		"condition: request_rate < baseline / 4\n    recovery: request_rate > baseline / 8": `want a threshold at or above that of the condition`,
		"condition: error_rate > 5%\n    recovery: error_rate < 2% for 5m":                  `recovery: want a condition without for; keep_firing_for says how long the recovery must last`,
		"condition: error_rate > 5%\n    recovery: cpu_usage < 50%":                         `recovery: want signals with the labels of the condition's (service, environment), got such with service, environment, instance`,
		"condition: error_rate > 5%\n    recovery: deployment_status == succeeded":          `recovery: want comparisons of signals`,
		"condition: deployment_status == failed\n    recovery: error_rate < 5%":             `recovery: has no meaning for an event`,
		"condition: deployment_status == failed\n    min_traffic: 1/s":                      `min_traffic: has no meaning for an event`,
		"condition: error_rate > 5%\n    min_traffic: 5%":                                   `min_traffic: "5%": column 1: want a rate such as 10/s or 300/m because request_rate is a rate, got 5%`,
		"condition: error_rate > 5%\n    min_traffic: 1/s or so":                            `min_traffic: "1/s or so": column 5: want a number with its unit and nothing after it, got "or"`,
		"condition: error_rate > 5% for 5m\n    duration: 2m":                               `duration: want duration or a for at the end of the condition, got both: 2m and 5m`,
		"condition: anomaly(p95_latency) < 0.99":                                            `condition: anomaly(p95_latency) < is true of nearly every value; want > and a score near 1`,
		"condition: error_rate > 5%\n    shadow: yes please":                                `shadow: want true or false`,
	} {
		_, errs := rules.ParseAlerts("a.yml", []byte("alerts:\n  - name: x\n    "+text+"\n"), catalogue(t))
		if got := errs.Error(); !strings.Contains(got, want) || len(errs) != 1 {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
}
