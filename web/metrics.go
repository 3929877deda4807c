package web

import (
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"
)

// brokerMetrics counts live streams.
type brokerMetrics struct {
	streams    *metrics.Gauge
	slow       *metrics.Counter
	refused    *metrics.Counter
	readErrors *metrics.Counter
}

func newBrokerMetrics(set *metrics.Set) brokerMetrics {
	return brokerMetrics{
		streams:    set.GetOrCreateGauge(`tocsin_web_event_streams`, nil),
		slow:       set.GetOrCreateCounter(`tocsin_web_event_streams_dropped_total{reason="slow"}`),
		refused:    set.GetOrCreateCounter(`tocsin_web_event_streams_dropped_total{reason="limit"}`),
		readErrors: set.GetOrCreateCounter(`tocsin_web_event_read_errors_total`),
	}
}

// serverMetrics counts requests.
type serverMetrics struct {
	set      *metrics.Set
	inFlight *metrics.Gauge
	panics   *metrics.Counter
	host     *metrics.Counter
	origin   *metrics.Counter
	notReady *metrics.Counter
}

func newServerMetrics(set *metrics.Set) serverMetrics {
	return serverMetrics{
		set:      set,
		inFlight: set.GetOrCreateGauge(`tocsin_http_requests_in_flight`, nil),
		panics:   set.GetOrCreateCounter(`tocsin_http_panics_total`),
		host:     set.GetOrCreateCounter(`tocsin_http_refused_total{reason="host"}`),
		origin:   set.GetOrCreateCounter(`tocsin_http_refused_total{reason="cross_origin"}`),
		notReady: set.GetOrCreateCounter(`tocsin_http_refused_total{reason="not_ready"}`),
	}
}

// observe counts one request. route is a pattern of the mux, so the number of
// label values is that of the routes.
func (m serverMetrics) observe(route, method string, status int, took time.Duration) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH":
	default:
		method = "other" // any word may stand in a request line
	}
	m.set.GetOrCreateCounter(fmt.Sprintf(`tocsin_http_requests_total{route=%q,method=%q,code="%d"}`, route, method, status)).Inc()
	m.set.GetOrCreateHistogram(fmt.Sprintf(`tocsin_http_request_duration_seconds{route=%q}`, route)).Update(took.Seconds())
}
