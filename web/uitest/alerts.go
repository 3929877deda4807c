package uitest

import (
	"math"
	"time"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/telemetry"
)

// standing are the alerts of the shop's own rules: two that fire, one whose data
// stopped, one whose source is silent, and one on trial.
func (s *Shop) standing() []rules.Alert {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.quiet {
		return nil
	}
	now := s.now()
	one := func(name, service, severity string, state rules.AlertState, since time.Duration, value, threshold float64, unit, query, summary string) rules.Alert {
		return rules.Alert{
			Fingerprint: name + "/" + service, Name: name, Service: service, Environment: "production", Severity: severity, State: state,
			Since: now.Add(-since), At: now.Add(-15 * time.Second), Value: telemetry.Number(value), Threshold: telemetry.Number(threshold), Unit: unit,
			Expr: query + " > " + "limit", Query: query, Source: "/etc/tocsin/alerts.yml:14", Summary: summary,
			Labels: map[string]string{"alertname": name, "service": service, "severity": severity, "environment": "production"},
		}
	}
	unset := math.NaN()
	list := []rules.Alert{
		one("high_errors", "checkout", "critical", rules.AlertFiring, 12*time.Minute, 0.142, 0.05, "ratio", `tocsin:error_rate{service="checkout"}`, "error_rate of checkout is 14.2%, above 5% for 2 minutes"),
		one("slow_answers", "checkout", "warning", rules.AlertFiring, 11*time.Minute, 1.84, 1, "seconds", `tocsin:p95_latency{service="checkout"}`, "p95_latency of checkout is 1.84 s, above 1 s for 5 minutes"),
		one("queue_grows", "ledger", "warning", rules.AlertHeld, 3*time.Hour, 1180, 1000, "", `queue_depth{service="ledger"}`, "queue_depth of ledger was 1,180 when its data stopped"),
		one("disk_full_soon", "search", "info", rules.AlertStale, 26*time.Hour, 0.91, unset, "ratio", `tocsin:disk_usage{service="search"}`, "disk_usage of search was 91% when its source fell silent"),
		one("new_errors", "checkout", "warning", rules.AlertFiring, 9*time.Minute, 0.07, 0.03, "ratio", `tocsin:error_rate{service="checkout"}`, "error_rate of checkout is 7%"),
	}
	list[0].Channels = []string{"slack #ops"}
	list[4].Shadow = true
	return list
}
