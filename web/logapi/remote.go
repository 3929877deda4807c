package logapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/tocsinhq/tocsin/logs"
)

// passOn returns a handler that passes the questions of Loki's API on to a Loki.
func passOn(c logs.RemoteConfig, log *slog.Logger) (http.Handler, error) {
	to, err := url.Parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("logs.remote.url: %w", err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Header.Del("Authorization") // ours is not the remote's
			p.Out.Header.Del("Cookie")
			c.Authorize(p.Out)
		},
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			log.Warn("the remote log store does not answer", "url", to.Redacted(), "error", err)
			http.Error(w, "the remote log store of logs.remote does not answer", http.StatusBadGateway)
		},
	}, nil
}
