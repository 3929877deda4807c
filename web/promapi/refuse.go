package promapi

import (
	"encoding/json"
	"net/http"

	"github.com/VictoriaMetrics/metrics"
)

// reason is why a request was refused before Prometheus' API saw it: the status,
// Prometheus' word for it and the name under which it is counted.
type reason struct {
	status     int
	kind, name string
}

var (
	badRequest = reason{http.StatusBadRequest, "bad_data", "bad_data"}
	forbidden  = reason{http.StatusForbidden, "unavailable", "administration"}
	notFound   = reason{http.StatusNotFound, "not_found", "path"}
	badMethod  = reason{http.StatusMethodNotAllowed, "bad_data", "method"}
	tooSlow    = reason{http.StatusRequestTimeout, "bad_data", "body_time"}
	tooLarge   = reason{http.StatusRequestEntityTooLarge, "bad_data", "body_size"}
	badType    = reason{http.StatusUnsupportedMediaType, "bad_data", "content_type"}
	busy       = reason{http.StatusTooManyRequests, "unavailable", "busy"}
	canceled   = reason{499, "canceled", "canceled"} // nobody reads it; the number is that of Prometheus
	tooLong    = reason{http.StatusServiceUnavailable, "timeout", "time"}
	unreadable = reason{http.StatusUnprocessableEntity, "execution", "storage"}
	notReady   = reason{http.StatusServiceUnavailable, "unavailable", "not_ready"}
)

// refusals counts refused requests.
type refusals struct{ set *metrics.Set }

func newRefusals(set *metrics.Set) *refusals {
	if set == nil {
		set = metrics.NewSet()
	}
	r := &refusals{set}
	for _, x := range []reason{badRequest, forbidden, notFound, badMethod, tooSlow, tooLarge, badType, busy, canceled, tooLong, unreadable, notReady} {
		r.of(x)
	}
	return r
}

func (r *refusals) of(x reason) *metrics.Counter {
	return r.set.GetOrCreateCounter(`tocsin_query_requests_refused_total{reason="` + x.name + `"}`)
}

// refuse answers in the form of Prometheus' own errors.
func (h *handler) refuse(w http.ResponseWriter, why reason, text string) {
	h.refused.of(why).Inc()
	h.write(w, why.status, map[string]string{"status": "error", "errorType": why.kind, "error": text})
}

// answer answers in the form of Prometheus' own successes.
func (h *handler) answer(w http.ResponseWriter, data any) {
	h.write(w, http.StatusOK, map[string]any{"status": "success", "data": data})
}

func (h *handler) write(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		h.opts.Logger.Error("an answer of strings does not marshal", "err", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		h.opts.Logger.Debug("answer was not read", "err", err)
	}
}
