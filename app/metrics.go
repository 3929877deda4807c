package app

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/rules/journal"
)

// coreMetrics count what happens between the parts.
type coreMetrics struct {
	set             *metrics.Set
	verdictsDropped *metrics.Counter
	verdictsLate    *metrics.Counter
	verdictsFailed  *metrics.Counter
	alertsDropped   *metrics.Counter
	alertsUnlogged  *metrics.Counter
	respondErrors   *metrics.Counter
	// checkpointsDamaged counts those of the detector that could not be read at the start.
	checkpointsDamaged *metrics.Counter
	chartSkipped       func(reason string) *metrics.Counter // messages that go without a picture
	reloadOK           *metrics.Gauge
	reloadTime         *metrics.Gauge
}

func newCoreMetrics(set *metrics.Set, c *Core) *coreMetrics {
	set.NewGauge("tocsin_verdict_queue_length", func() float64 {
		if c.observer == nil {
			return 0
		}
		return float64(len(c.observer.queue))
	})
	set.NewGauge("tocsin_detector_catching_up", func() float64 {
		if c.gate == nil || !c.CatchingUp() {
			return 0
		}
		return 1
	})
	return &coreMetrics{
		set:             set,
		verdictsDropped: set.NewCounter(`tocsin_verdicts_dropped_total{reason="queue_full"}`),
		verdictsLate:    set.NewCounter(`tocsin_verdicts_dropped_total{reason="late"}`),
		verdictsFailed:  set.NewCounter(`tocsin_verdicts_dropped_total{reason="state_database"}`),
		alertsDropped:   set.NewCounter(`tocsin_alerts_dropped_total{reason="state_database"}`),
		alertsUnlogged:  set.NewCounter(`tocsin_alert_log_dropped_total{reason="state_database"}`),
		respondErrors:   set.NewCounter("tocsin_respond_errors_total"),

		checkpointsDamaged: set.NewCounter("tocsin_detector_damaged_checkpoints_total"),
		chartSkipped: func(reason string) *metrics.Counter {
			return set.GetOrCreateCounter(fmt.Sprintf("tocsin_message_charts_skipped_total{reason=%q}", reason))
		},
		reloadOK:   set.NewGauge("tocsin_config_last_reload_successful", nil),
		reloadTime: set.NewGauge("tocsin_config_last_reload_success_timestamp_seconds", nil),
	}
}

// gap counts a time in which nothing could be detected.
func (m *coreMetrics) gap(g journal.Gap) {
	m.set.GetOrCreateCounter(fmt.Sprintf(`tocsin_detection_gaps_total{reason=%q}`, g.Reason)).Inc()
	m.set.GetOrCreateFloatCounter(fmt.Sprintf(`tocsin_detection_gap_seconds_total{reason=%q}`, g.Reason)).Add(g.To.Sub(g.From).Seconds())
}
