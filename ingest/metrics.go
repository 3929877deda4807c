package ingest

import (
	"strconv"
	"sync/atomic"

	"github.com/VictoriaMetrics/metrics"

	"github.com/tocsinhq/tocsin/telemetry"
)

// protocol is the word for remote write in metrics.
const protocol = "remote_write"

// counters are the receiver's own metrics. Those by code and by reason are
// made when the code or reason first occurs.
type counters struct {
	set       *metrics.Set
	samples   *metrics.Counter
	bytes     *metrics.Counter
	decoded   *metrics.Counter
	exemplars *metrics.Counter
	versions  [3]*metrics.Counter // requests by message
	panics    *metrics.Counter
	duration  *metrics.PrometheusHistogram
	inFlight  atomic.Int64 // bytes
	requests  atomic.Int64 // under way
}

func newCounters(set *metrics.Set) *counters {
	const p = `{protocol="` + protocol + `"}`
	c := &counters{
		set:       set,
		samples:   set.NewCounter(`tocsin_ingest_samples_total` + p),
		bytes:     set.NewCounter(`tocsin_ingest_body_bytes_total` + p),
		exemplars: set.NewCounter(`tocsin_ingest_exemplars_total` + p),
		decoded:   set.NewCounter(`tocsin_ingest_decoded_bytes_total` + p),
		panics:    set.NewCounter(`tocsin_ingest_panics_total` + p),
		duration:  set.NewPrometheusHistogram(`tocsin_ingest_request_duration_seconds` + p),
	}
	for m, version := range messageVersions {
		c.versions[m] = set.NewCounter(`tocsin_ingest_requests_by_version_total{protocol="` + protocol + `",version="` + version + `"}`)
	}
	set.NewGauge(`tocsin_ingest_in_flight_bytes`+p, func() float64 { return float64(c.inFlight.Load()) })
	set.NewGauge(`tocsin_ingest_in_flight_requests`+p, func() float64 { return float64(c.requests.Load()) })
	return c
}

// answered counts a request by the status it got.
func (c *counters) answered(code int) {
	c.set.GetOrCreateCounter(`tocsin_ingest_requests_total{protocol="` + protocol + `",code="` + strconv.Itoa(code) + `"}`).Inc()
}

// refused counts a request that was refused whole, by reason.
func (c *counters) refused(reason string) {
	c.set.GetOrCreateCounter(`tocsin_ingest_refused_requests_total{protocol="` + protocol + `",reason="` + reason + `"}`).Inc()
}

// spoken counts a request by the message that its headers promise.
func (c *counters) spoken(m message) { c.versions[m].Inc() }

// stored counts what became of a batch.
func (c *counters) stored(r *telemetry.WriteResult) {
	c.samples.Add(r.Stored)
	c.exemplars.Add(r.Exemplars)
	for reason, n := range r.Refused {
		c.set.GetOrCreateCounter(`tocsin_ingest_rejected_total{protocol="` + protocol + `",reason="` + reason + `"}`).Add(n)
	}
}

// reserve claims n bytes of the memory for bodies and reports whether they
// are to be had.
func (c *counters) reserve(n, limit int64) bool {
	for {
		have := c.inFlight.Load()
		if have+n > limit {
			return false
		}
		if c.inFlight.CompareAndSwap(have, have+n) {
			return true
		}
	}
}
