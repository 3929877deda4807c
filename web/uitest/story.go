package uitest

import (
	"math"
	"time"

	"github.com/tocsinhq/tocsin/incident"
	"github.com/tocsinhq/tocsin/rca"
	"github.com/tocsinhq/tocsin/telemetry"
	"github.com/tocsinhq/tocsin/web"
)

var unknown = telemetry.Number(math.NaN())

// fill tells the story: checkout was deployed 14 minutes ago and burns, search
// leaks memory, and two older incidents are over.
func (s *Shop) fill(now time.Time) {
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	deploy := ago(14 * time.Minute)
	s.changes = []telemetry.Change{
		{ID: "dep-checkout-42", Kind: telemetry.KindDeployment, Service: "checkout", Environment: "production", VersionFrom: "v41", VersionTo: "v42",
			Started: deploy, Finished: deploy.Add(50 * time.Second), Status: telemetry.StatusSucceeded, Author: "shop-team",
			Link: "https://ci.example.com/checkout/builds/1042", Summary: "Retry card authorisation inside the request", Received: deploy},
		{ID: "flag-checkout-wallet", Kind: telemetry.KindFlag, Service: "checkout", Environment: "production", VersionFrom: "5%", VersionTo: "10%",
			Started: ago(96 * time.Minute), Finished: ago(96 * time.Minute), Status: telemetry.StatusSucceeded, Author: "web-team", Summary: "wallet_buttons rollout", Received: ago(96 * time.Minute)},
		{ID: "cfg-cart-9", Kind: telemetry.KindConfig, Service: "cart", Started: ago(31 * time.Minute), Finished: ago(30 * time.Minute), Status: telemetry.StatusSucceeded,
			Author: "catalog-team", Link: "javascript:alert(1)", Summary: "Session lifetime 30m -> 45m", Received: ago(31 * time.Minute)},
		{ID: "dep-search-18", Kind: telemetry.KindDeployment, Service: "search", VersionFrom: "2.17.4", VersionTo: "2.18.0", Started: ago(26 * time.Hour), Finished: ago(26*time.Hour - 3*time.Minute),
			Status: telemetry.StatusSucceeded, Author: "on-call", Link: "https://ci.example.com/search/builds/311", Received: ago(26 * time.Hour)},
		{ID: "dep-catalog-7", Kind: telemetry.KindDeployment, Service: "catalog", VersionFrom: "v7", VersionTo: "v8", Started: ago(5 * time.Hour), Finished: ago(5*time.Hour - 4*time.Minute),
			Status: telemetry.StatusRolledBack, Author: "shop-team", Link: "https://ci.example.com/catalog/builds/88", Summary: "New price cache", Received: ago(5 * time.Hour)},
		{ID: "schema-payments-3", Kind: telemetry.KindSchema, Service: "payments", Started: ago(2 * time.Minute), Status: telemetry.StatusStarted, Author: "migrations", Summary: "Index on transfers(created_at)", Received: ago(2 * time.Minute)},
		{ID: "cert-frontend", Kind: telemetry.KindCertificate, Service: "frontend", Started: ago(50 * time.Hour), Finished: ago(50 * time.Hour), Status: telemetry.StatusSucceeded, Author: "cert-manager", Received: ago(50 * time.Hour)},
		{ID: "dep-payments-112", Kind: telemetry.KindDeployment, Service: "payments", VersionFrom: "v111", VersionTo: "v112", Started: ago(28 * time.Hour), Finished: ago(28*time.Hour - 2*time.Minute), Status: telemetry.StatusFailed, Author: "catalog-team", Received: ago(28 * time.Hour)},
	}
	s.fillCheckout(now, deploy)
	s.fillSearch(now)
	s.fillPast(now)
	for _, in := range s.incidents {
		for _, o := range in.Occurrences {
			if o.Source == incident.SourceAnomaly {
				a := web.Anomaly{Occurrence: o, Peak: o.Worst.Score, Incident: in.ID}
				if o.Condition == incident.ConditionCleared {
					a.Ended = o.At
				}
				s.anomalies = append(s.anomalies, a)
			}
		}
	}
	s.anomalies = append(s.anomalies, web.Anomaly{Ended: ago(3 * time.Hour), Peak: 0.9973, Occurrence: incident.Occurrence{Key: "frontend/request_rate", Source: incident.SourceAnomaly, Name: "request_rate", Service: "frontend",
		Severity: incident.SeverityInfo, Condition: incident.ConditionCleared, Since: ago(190 * time.Minute), At: ago(3 * time.Hour), Value: 318, Expected: 306, Lower: 258, Upper: 361, Threshold: unknown, Score: 0.41,
		Worst: &incident.Reading{At: ago(186 * time.Minute), Value: 412, Expected: 301, Lower: 254, Upper: 355, Score: 0.9973},
		Kind:  "spike", Unit: "per_second", Query: `tocsin:request_rate{service="frontend"}`, Summary: "request_rate recovered: worst 412 /s against an expected 301 /s (band 254 /s to 355 /s), now 318 /s"}})
}

func (s *Shop) fillCheckout(now, deploy time.Time) {
	onset := deploy.Add(70 * time.Second)
	opened := onset.Add(40 * time.Second)
	in := incident.Incident{
		ID: "01JDK3M8Q4T7ZV", Service: "checkout", Environment: "production", Title: "checkout: error rate 14.2%, expected 0.8%", State: incident.StateOpen, Severity: incident.SeverityCritical,
		Onset: onset, Opened: opened, Updated: now.Add(-20 * time.Second), Reopened: 0,
		Occurrences: []incident.Occurrence{
			{Key: "alert/high_errors/checkout", Source: incident.SourceAlert, Name: "high_errors", Service: "checkout", Severity: incident.SeverityCritical, Condition: incident.ConditionFiring, Symptom: true, Strong: true,
				Since: onset, At: now.Add(-20 * time.Second), Value: 0.142, Expected: 0.008, Lower: 0.002, Upper: 0.021, Threshold: 0.05, Score: unknown, Unit: "ratio", Labels: map[string]string{"service": "checkout"},
				Worst: &incident.Reading{At: onset.Add(6 * time.Minute), Value: 0.186, Expected: unknown, Lower: unknown, Upper: unknown, Score: unknown},
				Query: `tocsin:error_rate{service="checkout"}`, Channels: []string{"slack"}, Summary: "error_rate of checkout is 14.2%, above 5% for 2 minutes"},
			{Key: "anomaly/p95/checkout", Source: incident.SourceAnomaly, Name: "p95_latency", Service: "checkout", Severity: incident.SeverityWarning, Condition: incident.ConditionFiring, Symptom: true, Strong: true,
				Since: onset.Add(15 * time.Second), At: now.Add(-20 * time.Second), Value: 1.84, Expected: 0.312, Lower: 0.22, Upper: 0.43, Threshold: unknown, Score: 0.99998, Kind: "level_shift", Unit: "seconds",
				Worst:  &incident.Reading{At: onset.Add(5 * time.Minute), Value: 2.41, Expected: 0.312, Lower: 0.22, Upper: 0.43, Score: 0.999994},
				Labels: map[string]string{"service": "checkout"}, Query: `tocsin:p95_latency{service="checkout"}`, Summary: "p95_latency of checkout at 1.84 s, expected 312 ms"},
			{Key: "anomaly/cpu/checkout-2", Source: incident.SourceAnomaly, Name: "cpu_usage", Service: "checkout", Severity: incident.SeverityInfo, Condition: incident.ConditionHeld, Since: onset.Add(80 * time.Second), At: now.Add(-4 * time.Minute),
				Value: 0.83, Expected: 0.41, Lower: 0.30, Upper: 0.52, Threshold: unknown, Score: 0.9962, Kind: "level_shift", Unit: "ratio",
				Worst: &incident.Reading{At: now.Add(-4 * time.Minute), Value: 0.83, Expected: 0.41, Lower: 0.30, Upper: 0.52, Score: 0.9962}, Labels: map[string]string{"service": "checkout", "instance": "checkout-2:9100"},
				Query: `tocsin:cpu_usage{service="checkout",instance="checkout-2:9100"}`, Summary: "cpu_usage of checkout on checkout-2 stopped reporting 4 minutes ago, last 83%"},
		},
	}
	s.incidents = append(s.incidents, in)
	i := len(s.incidents) - 1
	ev := func(k incident.EventKind, at time.Time, actor, text string) {
		s.logLocked(i, incident.Event{Kind: k, At: at, Actor: actor, Text: text})
	}
	ev(incident.EventOpened, opened, "tocsin", "Opened by high_errors: error_rate of checkout is 9.1%, expected 0.8%.")
	ev(incident.EventChange, opened, "tocsin", "deployment checkout v41 -> v42 started 110 seconds before.")
	ev(incident.EventSuspects, opened.Add(time.Second), "tocsin", "deployment checkout v41 -> v42 fits best, 91%.")
	ev(incident.EventNotified, opened.Add(2*time.Second), "tocsin", "Told slack #ops.")
	ev(incident.EventAttached, opened.Add(20*time.Second), "tocsin", "p95_latency of checkout joined: 1.84 s, expected 312 ms.")
	ev(incident.EventRaised, opened.Add(2*time.Minute), "tocsin", "Severity raised from warning to critical.")
	ev(incident.EventHeld, now.Add(-4*time.Minute), "tocsin", "cpu_usage on checkout-2 stopped reporting; it counts neither as firing nor as recovered.")
	dep, flag := s.changes[0], s.changes[1]
	s.rankings[in.ID] = rca.Ranking{At: now, Onset: onset, Analysis: analysis(dep, onset), Findings: []rca.Finding{
		{Change: &dep, Title: dep.Title(), LogOdds: 4.9, Probability: 0.91, Terms: []rca.Term{
			{Name: "prior", Points: -1.1, Text: "a deployment, of which about one in four incidents comes"},
			{Name: "time", Points: 2.6, Text: "started 70 seconds before the onset"},
			{Name: "effect", Points: 3.0, Text: "error_rate rose by 31 robust deviations after it, not before"},
			{Name: "place", Points: 0.9, Text: "the same service"},
			{Name: "before", Points: -0.5, Text: "checkout had 2 deployments in the last day without effect"}},
			Evidence: []rca.Evidence{
				{Signal: "error_rate", Unit: "ratio", Before: 0.0081, After: 0.138, Z: 31.2, Query: `tocsin:error_rate{service="checkout"}`, Onset: onset},
				{Signal: "p95_latency", Unit: "seconds", Before: 0.312, After: 1.79, Z: 18.4, Query: `tocsin:p95_latency{service="checkout"}`, Onset: onset},
				{Signal: "request_rate", Unit: "per_second", Before: 88.4, After: 86.1, Z: -0.4, Query: `tocsin:request_rate{service="checkout"}`}}},
		{Title: "no recent change fits", LogOdds: 2.1, Probability: 0.055, Terms: []rca.Term{{Name: "prior", Points: 2.1, Text: "some incidents come from no change that was told"}}},
		{Change: &flag, Title: flag.Title(), LogOdds: 1.7, Probability: 0.035, Terms: []rca.Term{
			{Name: "prior", Points: -1.6, Text: "a flag"}, {Name: "time", Points: -0.4, Text: "84 minutes before the onset"}, {Name: "effect", Points: 2.8, Text: "the shift came long after it"}, {Name: "place", Points: 0.9, Text: "the same service"}}},
	}}
	s.told[in.ID] = []web.Delivery{
		{Channel: "slack #ops", Seq: 1, Event: incident.EventOpened, State: "sent", Attempts: 1, Created: opened, Done: opened.Add(2 * time.Second)},
		{Channel: "webhook pager", Seq: 1, Event: incident.EventOpened, State: "waiting", Attempts: 3, Created: opened, Due: now.Add(40 * time.Second), Error: "POST https://hooks.example.com: 503 Service Unavailable"},
		{Channel: "slack #ops", Seq: 3, Event: incident.EventSuspects, State: "merged", Attempts: 0, Created: opened.Add(time.Second), Done: opened.Add(2 * time.Second), Error: "a newer message shows it"},
		{Channel: "slack #ops", Seq: 6, Event: incident.EventRaised, State: "sent", Attempts: 2, Created: opened.Add(2 * time.Minute), Done: opened.Add(125 * time.Second)},
	}
}

func (s *Shop) fillSearch(now time.Time) {
	onset := now.Add(-7 * time.Hour)
	in := incident.Incident{ID: "01JDJC2XW0B9RE", Service: "search", Title: "search: memory 91.4%, expected 62%", State: incident.StateAcknowledged, Severity: incident.SeverityWarning,
		Onset: onset, Opened: onset.Add(30 * time.Minute), Acked: onset.Add(55 * time.Minute), Updated: now.Add(-time.Minute),
		Occurrences: []incident.Occurrence{{Key: "anomaly/mem/search", Source: incident.SourceAnomaly, Name: "memory_percent", Service: "search", Severity: incident.SeverityWarning, Condition: incident.ConditionFiring, Strong: true,
			Since: onset, At: now.Add(-time.Minute), Worst: &incident.Reading{At: now.Add(-time.Minute), Value: 91.4, Expected: 62, Lower: 55, Upper: 69, Score: 0.9996}, Value: 91.4, Expected: 62, Lower: 55, Upper: 69, Threshold: unknown, Score: 0.9996, Kind: "trend", Unit: "percent", Query: `tocsin:memory_percent{service="search"}`,
			Summary: "memory_percent of search climbs by 4.1 points an hour, at 91.4%"}}}
	s.incidents = append(s.incidents, in)
	i := len(s.incidents) - 1
	s.logLocked(i, incident.Event{Kind: incident.EventOpened, At: in.Opened, Actor: "tocsin", Text: "Opened by memory_percent: 71%, expected 62%."})
	s.logLocked(i, incident.Event{Kind: incident.EventAcked, At: in.Acked, Actor: "on-call", Text: "Looks like the index cache again, raising its limit after lunch."})
	dep := s.changes[3]
	s.rankings[in.ID] = rca.Ranking{At: now, Onset: onset, Findings: []rca.Finding{
		{Title: "no recent change fits", LogOdds: 2.1, Probability: 0.74, Terms: []rca.Term{{Name: "prior", Points: 2.1, Text: "some incidents come from no change that was told"}}},
		{Change: &dep, Title: dep.Title(), LogOdds: 1.05, Probability: 0.26, Terms: []rca.Term{{Name: "prior", Points: -1.1, Text: "a deployment"}, {Name: "time", Points: -1.2, Text: "19 hours before the onset"}, {Name: "effect", Points: 2.45, Text: "memory_percent has climbed since"}, {Name: "place", Points: 0.9, Text: "the same service"}}},
	}}
}

func (s *Shop) fillPast(now time.Time) {
	for _, p := range []struct {
		id, service, title string
		ago, took          time.Duration
		reopened           int
		sev                incident.Severity
	}{
		{"01JDHRM31CFLAP", "catalog", "catalog: error rate 6.3%, expected 0.4%", 5*time.Hour - 3*time.Minute, 22 * time.Minute, 2, incident.SeverityCritical},
		{"01JDFX0P7NYPAY", "payments", "payments: deployment v111 -> v112 failed", 28 * time.Hour, 11 * time.Minute, 0, incident.SeverityWarning},
	} {
		open := now.Add(-p.ago)
		s.incidents = append(s.incidents, incident.Incident{ID: p.id, Service: p.service, Title: p.title, State: incident.StateResolved, Severity: p.sev, Onset: open.Add(-time.Minute), Opened: open,
			Resolved: open.Add(p.took), Updated: open.Add(p.took), Reopened: p.reopened, Occurrences: []incident.Occurrence{{Key: "anomaly/err/" + p.service, Source: incident.SourceAnomaly, Name: "error_rate", Service: p.service,
				Severity: p.sev, Condition: incident.ConditionCleared, Symptom: true, Strong: true, Since: open.Add(-time.Minute), At: open.Add(p.took), Value: 0.0043, Expected: 0.0204, Lower: 0.011, Upper: 0.034, Threshold: unknown, Score: 0.31,
				Worst: &incident.Reading{At: open.Add(p.took / 3), Value: 0.063, Expected: 0.004, Lower: 0.001, Upper: 0.012, Score: 0.9999}, Kind: "level_shift", Unit: "ratio",
				Query: `tocsin:error_rate{service="` + p.service + `"}`, Summary: "error_rate recovered: worst 6.3 % against an expected 0.4 % (band 0.1 % to 1.2 %), now 0.43 %"}}})
		i := len(s.incidents) - 1
		s.logLocked(i, incident.Event{Kind: incident.EventOpened, At: open, Actor: "tocsin", Text: "Opened: " + p.title + "."})
		s.logLocked(i, incident.Event{Kind: incident.EventResolved, At: open.Add(p.took), Actor: "tocsin", Text: "Back to normal for 5 minutes."})
	}
}
