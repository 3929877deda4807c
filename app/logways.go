package app

import (
	"net/http"

	"github.com/tocsinhq/tocsin/ingest"
	"github.com/tocsinhq/tocsin/ingest/datadog"
	"github.com/tocsinhq/tocsin/ingest/elastic"
	"github.com/tocsinhq/tocsin/ingest/journald"
	"github.com/tocsinhq/tocsin/ingest/jsonline"
	"github.com/tocsinhq/tocsin/ingest/loki"
	"github.com/tocsinhq/tocsin/ingest/otlp"
	"github.com/tocsinhq/tocsin/ingest/splunk"
)

// logWays are the receivers of logs over HTTP, each at the paths of its protocol. They live
// as long as the process.
type logWays struct {
	otlp    *otlp.LogService
	elastic http.Handler
	uploads *journald.Handler
	mux     *http.ServeMux
}

// newLogWays builds them over a sink of log records.
func newLogWays(o ingest.LogOptions) *logWays {
	w := &logWays{otlp: otlp.NewLogService(o), elastic: elastic.NewHandler(o), mux: http.NewServeMux()}
	for _, path := range []string{"/v1/logs", "/api/v1/otlp/v1/logs", "/otlp/v1/logs"} {
		w.mux.Handle(path, otlp.LogHandler{LogService: w.otlp})
	}
	lines := jsonline.NewHandler(o)
	w.mux.Handle("POST "+jsonline.Path, lines) // GET may be another's
	w.mux.Handle(jsonline.Alias, lines)
	push := loki.NewHandler(o)
	for _, path := range loki.Paths() {
		w.mux.Handle(path, push)
	}
	collector := splunk.NewHandler(o)
	w.mux.Handle(splunk.Prefix, collector)
	w.mux.Handle(splunk.Prefix+"/", collector)
	w.uploads = journald.NewHandler(o)
	w.mux.Handle(journald.Path, w.uploads)
	intake := datadog.NewHandler(o)
	for _, path := range datadog.Paths() {
		w.mux.Handle(path, intake)
	}
	return w
}

// Takes reports whether a request is for one of the receivers.
func (w *logWays) Takes(r *http.Request) bool {
	if elastic.Wants(r) {
		return true
	}
	_, pattern := w.mux.Handler(r)
	return pattern != ""
}

// ServeHTTP passes a request to its receiver.
func (w *logWays) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if elastic.Wants(r) {
		w.elastic.ServeHTTP(rw, r)
		return
	}
	w.mux.ServeHTTP(rw, r)
}
