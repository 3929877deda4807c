package store

import (
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"
)

// writerMetrics counts what the writer did. Counters by reason are made when
// the reason first occurs.
type writerMetrics struct {
	set           *metrics.Set
	samples       *metrics.Counter
	requests      *metrics.Counter
	misses        *metrics.Counter
	swept         *metrics.Counter
	observed      *metrics.Counter
	late          *metrics.Counter
	ignored       *metrics.Counter
	exemplars     *metrics.Counter
	droppedStarts *metrics.Counter
	writeErrors   *metrics.Counter
	syncErrors    *metrics.Counter
	syncs         *metrics.Counter
	reopens       *metrics.Counter
	reopenErrors  *metrics.Counter
	compactErrors *metrics.Counter
	inBase        atomic.Uint64 // samples that went to the base
}

func newWriterMetrics(set *metrics.Set, w *Writer) *writerMetrics {
	set.NewGauge("tocsin_store_series", func() float64 { return float64(w.db.NumSeries()) })
	set.NewGauge("tocsin_store_cache_entries", func() float64 { return float64(w.cache.len()) })
	set.NewGauge("tocsin_store_healthy", func() float64 {
		if w.Healthy() != nil {
			return 0
		}
		return 1
	})
	set.NewGauge("tocsin_store_memory_limit_bytes", func() float64 { return float64(w.memory.limit) })
	set.NewGauge("tocsin_store_memory_used_bytes", func() float64 { return float64(w.memory.use().live) })
	set.NewGauge("tocsin_store_memory_to_come_bytes", func() float64 { return float64(w.memory.toCome()) })
	set.NewGauge("tocsin_store_sources", func() float64 { return float64(w.db.sources.len()) })
	w.db.damages.expose(set)
	return &writerMetrics{
		set:           set,
		samples:       set.NewCounter("tocsin_store_samples_total"),
		requests:      set.NewCounter("tocsin_store_writes_total"),
		misses:        set.NewCounter("tocsin_store_cache_misses_total"),
		swept:         set.NewCounter("tocsin_store_cache_swept_total"),
		observed:      set.NewCounter("tocsin_store_observed_samples_total"),
		late:          set.NewCounter(`tocsin_store_unobserved_samples_total{reason="late"}`),
		ignored:       set.NewCounter(`tocsin_store_ignored_samples_total{reason="stale_marker_of_unknown_series"}`),
		exemplars:     set.NewCounter("tocsin_store_exemplars_total"),
		droppedStarts: set.NewCounter("tocsin_store_dropped_start_timestamps_total"),
		writeErrors:   set.NewCounter("tocsin_store_write_errors_total"),
		syncErrors:    set.NewCounter("tocsin_store_sync_errors_total"),
		syncs:         set.NewCounter("tocsin_store_syncs_total"),
		reopens:       set.NewCounter("tocsin_store_reopens_total"),
		reopenErrors:  set.NewCounter("tocsin_store_reopen_errors_total"),
		compactErrors: set.NewCounter("tocsin_store_compaction_errors_total"),
	}
}

// Stored returns how many samples were stored since the writer was made, in the base
// and in the head.
func (w *Writer) Stored() (base, head uint64) {
	all, base := w.metrics.samples.Get(), w.metrics.inBase.Load()
	return base, all - min(all, base)
}

func (m *writerMetrics) refused(reason string, n int) {
	m.set.GetOrCreateCounter(`tocsin_store_refused_samples_total{reason="` + reason + `"}`).Add(n)
}

func (m *writerMetrics) droppedExemplars(reason string, n int) {
	if n == 0 {
		return
	}
	m.set.GetOrCreateCounter(`tocsin_store_dropped_exemplars_total{reason="` + reason + `"}`).Add(n)
}
