package signal_test

import (
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/prometheus/util/teststorage"
)

// TestCatalogue_ClientGolang_AsItIs serves requests through the instrumentation of
// client_golang itself and reads the signals from what it then exposes.
func TestCatalogue_ClientGolang_AsItIs(t *testing.T) {
	r := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total"}, []string{"code", "method"})
	latency := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "http_request_duration_seconds", Buckets: prometheus.DefBuckets}, []string{"code", "method"})
	r.MustRegister(requests, latency)
	h := promhttp.InstrumentHandlerCounter(requests, promhttp.InstrumentHandlerDuration(latency, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Query().Has("fail") {
			w.WriteHeader(http.StatusBadGateway)
		}
	})))
	ask := func(h http.Handler, path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w.Body.String()
	}
	for i := range 100 {
		if i%4 == 0 {
			ask(h, "/?fail")
		} else {
			ask(h, "/")
		}
	}
	text := "# target job=shop instance=10.0.0.1:8080\n" + ask(promhttp.HandlerFor(r, promhttp.HandlerOpts{}), "/metrics")
	file := filepath.Join(t.TempDir(), "live.prom")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	db := teststorage.New(t)
	load(t, db, file, map[string]bool{})
	got := evaluate(t, db, compiled(t))
	for series, want := range map[string]float64{`error_rate{service="shop"}`: 0.25, `request_rate{service="shop"}`: 100.0 / 300} {
		if v, ok := got[series]; !ok || math.Abs(v-want) > 1e-9 {
			t.Errorf("%s: got %v (present: %v), want %v", series, v, ok, want)
		}
	}
	if v := got[`p95_latency{service="shop"}`]; !(v > 0 && v < 1) {
		t.Errorf("p95: got %v", v)
	}
}
