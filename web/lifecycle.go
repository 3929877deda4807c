package web

import (
	_ "embed" // the OpenAPI document
	"io"
	"net/http"
	"strconv"
)

//go:embed openapi.json
var openAPIDocument []byte

func (s *server) openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(openAPIDocument) //nolint:errcheck // the caller went away
}

func (s *server) healthy(w http.ResponseWriter, _ *http.Request) {
	if s.opts.Healthy != nil {
		if err := s.opts.Healthy(); err != nil {
			plain(w, http.StatusServiceUnavailable, "not healthy: "+err.Error())
			return
		}
	}
	plain(w, http.StatusOK, "healthy")
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if err := s.opts.Ready(); err != nil {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfterSeconds))
		plain(w, http.StatusServiceUnavailable, "not ready: "+err.Error())
		return
	}
	plain(w, http.StatusOK, "ready")
}

// reload answers the whole error text, which may name many places in many files.
func (s *server) reload(w http.ResponseWriter, r *http.Request) {
	if err := s.opts.Reload(r.Context()); err != nil {
		s.opts.Logger.Warn("reload refused; the old configuration stays", "component", "web", "request_id", requestID(r.Context()), "error", err)
		plain(w, http.StatusBadRequest, err.Error())
		return
	}
	plain(w, http.StatusOK, "reloaded")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, text+"\n") //nolint:errcheck // the caller went away
}
