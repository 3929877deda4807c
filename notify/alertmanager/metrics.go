package alertmanager

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// routerMetrics are the figures of one router. Labels hold fixed words only.
type routerMetrics struct {
	set                              *metrics.Set
	ended, tickErrors, observeErrors *metrics.Counter
}

func newRouterMetrics(set *metrics.Set, r *Router) *routerMetrics {
	if set == nil {
		set = metrics.NewSet()
	}
	count := func(f func() int) func() float64 {
		return func() float64 {
			r.mu.Lock()
			defer r.mu.Unlock()
			return float64(f())
		}
	}
	set.GetOrCreateGauge("tocsin_alertmanager_alerts", count(func() int { return len(r.alerts) }))
	set.GetOrCreateGauge("tocsin_alertmanager_groups", count(func() int { return len(r.groups) }))
	set.GetOrCreateGauge("tocsin_alertmanager_alerts_waiting_for_incidents", count(func() int { return len(r.unknown) }))
	return &routerMetrics{
		set:           set,
		ended:         set.GetOrCreateCounter(`tocsin_alertmanager_alerts_ignored_total{reason="ended_and_unknown"}`),
		tickErrors:    set.GetOrCreateCounter("tocsin_alertmanager_tick_errors_total"),
		observeErrors: set.GetOrCreateCounter("tocsin_alertmanager_incident_errors_total"),
	}
}

func (m *routerMetrics) received(o Origin, n int) {
	m.set.GetOrCreateCounter(fmt.Sprintf("tocsin_alertmanager_alerts_received_total{origin=%q}", o)).Add(n)
}

func (m *routerMetrics) dropped(reason string, n int) {
	m.set.GetOrCreateCounter(fmt.Sprintf("tocsin_alertmanager_alerts_dropped_total{reason=%q}", reason)).Add(n)
}

// muted counts alerts of one flush of one channel that were not shown.
func (m *routerMetrics) muted(reason string) {
	m.set.GetOrCreateCounter(fmt.Sprintf("tocsin_alertmanager_alerts_muted_total{reason=%q}", reason)).Inc()
}

func (m *routerMetrics) told(reason string) {
	m.set.GetOrCreateCounter(fmt.Sprintf("tocsin_alertmanager_messages_total{reason=%q}", reason)).Inc()
}
