package template

import (
	"fmt"
	"io"
)

// WriteMetrics writes what the miner has done in the text format of Prometheus.
func (m *Miner) WriteMetrics(w io.Writer) {
	var lines uint64
	streams := m.streams()
	for _, s := range streams {
		s.mu.Lock()
		lines += s.lines
		s.mu.Unlock()
	}
	fmt.Fprintf(w, "tocsin_log_lines_mined_total %d\n", lines)
	fmt.Fprintf(w, "tocsin_log_lines_unknown_total %d\n", m.count.misses.Load())
	fmt.Fprintf(w, "tocsin_log_templates %d\n", m.live.Load())
	fmt.Fprintf(w, "tocsin_log_template_services %d\n", len(streams))
	fmt.Fprintf(w, "tocsin_log_templates_merged_total %d\n", m.count.merges.Load())
	fmt.Fprintf(w, "tocsin_log_templates_evicted_total %d\n", m.count.evicted.Load())
	fmt.Fprintf(w, "tocsin_log_lines_without_template_total{reason=\"full\"} %d\n", m.count.other.Load())
	fmt.Fprintf(w, "tocsin_log_services_folded_total{reason=\"too_many_services\"} %d\n", m.count.services.Load())
}
