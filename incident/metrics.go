package incident

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

type managerMetrics struct {
	set                  *metrics.Set
	open, parked, absorb *metrics.Gauge
	candidates, prints   *metrics.Gauge
	writeErrors          *metrics.Counter
}

func newManagerMetrics(set *metrics.Set) managerMetrics {
	if set == nil {
		set = metrics.NewSet()
	}
	return managerMetrics{
		set:         set,
		open:        set.GetOrCreateGauge(`tocsin_incident_open`, nil),
		parked:      set.GetOrCreateGauge(`tocsin_incident_parked`, nil),
		candidates:  set.GetOrCreateGauge(`tocsin_incident_candidates`, nil),
		prints:      set.GetOrCreateGauge(`tocsin_incident_fingerprints`, nil),
		absorb:      set.GetOrCreateGauge(`tocsin_incident_absorbed`, nil),
		writeErrors: set.GetOrCreateCounter(`tocsin_incident_write_errors_total`),
	}
}

// occurrence counts reports by what became of them.
func (m managerMetrics) occurrence(source Source, result string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf(`tocsin_incident_occurrences_total{source=%q,result=%q}`, source, result))
}

func (m managerMetrics) event(kind EventKind) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf(`tocsin_incident_events_total{kind=%q}`, kind))
}

// dropped counts what was not kept, by reason.
func (m managerMetrics) dropped(reason string) *metrics.Counter {
	return m.set.GetOrCreateCounter(fmt.Sprintf(`tocsin_incident_dropped_total{reason=%q}`, reason))
}
