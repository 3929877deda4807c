package ingest

import (
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/telemetry"
)

// counters are the receiver's own metrics. Those by code and by reason are
// made when the code or reason first occurs.
type counters struct {
	protocol  string
	set       *metrics.Set
	samples   *metrics.Counter // nil for logs
	records   *metrics.Counter // of logs; nil for samples
	bytes     *metrics.Counter
	decoded   *metrics.Counter
	exemplars *metrics.Counter
	panics    *metrics.Counter
	duration  *metrics.PrometheusHistogram
	byCode    sync.Map     // status -> *metrics.Counter
	inFlight  atomic.Int64 // bytes
	requests  atomic.Int64 // under way
}

func newCounters(protocol string, set *metrics.Set, logs bool) *counters {
	p := `{protocol="` + protocol + `"}`
	c := &counters{
		protocol: protocol,
		set:      set,
		bytes:    set.NewCounter(`tocsin_ingest_body_bytes_total` + p),
		decoded:  set.NewCounter(`tocsin_ingest_decoded_bytes_total` + p),
		panics:   set.NewCounter(`tocsin_ingest_panics_total` + p),
		duration: set.NewPrometheusHistogram(`tocsin_ingest_request_duration_seconds` + p),
	}
	if logs {
		c.records = set.NewCounter(`tocsin_ingest_log_records_total` + p)
	} else {
		c.samples = set.NewCounter(`tocsin_ingest_samples_total` + p)
		c.exemplars = set.NewCounter(`tocsin_ingest_exemplars_total` + p)
	}
	set.NewGauge(`tocsin_ingest_in_flight_bytes`+p, func() float64 { return float64(c.inFlight.Load()) })
	set.NewGauge(`tocsin_ingest_in_flight_requests`+p, func() float64 { return float64(c.requests.Load()) })
	return c
}

// answered counts a request by the status it got.
func (c *counters) answered(code int) {
	if known, ok := c.byCode.Load(code); ok {
		known.(*metrics.Counter).Inc()
		return
	}
	made := c.set.GetOrCreateCounter(`tocsin_ingest_requests_total{protocol="` + c.protocol + `",code="` + strconv.Itoa(code) + `"}`)
	c.byCode.Store(code, made)
	made.Inc()
}

// refused counts a request that was refused whole, by reason.
func (c *counters) refused(reason string) {
	c.set.GetOrCreateCounter(`tocsin_ingest_refused_requests_total{protocol="` + c.protocol + `",reason="` + reason + `"}`).Inc()
}

// stored counts what became of a batch.
func (c *counters) stored(r *telemetry.WriteResult) {
	c.samples.Add(r.Stored)
	c.exemplars.Add(r.Exemplars)
	for reason, n := range r.Refused {
		c.rejected(reason, n)
	}
	for reason, n := range r.DroppedExemplars {
		c.droppedExemplars(reason, n)
	}
}

// droppedExemplars counts exemplars that were left out with the samples that they came
// with, by the reason for which these were refused.
func (c *counters) droppedExemplars(reason string, n int) {
	c.set.GetOrCreateCounter(`tocsin_ingest_dropped_exemplars_total{protocol="` + c.protocol + `",reason="` + reason + `"}`).Add(n)
}

// rejected counts samples that were refused, by reason.
func (c *counters) rejected(reason string, n int) {
	c.set.GetOrCreateCounter(`tocsin_ingest_rejected_total{protocol="` + c.protocol + `",reason="` + reason + `"}`).Add(n)
}

// repaired counts log records in which something was put right, by what it was.
func (c *counters) repaired(kind string, n int) {
	if n > 0 {
		c.set.GetOrCreateCounter(`tocsin_ingest_repaired_log_records_total{protocol="` + c.protocol + `",kind="` + kind + `"}`).Add(n)
	}
}

// Memory is what the bodies of all requests under way hold, over all receivers
// that share it. It is safe for concurrent use.
type Memory struct {
	used atomic.Int64 // bytes
}

// fits reports whether n bytes are to be had, without claiming them.
func (m *Memory) fits(n, limit int64) bool { return m.used.Load()+n <= limit }

// reserve claims n bytes of the memory for bodies and reports whether they
// are to be had.
func (m *Memory) reserve(n, limit int64) bool {
	for {
		have := m.used.Load()
		if have+n > limit {
			return false
		}
		if m.used.CompareAndSwap(have, have+n) {
			return true
		}
	}
}
