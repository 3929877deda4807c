package notify

import (
	"fmt"

	"github.com/VictoriaMetrics/metrics"
)

// outboxMetrics are the figures of one outbox. The label channel holds
// configured names only, so their number is bounded.
type outboxMetrics struct {
	set *metrics.Set
	// missing counts names of channels that messages asked for and that are
	// not configured, once per message and name.
	missing *metrics.Counter
	// storage counts passes that the state database refused.
	storage *metrics.Counter
	// muteErrors counts messages that were told because nobody could say
	// whether they were muted.
	muteErrors *metrics.Counter
	// journalCut counts entries of the journal that were removed because there
	// were more than Config.LogRows.
	journalCut *metrics.Counter
}

func newOutboxMetrics(set *metrics.Set) outboxMetrics {
	if set == nil {
		set = metrics.NewSet()
	}
	return outboxMetrics{
		set:     set,
		missing: set.GetOrCreateCounter("tocsin_notify_channel_missing_total"),
		storage: set.GetOrCreateCounter("tocsin_notify_storage_errors_total"),

		muteErrors: set.GetOrCreateCounter("tocsin_notify_mute_errors_total"),
		journalCut: set.GetOrCreateCounter("tocsin_notify_log_cut_total"),
	}
}

func (m outboxMetrics) enqueued(channel string, quiet bool) {
	m.set.GetOrCreateCounter(fmt.Sprintf("tocsin_notify_enqueued_total{channel=%q,quiet=\"%t\"}", channel, quiet)).Inc()
}

// notRouted counts messages that no channel gets, by reason.
func (m outboxMetrics) notRouted(reason string) {
	m.set.GetOrCreateCounter(fmt.Sprintf("tocsin_notify_not_routed_total{reason=%q}", reason)).Inc()
}

// fellBack counts messages that another channel is to tell of, by the channel
// that failed and, when nobody is told, why.
func (m outboxMetrics) fellBack(channel, outcome string) {
	m.set.GetOrCreateCounter(fmt.Sprintf("tocsin_notify_fallback_total{channel=%q,outcome=%q}", channel, outcome)).Inc()
}

// finished counts rows by their last state: sent, failed, merged, skipped or dropped.
// reason is empty for sent and says why for the rest.
func (m outboxMetrics) finished(channel string, s State, reason string, n int) {
	name := fmt.Sprintf("tocsin_notify_%s_total{channel=%q", s, channel)
	if reason != "" {
		name += fmt.Sprintf(",reason=%q", reason)
	}
	m.set.GetOrCreateCounter(name + "}").Add(n)
}

// mutedRow counts rows that began to be muted, by reason. An unknown reason is
// called other, so that the number of reasons is bounded.
func (m outboxMetrics) mutedRow(channel, reason string) {
	switch reason {
	case MuteSilence, MuteInhibited, MuteMaintenance, MuteTimeInterval:
	default:
		reason = "other"
	}
	m.set.GetOrCreateCounter(fmt.Sprintf("tocsin_notify_muted_total{channel=%q,reason=%q}", channel, reason)).Inc()
}

func (m outboxMetrics) retried(channel, reason string) {
	m.set.GetOrCreateCounter(fmt.Sprintf("tocsin_notify_retries_total{channel=%q,reason=%q}", channel, reason)).Inc()
}

func (m outboxMetrics) took(channel string, seconds float64) {
	m.set.GetOrCreatePrometheusHistogram(fmt.Sprintf("tocsin_notify_send_duration_seconds{channel=%q}", channel)).Update(seconds)
}

func (m outboxMetrics) waiting(channel string, rows int, oldestSeconds float64) {
	m.set.GetOrCreateGauge(fmt.Sprintf("tocsin_notify_waiting{channel=%q}", channel), nil).Set(float64(rows))
	m.set.GetOrCreateGauge(fmt.Sprintf("tocsin_notify_oldest_waiting_seconds{channel=%q}", channel), nil).Set(oldestSeconds)
}
