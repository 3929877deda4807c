package rules_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
)

// Checkout fails by 10 %, then by 3 %, then by 7 %, then by 1 %.
const wavering = `load 15s
	http_requests_total{job="checkout",code="200"} 0+90x20 1800+97x20 3740+93x20 5600+99x40
	http_requests_total{job="checkout",code="500"} 0+10x20 200+3x20 260+7x20 400+1x40
`

func TestRecovery_BetweenItAndTheThreshold_GoesOnFiring(t *testing.T) {
	s := newStory(t, wavering)
	s.start(alertsOf(t, `
alerts:
  - {name: plain, condition: error_rate > 5%}
  - {name: steady, condition: error_rate > 5%, recovery: error_rate < 2%}
`))
	s.run(0, 24*time.Minute)
	s.want("15s firing plain checkout", "15s firing steady checkout",
		"6m30s resolved plain checkout", "11m30s firing plain checkout",
		"16m15s resolved plain checkout", "17m15s resolved steady checkout")
	if v := s.value(rules.StandingMetric, 24*time.Minute); len(v) != 0 {
		t.Errorf("still standing: %v", v)
	}
}

func TestRecovery_NeverOverTheThreshold_NeverFires(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+97x60
	http_requests_total{job="checkout",code="500"} 0+3x60
`)
	s.start(alertsOf(t, "alerts: [{name: steady, condition: error_rate > 5%, recovery: error_rate < 2%}]"))
	s.run(0, 15*time.Minute)
	s.want()
}

func TestRecovery_SummaryNamesIt(t *testing.T) {
	s := newStory(t, wavering)
	s.start(alertsOf(t, "alerts: [{name: steady, condition: error_rate > 5%, recovery: error_rate < 2%}]"))
	s.run(0, 9*time.Minute)
	last := s.told[len(s.told)-1]
	if got, want := last.Summary, "error_rate of checkout is 3% (limit 5%, ends at error_rate < 2%)"; got != want || last.Recovery != "error_rate < 2%" {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRecovery_DataStopAndComeBackBetween_StillFiring(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+90x40 _x80 0+97x40 3880+99x40
	http_requests_total{job="checkout",code="500"} 0+10x40 _x80 0+3x40 120+1x40
`)
	s.start(alertsOf(t, "alerts: [{name: steady, condition: error_rate > 5%, recovery: error_rate < 2%, duration: 1m}]"))
	s.run(0, 50*time.Minute)
	s.want("1m15s firing steady checkout", "11m45s held steady checkout",
		"30m30s firing steady checkout", "41m30s resolved steady checkout")
}

func TestMinTraffic_BelowIt_NoAlertBegins(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="busy",code="200"} 0+90x60
	http_requests_total{job="busy",code="500"} 0+10x60
	http_requests_total{job="idle",code="200"} 0x20 1x60
	http_requests_total{job="idle",code="500"} 0x20 1x60
`)
	s.start(alertsOf(t, "alerts: [{name: errors, condition: error_rate > 5%, min_traffic: 1/s}]"))
	s.run(0, 14*time.Minute)
	s.want("30s firing errors busy")
}

func TestMinTraffic_TrafficFallsWhileItFails_GoesOn(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="shop",code="200"} 0+90x20 1800x20 1800+2x40
	http_requests_total{job="shop",code="500"} 0+10x20 200+1x20 220x40
`)
	s.start(alertsOf(t, "alerts: [{name: errors, condition: error_rate > 5%, min_traffic: 1/s}]"))
	s.run(0, 19*time.Minute)
	// From 5m on every request fails, but there are four a minute; from 10m on none does.
	s.want("30s firing errors shop", "12m0s resolved errors shop")
}

func TestShadow_IsMarkedOnEveryReport(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, strings.Replace(highErrors, "severity: critical", "severity: critical\n    shadow: true", 1)))
	s.run(0, 20*time.Minute)
	if len(s.told) == 0 {
		t.Fatal("nothing was told")
	}
	for _, a := range s.told {
		if !a.Shadow {
			t.Errorf("not marked: %+v", a)
		}
	}
}

func TestLastingInside_BothMustHaveHeldTheirTime(t *testing.T) {
	s := newStory(t, `load 15s
	process_resident_memory_bytes{job="cart",instance="a"} 1e8x19 9e8x60
	process_open_fds{job="cart",instance="a"} 1x200
	http_requests_total{job="cart",code="200"} 0+150x200
`)
	s.start(alertsOf(t, `
alerts:
  - name: both
    conditions:
      - memory_usage > 500MiB for 5m
      - request_rate > 1/s for 1m
`))
	s.run(0, 12*time.Minute)
	// Memory is over its limit from 5m on, and must have been so at 21 steps.
	s.want("10m0s firing both cart")
}

func TestCheck_ExplainsEverything(t *testing.T) {
	set := alertsOf(t, `
alerts:
  - name: errors
    conditions: [error_rate > 5%, p95_latency > 300ms or anomaly(p95_latency) > 0.99]
    recovery: error_rate < 2%
    min_traffic: 30/m
    duration: 5m
    keep_firing_for: 10m
    severity: critical
    service: shop-*
    channels: [pagerduty, slack]
    runbook: https://runbooks.example/errors
`)
	var b strings.Builder
	if err := set.Alerts[0].Alerts[0].WriteExplanation(&b); err != nil {
		t.Fatal(err)
	}
	want := `alerts.yml:3 errors (critical)
  asks       error_rate > 5% and (p95_latency > 300ms or anomaly(p95_latency) > 0.99)
  signals    error_rate (ratio, by service, environment): Share of the requests that failed for a reason on the server's side.
             p95_latency (seconds, by service, environment): Time within which 95 of 100 requests are answered.
             request_rate (per second, by service, environment): Requests per second that the service answered.
  PromQL     ((tocsin:error_rate{service=~"shop-.*"} > 0.05 and (tocsin:p95_latency{service=~"shop-.*"} > 0.3 or max without (tocsin_band) (tocsin:p95_latency{tocsin_band="anomaly",service=~"shop-.*"}) > 0.99)) and on (service, environment) tocsin:request_rate{service=~"shop-.*"} >= 0.5) or ((tocsin:error_rate{service=~"shop-.*"} >= 0.02) and on (service, environment) tocsin:alert:standing{alertname="errors"})
  fires      when that has held for 5m
  ends       when error_rate < 2%, for 10m
  traffic    no alert begins below 0.5/s of request_rate; one that fires goes on
  services   shop-*
  channels   pagerduty, slack
  runbook    https://runbooks.example/errors
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}
