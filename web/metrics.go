package web

import (
	"fmt"
	"sync"
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
	answers  *answerMetrics
}

// answerMetrics are those of requests, found without their names being written anew.
type answerMetrics struct {
	mu    sync.RWMutex
	found map[answerKind]answerCounts
}

// answerKind is what requests are counted by.
type answerKind struct {
	route, method string
	status        int
}

type answerCounts struct {
	requests *metrics.Counter
	duration *metrics.Histogram
}

func newServerMetrics(set *metrics.Set) serverMetrics {
	return serverMetrics{
		set:      set,
		inFlight: set.GetOrCreateGauge(`tocsin_http_requests_in_flight`, nil),
		panics:   set.GetOrCreateCounter(`tocsin_http_panics_total`),
		host:     set.GetOrCreateCounter(`tocsin_http_refused_total{reason="host"}`),
		origin:   set.GetOrCreateCounter(`tocsin_http_refused_total{reason="cross_origin"}`),
		notReady: set.GetOrCreateCounter(`tocsin_http_refused_total{reason="not_ready"}`),
		answers:  &answerMetrics{found: make(map[answerKind]answerCounts)},
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
	counts := m.of(answerKind{route, method, status})
	counts.requests.Inc()
	counts.duration.Update(took.Seconds())
}

// of returns the metrics of a kind of request, which are made when it first occurs.
func (m serverMetrics) of(k answerKind) answerCounts {
	a := m.answers
	a.mu.RLock()
	counts, ok := a.found[k]
	a.mu.RUnlock()
	if ok {
		return counts
	}
	counts = answerCounts{
		requests: m.set.GetOrCreateCounter(fmt.Sprintf(`tocsin_http_requests_total{route=%q,method=%q,code="%d"}`, k.route, k.method, k.status)),
		duration: m.set.GetOrCreateHistogram(fmt.Sprintf(`tocsin_http_request_duration_seconds{route=%q}`, k.route)),
	}
	a.mu.Lock()
	a.found[k] = counts
	a.mu.Unlock()
	return counts
}
