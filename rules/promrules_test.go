package rules_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
)

const promRules = `
groups:
  - name: shop
    interval: 30s
    labels:
      team: shop
    rules:
      - record: job:http_errors:ratio
        expr: |
          sum by (job) (rate(http_requests_total{code=~"5.."}[2m]))
            / sum by (job) (rate(http_requests_total[2m]))
      - alert: HighErrors
        expr: job:http_errors:ratio > 0.05
        for: 1m
        labels:
          severity: page
        annotations:
          summary: '{{ $labels.job }} has {{ $value | humanizePercentage }} errors'
      - alert: Gone
        expr: absent(http_requests_total{job="search"})
        for: 1m
`

func TestPrometheusFile_Verbatim_FiresWithTemplates(t *testing.T) {
	s := newStory(t, shop)
	s.start(promOf(t, promRules))
	s.run(0, 20*time.Minute)
	var high rules.Alert
	for _, a := range s.told {
		if a.Name == "HighErrors" && high.Name == "" {
			high = a
		}
	}
	if high.Severity != "critical" || high.Service != "checkout" || high.Labels["team"] != "shop" || high.Source != "rules.yml:12" ||
		float64(high.Threshold) != 0.05 || high.Query != `job:http_errors:ratio{job="checkout"}` {
		t.Errorf("got %+v", high)
	}
	if !strings.HasPrefix(high.Summary, "checkout has ") || !strings.HasSuffix(high.Summary, "% errors") {
		t.Errorf("got summary %q", high.Summary)
	}
	s.want("1m0s firing Gone search", "7m30s firing HighErrors checkout", "16m30s resolved HighErrors checkout")
	if n := len(s.engine.RuleGroups()); n != 2 {
		t.Errorf("got %d groups, want the signals and one more", n)
	}
}

func TestPrometheusFile_AbsentEnds_Resolved(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="search",code="200"} _x40 0+10x40
`)
	s.start(promOf(t, promRules))
	s.run(0, 15*time.Minute)
	s.want("1m0s firing Gone search", "10m0s resolved Gone search")
}

func TestPrometheusFile_SeriesStop_Held(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+90x40 _x80 4000+100x40
	http_requests_total{job="checkout",code="500"} 0+10x40 _x80 400x40
`)
	s.start(promOf(t, promRules))
	s.run(0, 35*time.Minute)
	s.want("1m0s firing Gone search", "1m30s firing HighErrors checkout", "12m0s held HighErrors checkout", "30m30s resolved HighErrors checkout")
}

// A counter with its rate falls while its window empties; that is no recovery.
func TestPrometheusFile_RateFallsAsItsSourceStops_Held(t *testing.T) {
	s := newStory(t, `load 15s
	errors_total{job="checkout"} 0+30x40
`)
	s.start(promOf(t, `
groups:
  - name: g
    rules:
      - alert: Errors
        expr: sum by (job) (rate(errors_total[5m])) > 1.5
`))
	s.run(0, 20*time.Minute)
	if s.told[len(s.told)-1].State != rules.AlertHeld {
		t.Errorf("got %+v", s.told[len(s.told)-1])
	}
}

// After a restart a live service shows no errors_total until it fails again.
func TestPrometheusFile_CounterGoneButTargetUp_Resolved(t *testing.T) {
	s := newStory(t, `load 15s
	up{job="checkout",instance="a"} 1x80
	errors_total{job="checkout",instance="a"} 0+30x40 stale
`)
	s.start(promOf(t, `
groups:
  - name: g
    rules:
      - alert: Errors
        expr: rate(errors_total[2m]) > 1.5
`))
	s.run(0, 20*time.Minute)
	last := s.told[len(s.told)-1]
	if last.State != rules.AlertResolved {
		t.Errorf("got %+v", last)
	}
}

func TestPrometheusFile_ErrorSeriesGoneAfterRestart_Resolved(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200",pod="old"} 0+90x40 stale
	http_requests_total{job="checkout",code="500",pod="old"} 0+10x40 stale
	http_requests_total{job="checkout",code="200",pod="new"} _x40 0+100x60
`)
	s.start(promOf(t, promRules))
	s.run(0, 20*time.Minute)
	last := s.told[len(s.told)-1]
	if last.Name != "HighErrors" || last.State != rules.AlertResolved {
		t.Errorf("got %+v", last)
	}
}

func TestPrometheusFile_TwoSeveritiesOfOneName_EachTracked(t *testing.T) {
	s := newStory(t, `load 15s
	queue_length{service="mail"} 5x10 20x20 50x20 5x20
`)
	s.start(promOf(t, `
groups:
  - name: g
    rules:
      - alert: Queue
        expr: queue_length > 10
        labels: {severity: warning}
      - alert: Queue
        expr: queue_length > 40
        labels: {severity: critical}
`))
	s.run(0, 18*time.Minute)
	var got []string
	for _, a := range s.told {
		got = append(got, a.Severity+" "+string(a.State))
	}
	slices.Sort(got)
	// The warning is told again when its value changed to 50.
	if want := "critical firing, critical resolved, warning firing, warning firing, warning resolved"; strings.Join(got, ", ") != want {
		t.Errorf("got %v", got)
	}
}

func TestPrometheusFile_QueryFails_AlertHeldAndErrorTold(t *testing.T) {
	s := newStory(t, `load 15s
	queue_length{service="mail"} 50x40
	limit{service="mail",n="1"} 10x80
	limit{service="mail",n="2"} _x20 10x60
`)
	s.start(promOf(t, `
groups:
  - name: g
    rules:
      - alert: Queue
        expr: queue_length > on (service) limit
`))
	s.run(0, 4*time.Minute+45*time.Second)
	_, err := s.engine.EvalDue(t.Context(), epoch(6*time.Minute))
	if err == nil || !strings.Contains(err.Error(), `rule "Queue"`) {
		t.Errorf("got %v, want an error that names the rule", err)
	}
	s.want("0s firing Queue mail")
	if a := s.engine.Alerts(); len(a) != 1 {
		t.Errorf("got %+v", a)
	}
}

func TestParseRuleFile_Mistakes_ToldWithPlace(t *testing.T) {
	_, err := rules.ParseRuleFile("bad.yml", []byte(`
groups:
  - name: g
    rules:
      - alert: A
        expr: sum(
      - alert: B
        expr: up == 0
        annotations:
          summary: '{{ $value'
`))
	if err == nil || !strings.Contains(err.Error(), "bad.yml:6:") || !strings.Contains(err.Error(), "bad.yml:7: ") {
		t.Errorf("got %v", err)
	}
}

func TestParseRuleFile_RecordedBands_AreRefused(t *testing.T) {
	_, err := rules.ParseRuleFile("bands.yml", []byte(`
groups:
  - name: g
    rules:
      - alert: Odd
        expr: queue_length > ignoring(tocsin_band) queue_length{tocsin_band="upper"}
      - record: job:odd:max
        expr: max by (job) ({job="shop", tocsin_band="score"})
      - record: queue_length
        labels: {tocsin_band: upper}
        expr: vector(1)
      - record: same
        expr: queue_length{tocsin_band=""}
`))
	if err == nil {
		t.Fatal("recorded bands are taken")
	}
	for _, want := range []string{`bands.yml:7: group "g", record "job:odd:max": what the detector expects is computed`, `bands.yml:9: group "g", record "queue_length"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "Odd") || strings.Contains(err.Error(), "same") {
		t.Errorf("an alert, or what is stored, is refused:\n%v", err)
	}
}
