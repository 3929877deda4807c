package uitest

import (
	"math"
	"time"

	"github.com/tocsinhq/tocsin/rules"
	"github.com/tocsinhq/tocsin/rules/slo"
	"github.com/tocsinhq/tocsin/telemetry"
)

// objectives are one that burns, one that is well and one without data.
func objectives() []rules.ObjectiveStatus {
	const month = 30 * 24 * time.Hour
	available := slo.Objective{
		Name: "availability", File: "/etc/tocsin/slos.yml", Line: 3, Description: "People can buy.", Target: 0.999, Window: month,
		Counts: "Share of the requests that failed for a reason on the server's side.", Burns: slo.DefaultBurns(0.999, month),
	}
	status := func(service string, events, bad float64, rates ...float64) rules.ObjectiveStatus {
		lower, upper := slo.Interval(bad, events, 0.95)
		s := rules.ObjectiveStatus{
			Objective: available, Service: service, Environment: "production", Events: telemetry.Number(events), BadEvents: telemetry.Number(bad),
			ErrorRatio: telemetry.Number(bad / events), RatioLower: telemetry.Number(lower), RatioUpper: telemetry.Number(upper),
			BudgetLeft: telemetry.Number(1 - bad/events/available.Budget()), Observed: 26 * 24 * time.Hour,
		}
		for i, b := range available.Burns {
			x := rules.BurnStatus{Burn: b, LongRate: telemetry.Number(rates[2*i]), ShortRate: telemetry.Number(rates[2*i+1])}
			x.Burning = rates[2*i] > b.Rate && rates[2*i+1] > b.Rate
			if x.Burning && s.Burning != "critical" {
				s.Burning = b.Severity
			}
			s.Burns = append(s.Burns, x)
		}
		return s
	}
	none := telemetry.Number(math.NaN())
	quiet := available
	quiet.Name, quiet.Line, quiet.Description, quiet.Counts = "answers in 300 ms", 9, "", "Share of the requests that take longer than 300 ms."
	empty := rules.ObjectiveStatus{Objective: quiet, Service: "reports", ErrorRatio: none, RatioLower: none, RatioUpper: none, Events: none, BadEvents: none, BudgetLeft: none}
	for _, b := range quiet.Burns {
		empty.Burns = append(empty.Burns, rules.BurnStatus{Burn: b, LongRate: none, ShortRate: none})
	}
	return []rules.ObjectiveStatus{
		empty,
		status("cart", 8_214_004, 2_310, 0.3, 0, 0.2, 0.3, 0.4, 0.3, 0.3, 0.2),
		status("checkout", 4_102_889, 5_120, 21.4, 30.2, 7.2, 24.1, 2.2, 6.1, 1.4, 7.2),
	}
}
