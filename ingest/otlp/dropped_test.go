package otlp_test

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

func TestService_ExemplarsOfRefusedPoints_AreCounted(t *testing.T) {
	r := newRig(t, nil)
	e := newExport(r.now, "service.name", "pay")
	number := e.metric("n", "").SetEmptyGauge().DataPoints().AppendEmpty() // which has no value
	number.Exemplars().AppendEmpty().SetDoubleValue(1)
	number.Exemplars().AppendEmpty() // which has none either, and counts as that
	h := e.histogram("h", pmetric.AggregationTemporalityCumulative, []float64{1}, []uint64{1, 1})
	h.SetCount(1) // fewer than in its buckets
	h.Exemplars().AppendEmpty().SetDoubleValue(1)
	e.gauge("g", 1).Exemplars().AppendEmpty().SetDoubleValue(1) // which is stored without it
	_, good := e.sum("good", pmetric.AggregationTemporalityCumulative, 1)
	good.Exemplars().AppendEmpty().SetDoubleValue(1)
	_, whole := e.sum("s", pmetric.AggregationTemporalityUnspecified, 1) // of which all points are refused at once
	whole.Exemplars().AppendEmpty().SetDoubleValue(1)
	whole.Exemplars().AppendEmpty().SetDoubleValue(2)
	if rejected, message := r.take(e.Metrics); rejected != 3 {
		t.Fatalf("%d points were refused, want 3: %s", rejected, message)
	}
	for name, want := range map[string]string{
		`tocsin_ingest_dropped_exemplars_total{protocol="otlp",reason="of_a_gauge"}`:      "1",
		`tocsin_ingest_dropped_exemplars_total{protocol="otlp",reason="bad_value"}`:       "1",
		`tocsin_ingest_dropped_exemplars_total{protocol="otlp",reason="bad_histogram"}`:   "1",
		`tocsin_ingest_dropped_exemplars_total{protocol="otlp",reason="bad_temporality"}`: "2",
		`tocsin_ingest_exemplars_total{protocol="otlp"}`:                                  "1",
	} {
		if got := r.counter(name); got != want {
			t.Errorf("%s: got %q, want %s", name, got, want)
		}
	}
}
