package store_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tocsinhq/tocsin/ingest/sinktest"
	"github.com/tocsinhq/tocsin/store"
)

// Dashboards ask the TSDB's metrics for what is in memory, of which it has the smaller
// part.
func TestDB_Metrics_TellOfBothParts(t *testing.T) {
	registry := prometheus.NewRegistry()
	r := newRig(t, func(o *store.WriterOptions) {
		db, err := store.OpenTSDB(store.TSDBOptions{Dir: t.TempDir(), Config: o.Config, Logger: slog.New(slog.DiscardHandler), Registerer: registry})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		o.DB = db
	})
	at := r.now.UnixMilli()
	for i := range 3 {
		for n := range int64(4) {
			r.write(t, sinktest.Metric("floats", at+n, float64(n), "i", fmt.Sprint(i)))
		}
	}
	r.write(t, histogramAt(at, 1))
	r.write(t, histogramAt(at+1, 2))
	want := `
# HELP prometheus_tsdb_head_chunks Chunks of series in memory.
# TYPE prometheus_tsdb_head_chunks gauge
prometheus_tsdb_head_chunks 4
# HELP prometheus_tsdb_head_samples_appended_total Samples that were stored since the start.
# TYPE prometheus_tsdb_head_samples_appended_total counter
prometheus_tsdb_head_samples_appended_total{type="float"} 12
prometheus_tsdb_head_samples_appended_total{type="histogram"} 2
# HELP prometheus_tsdb_head_series Series in memory.
# TYPE prometheus_tsdb_head_series gauge
prometheus_tsdb_head_series 4
# HELP prometheus_tsdb_head_series_created_total Series that were made since the start.
# TYPE prometheus_tsdb_head_series_created_total counter
prometheus_tsdb_head_series_created_total 4
# HELP prometheus_tsdb_head_series_removed_total Series that memory has let go since the start.
# TYPE prometheus_tsdb_head_series_removed_total counter
prometheus_tsdb_head_series_removed_total 0
`
	err := testutil.GatherAndCompare(registry, strings.NewReader(want), "prometheus_tsdb_head_chunks", "prometheus_tsdb_head_samples_appended_total",
		"prometheus_tsdb_head_series", "prometheus_tsdb_head_series_created_total", "prometheus_tsdb_head_series_removed_total")
	if err != nil {
		t.Error(err)
	}
}
