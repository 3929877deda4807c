package rules_test

import (
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
)

// shop is a service with 100 requests in 15 seconds, of which 10 fail from
// minute 5 to minute 15.
const shop = `load 15s
	http_requests_total{job="checkout",code="200"} 0+100x20 2000+90x40 5690+100x120
	http_requests_total{job="checkout",code="500"} 0x20 0+10x40 410x120
`

const highErrors = `
alerts:
  - name: high_error_rate
    condition: error_rate > 5%
    duration: 2m
    severity: critical
    channels: [pagerduty, slack]
    annotations:
      summary: '{{ $labels.service }} fails {{ $value | humanizePercentage }}'
`

func TestEngine_ConditionHolds_FiresAfterDurationAndResolves(t *testing.T) {
	s := newStory(t, shop)
	s.start(alertsOf(t, highErrors))
	s.run(0, 9*time.Minute)
	if len(s.told) == 0 {
		t.Fatal("nothing was told")
	}
	a := s.told[0]
	if a.Severity != "critical" || a.Signal != "error_rate" || a.Unit != "ratio" || float64(a.Threshold) != 0.05 ||
		a.Source != "alerts.yml:3" || a.Query != `tocsin:error_rate{service="checkout"}` || len(a.Channels) != 2 {
		t.Errorf("got %+v", a)
	}
	if a.Expr != "tocsin:error_rate > 0.05" {
		t.Errorf("got expression %q", a.Expr)
	}
	if got := a.At.Sub(a.Since); got != 2*time.Minute {
		t.Errorf("fired %s after the condition became true, want 2m", got)
	}
	if !strings.HasPrefix(a.Summary, "checkout fails ") {
		t.Errorf("got summary %q", a.Summary)
	}
	if n := len(s.engine.Alerts()); n != 1 {
		t.Errorf("got %d alerts, want 1", n)
	}
	s.run(9*time.Minute+15*time.Second, 20*time.Minute)
	last := s.told[len(s.told)-1]
	if last.State != rules.AlertResolved || float64(last.Value) > 0.05 || !strings.Contains(last.Summary, "again") {
		t.Errorf("got %+v", last)
	}
	s.want("8m15s firing high_error_rate checkout", "16m30s resolved high_error_rate checkout")
}

func TestEngine_SeedAlerts_LoadAsTheyStand(t *testing.T) {
	src, err := os.ReadFile("testdata/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	s := newStory(t, shop)
	s.start(alertsOf(t, string(src)))
	s.run(0, 12*time.Minute)
	s.want("11m15s firing high_error_rate checkout")
	if v := s.value("tocsin:request_rate", 10*time.Minute); len(v) != 1 || math.Abs(v[0].F-100.0/15) > 1e-9 {
		t.Errorf("request rate: got %v", v)
	}
}
