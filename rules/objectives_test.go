package rules_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/telemetry"
)

func slosOf(t testing.TB, text string) rules.RuleSet {
	t.Helper()
	f, errs := slo.Parse("slos.yml", []byte(text), catalogue(t))
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	return rules.RuleSet{SLOs: []slo.File{f}}
}

const available = `
slos:
  - name: checkout-available
    service: checkout
    objective: 99%
    signal: availability
    channels: [slack]
`

// one returns the only value of a query.
func (s *story) one(query string, at time.Duration) float64 {
	s.t.Helper()
	v := s.value(query, at)
	if len(v) != 1 {
		s.t.Fatalf("%s at %s: got %v, want one value", query, at, v)
	}
	return v[0].F
}

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

func TestObjective_Fails_BurnsBudgetAndPages(t *testing.T) {
	// 400 requests a minute; from 1h on, 60 % of them fail, from 1h20m on none.
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+100x240 24000+40x80 27200+100x240
	http_requests_total{job="checkout",code="500"} 0x240 0+60x80 4800x240
	http_requests_total{job="cart",code="200"} 0+50x560
	http_requests_total{job="cart",code="500"} 0+50x560
`)
	s.start(slosOf(t, available))
	s.run(0, 2*time.Hour+15*time.Minute)
	first := s.told[0]
	if first.Name != "checkout-available" || first.Severity != "critical" || first.Service != "checkout" || first.Source != "slos.yml:3" ||
		len(first.Channels) != 1 || first.Labels["slo"] != "checkout-available" || first.Labels["window"] != "" {
		t.Errorf("got %+v", first)
	}
	if !strings.Contains(first.Summary, "checkout burns the error budget of checkout-available ") || !strings.HasPrefix(first.Query, `tocsin:slo:burn_rate{slo="checkout-available",window="`) {
		t.Errorf("got %q, drawn by %s", first.Summary, first.Query)
	}
	s.told = nil

	const at = time.Hour + 20*time.Minute
	if got := s.one(`tocsin:slo:error_ratio{slo="checkout-available",window="5m"}`, at); !near(got, 0.6, 0.03) {
		t.Errorf("error ratio over 5m: got %v, want 0.6", got)
	}
	if got := s.one(`tocsin:slo:events{slo="checkout-available",window="1h"}`, at); !near(got, 24000, 200) {
		t.Errorf("events in 1h: got %v, want 24000", got)
	}
	if got := s.one(`tocsin:slo:burn_rate{slo="checkout-available",window="1h"}`, at); !near(got, 20, 1.2) {
		t.Errorf("burn rate over 1h: got %v, want 20", got)
	}
	// 4,800 of 54,000 requests failed by 2h15m, where 540 may.
	if got := s.one(`tocsin:slo:budget_left{slo="checkout-available"}`, 2*time.Hour+15*time.Minute); !near(got, 1-4800.0/540, 0.4) {
		t.Errorf("budget left: got %v, want %v", got, 1-4800.0/540)
	}
	if got := s.one(`tocsin:slo:objective{slo="checkout-available"}`, at); got != 0.99 {
		t.Errorf("got %v", got)
	}
}

func TestObjective_Recovers_PageEndsByTheShortWindow(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+100x240 24000+50x80 28000+100x240
	http_requests_total{job="checkout",code="500"} 0x240 0+50x80 4000x240
`)
	s.start(slosOf(t, strings.Replace(available, "signal:", "burn_rates: [{rate: 14.4, long: 1h, short: 5m}]\n    signal:", 1)))
	s.run(0, 2*time.Hour)
	got := s.lines()
	if len(got) != 2 || !strings.Contains(got[0], "firing") || !strings.Contains(got[1], "resolved") {
		t.Fatalf("got %q", got)
	}
	begin, end := s.told[0].At.Sub(epoch(0)), s.told[len(s.told)-1].At.Sub(epoch(0))
	if begin < 1*time.Hour+15*time.Minute || begin > 1*time.Hour+19*time.Minute {
		t.Errorf("began at %s, want when a quarter of an hour of failures makes 14.4 over the hour", begin)
	}
	if end < 1*time.Hour+21*time.Minute || end > 1*time.Hour+27*time.Minute {
		t.Errorf("ended at %s, want within some five minutes after 1h20m", end)
	}
}

func TestObjective_FewRequests_OneFailureOfFiveDoesNotPage(t *testing.T) {
	// Twelve requests an hour. One fails after 50m; from 2h on all do.
	s := newStory(t, `load 5m
	http_requests_total{job="checkout",code="200"} 0+1x9 9 10+1x13 23x12
	http_requests_total{job="checkout",code="500"} 0x9 1x13 1+1x13
`)
	s.cfg.RateWindow = 600e9
	s.start(slosOf(t, strings.Replace(available, "99%", "99.9%", 1)))
	s.run(0, 3*time.Hour)
	if len(s.told) == 0 {
		t.Fatal("an outage was told by nobody")
	}
	if at := s.told[0].At.Sub(epoch(0)); at < 2*time.Hour || at > 2*time.Hour+25*time.Minute {
		t.Errorf("first told at %s: %s", at, s.told[0].Summary)
	}
}

func TestObjective_DataStop_Held(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+50x120
	http_requests_total{job="checkout",code="500"} 0+50x120
`)
	s.start(slosOf(t, available))
	s.run(0, 2*time.Hour)
	got := s.lines()
	if len(got) < 2 || !strings.Contains(got[0], "firing") || !strings.Contains(got[len(got)-1], "held") || strings.Contains(strings.Join(got, " "), "resolved") {
		t.Errorf("got %q", got)
	}
}

func TestObjective_Maintenance_CountsForNothing(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+100x120 12000x80 12000+100x100
	http_requests_total{job="checkout",code="500"} 0x120 0+100x80 8000x100
`)
	from, to := epoch(29*time.Minute), epoch(55*time.Minute)
	s.maintenance = func(l map[string]string, at time.Time) bool {
		return l["service"] == "checkout" && !at.Before(from) && at.Before(to)
	}
	s.start(slosOf(t, available))
	s.run(0, 70*time.Minute)
	s.want()
	if got := s.one(`tocsin:slo:budget_left{slo="checkout-available"}`, 70*time.Minute); got != 1 {
		t.Errorf("budget left: got %v, want all", got)
	}
	if got := s.one(`sum_over_time(tocsin:slo:excluded:bad:error_rate[1h]) * 15`, 70*time.Minute); !near(got, 8000, 120) {
		t.Errorf("excluded: got %v, want 8000", got)
	}
}

func TestObjective_LatencyUnderThreshold(t *testing.T) {
	s := newStory(t, `load 15s
	http_request_duration_seconds_bucket{job="checkout",le="0.1"} 0+80x240
	http_request_duration_seconds_bucket{job="checkout",le="0.3"} 0+95x240
	http_request_duration_seconds_bucket{job="checkout",le="+Inf"} 0+100x240
`)
	s.start(slosOf(t, `
slos:
  - {name: fast, objective: 99%, signal: latency, threshold: 300ms}
  - {name: very fast, objective: 99%, signal: p99_latency, threshold: 200ms}
`))
	s.run(0, 40*time.Minute)
	if got := s.one(`tocsin:slo:error_ratio{slo="fast",window="30m"}`, 40*time.Minute); !near(got, 0.05, 1e-6) {
		t.Errorf("over 300ms: got %v, want 0.05", got)
	}
	if got := s.one(`tocsin:slo:error_ratio{slo="very fast",window="30m"}`, 40*time.Minute); !near(got, 0.125, 1e-6) {
		t.Errorf("over 200ms: got %v, want 0.125", got)
	}
}

func TestObjective_OwnPromQL(t *testing.T) {
	for _, counts := range []string{
		`good: 'sum(rate(jobs_done_total{result="ok"}[$window]))'`,
		`bad: 'sum(rate(jobs_done_total{result="failed"}[$window]))'`,
	} {
		s := newStory(t, `load 15s
	jobs_done_total{result="ok"} 0+9x240
	jobs_done_total{result="failed"} 0+1x240
`)
		s.start(slosOf(t, "slos: [{name: jobs, service: batch, objective: 95%, window: 7d, total: 'sum(rate(jobs_done_total[$window]))', "+counts+"}]"))
		s.run(0, 40*time.Minute)
		if got := s.one(`tocsin:slo:error_ratio{slo="jobs",window="5m",service="batch"}`, 40*time.Minute); !near(got, 0.1, 1e-6) {
			t.Errorf("%s: got %v, want 0.1", counts, got)
		}
	}
}

func TestObjectives_Status(t *testing.T) {
	s := newStory(t, `load 15s
	http_requests_total{job="checkout",code="200"} 0+50x240
	http_requests_total{job="checkout",code="500"} 0+50x240
	http_requests_total{job="cart",code="200"} 0+50x240
`)
	s.start(slosOf(t, `
slos:
  - {name: everything, objective: 99%, signal: availability}
  - {name: nothing, service: nobody, objective: 99%, signal: availability}
`))
	s.run(0, 50*time.Minute)
	got, err := s.engine.Objectives(t.Context(), epoch(50*time.Minute))
	if err != nil || len(got) != 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	cart, checkout, nobody := got[0], got[1], got[2]
	if cart.Service != "cart" || float64(cart.BudgetLeft) != 1 || cart.Burning != "" || float64(cart.ErrorRatio) != 0 || !(float64(cart.RatioUpper) < 0.01) {
		t.Errorf("cart: got %+v", cart)
	}
	if checkout.Service != "checkout" || !near(float64(checkout.ErrorRatio), 0.5, 0.001) || checkout.Burning != "critical" ||
		!(float64(checkout.RatioLower) > 0.48 && float64(checkout.RatioUpper) < 0.52) || !near(float64(checkout.BudgetLeft), -49, 0.5) {
		t.Errorf("checkout: got %+v", checkout)
	}
	if b := checkout.Burns; len(b) != 4 || b[0].Rate != 14.4 || !near(float64(b[0].LongRate), 50, 1) || !near(float64(b[0].ShortRate), 50, 1) || !b[0].Burning {
		t.Errorf("burns: got %+v", b)
	}
	if checkout.Observed < 40*time.Minute || checkout.Observed > 50*time.Minute {
		t.Errorf("observed %s", checkout.Observed)
	}
	if nobody.Service != "nobody" || float64(nobody.Events) == 0 || nobody.BudgetLeft == telemetry.Number(0) {
		t.Errorf("nobody: got %+v", nobody)
	}
}
