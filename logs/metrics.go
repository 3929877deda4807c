package logs

import "github.com/VictoriaMetrics/metrics"

// storeMetrics count what the store did. Counters by reason are made when the reason
// first occurs.
type storeMetrics struct {
	set         *metrics.Set
	records     *metrics.Counter
	bytes       *metrics.Counter
	replayed    *metrics.Counter
	torn        *metrics.Counter
	unfinished  *metrics.Counter
	seals       *metrics.Counter
	sealErrors  *metrics.Counter
	sealSeconds *metrics.Histogram
	merges      *metrics.Counter
	mergeErrors *metrics.Counter
	syncs       *metrics.Counter
	syncErrors  *metrics.Counter
	writeErrors *metrics.Counter
	waits       *metrics.Counter
	queries     *metrics.Counter
	scanned     *metrics.Counter
	skipped     *metrics.Counter
	tails       *metrics.Gauge
	tailMissed  *metrics.Counter
	forwarded   *metrics.Counter
	sendErrors  *metrics.Counter
}

func newStoreMetrics(set *metrics.Set, s *Store) *storeMetrics {
	gauge := func(name string, f func() float64) {
		set.GetOrCreateGauge(name, func() float64 {
			s.mu.Lock()
			defer s.mu.Unlock()
			return f()
		})
	}
	gauge("tocsin_logs_segments", func() float64 { return float64(len(s.files)) })
	gauge("tocsin_logs_segment_bytes", func() float64 {
		n := int64(0)
		for _, f := range s.files {
			n += f.size
		}
		return float64(n)
	})
	gauge("tocsin_logs_segment_records", func() float64 {
		n := 0
		for _, f := range s.files {
			n += f.rows
		}
		return float64(n)
	})
	gauge("tocsin_logs_memory_bytes", func() float64 {
		n := int64(0)
		for _, h := range append(s.sealing[:len(s.sealing):len(s.sealing)], s.active) {
			if h != nil {
				n += h.bytes
			}
		}
		return float64(n)
	})
	set.GetOrCreateGauge("tocsin_logs_healthy", func() float64 {
		if s.Healthy() != nil {
			return 0
		}
		return 1
	})
	return &storeMetrics{
		set:         set,
		records:     set.GetOrCreateCounter("tocsin_logs_records_total"),
		bytes:       set.GetOrCreateCounter("tocsin_logs_bytes_total"),
		replayed:    set.GetOrCreateCounter("tocsin_logs_replayed_records_total"),
		torn:        set.GetOrCreateCounter("tocsin_logs_wal_torn_bytes_total"),
		unfinished:  set.GetOrCreateCounter("tocsin_logs_unfinished_segments_total"),
		seals:       set.GetOrCreateCounter("tocsin_logs_seals_total"),
		sealErrors:  set.GetOrCreateCounter("tocsin_logs_seal_errors_total"),
		sealSeconds: set.GetOrCreateHistogram("tocsin_logs_seal_duration_seconds"),
		merges:      set.GetOrCreateCounter("tocsin_logs_merges_total"),
		mergeErrors: set.GetOrCreateCounter("tocsin_logs_merge_errors_total"),
		syncs:       set.GetOrCreateCounter("tocsin_logs_syncs_total"),
		syncErrors:  set.GetOrCreateCounter("tocsin_logs_sync_errors_total"),
		writeErrors: set.GetOrCreateCounter("tocsin_logs_write_errors_total"),
		waits:       set.GetOrCreateCounter("tocsin_logs_waits_total"),
		queries:     set.GetOrCreateCounter("tocsin_logs_queries_total"),
		scanned:     set.GetOrCreateCounter("tocsin_logs_blocks_read_total"),
		skipped:     set.GetOrCreateCounter("tocsin_logs_blocks_skipped_total"),
		tails:       set.GetOrCreateGauge("tocsin_logs_tails", nil),
		forwarded:   set.GetOrCreateCounter("tocsin_logs_forwarded_records_total"),
		sendErrors:  set.GetOrCreateCounter("tocsin_logs_forward_errors_total"),
		tailMissed:  set.GetOrCreateCounter(`tocsin_logs_tail_dropped_total{reason="slow"}`),
	}
}

// refused counts records that were refused for good.
func (m *storeMetrics) refused(reason string, n int) {
	m.set.GetOrCreateCounter(`tocsin_logs_rejected_total{reason="` + reason + `"}`).Add(n)
}

// refusedWrite counts records that their sender was told to send again.
func (m *storeMetrics) refusedWrite(reason string, n int) {
	m.set.GetOrCreateCounter(`tocsin_logs_deferred_records_total{reason="` + reason + `"}`).Add(n)
}

// notForwarded counts records that the other store never gets.
func (m *storeMetrics) notForwarded(reason string, n int) {
	m.set.GetOrCreateCounter(`tocsin_logs_forward_dropped_total{reason="` + reason + `"}`).Add(n)
}

func (m *storeMetrics) damaged(what string) *metrics.Counter {
	return m.set.GetOrCreateCounter(`tocsin_logs_damaged_total{file="` + what + `"}`)
}

func (m *storeMetrics) expired(reason string) *metrics.Counter {
	return m.set.GetOrCreateCounter(`tocsin_logs_expired_segments_total{reason="` + reason + `"}`)
}
