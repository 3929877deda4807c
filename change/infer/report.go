package infer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/telemetry"
)

type reports struct{ list []telemetry.Change }

// sorted returns the reports in an order that does not depend on that of maps.
func (r *reports) sorted() []Report {
	slices.SortFunc(r.list, func(a, b telemetry.Change) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Service, b.Service), cmp.Compare(a.ID, b.ID))
	})
	out := make([]Report, len(r.list))
	for i, c := range r.list {
		out[i] = Report{Change: c}
	}
	return out
}

// id is the same whenever the same change is seen, after a restart too.
func id(service, env, source, part, to string, started int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %q %d", service, env, source, part, to, started))
	return "seen-" + hex.EncodeToString(sum[:10])
}

func stamp(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// counts are what became of what was seen.
type counts struct {
	samples, reports, full, flood, explained, scaled uint64
}

// WriteMetrics writes how many series are followed and what became of what they told.
func (w *Watcher) WriteMetrics(to io.Writer) {
	w.mu.Lock()
	c, series, lines := w.count, len(w.refs), len(w.lines)+len(w.loads)
	w.mu.Unlock()
	metrics.WriteGaugeUint64(to, "tocsin_inferred_series", uint64(series))
	metrics.WriteGaugeUint64(to, "tocsin_inferred_lines", uint64(lines))
	metrics.WriteCounterUint64(to, "tocsin_inferred_samples_total", c.samples)
	metrics.WriteCounterUint64(to, "tocsin_inferred_reports_total", c.reports)
	for _, d := range []struct {
		reason string
		n      uint64
	}{{"too_many_series", c.full}, {"too_many_changes", c.flood}, {"restart_of_a_deployment", c.explained}, {"scaling", c.scaled}} {
		metrics.WriteCounterUint64(to, `tocsin_inferred_dropped_total{reason="`+d.reason+`"}`, d.n)
	}
}
