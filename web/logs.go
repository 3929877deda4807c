package web

import (
	"net/http"

	"github.com/tocsinhq/tocsin/web/logapi"
)

// LogHistogram is how many log lines there are over a time, in equal steps.
type LogHistogram struct {
	Bars []logapi.Bar `json:"bars"`
}

// LogTemplates are the templates of the lines of a time, the most frequent first.
type LogTemplates struct {
	Templates []logapi.TemplateRow `json:"templates"`
}

// logRoutes are the routes of our own API for logs; none without a log store.
func (s *server) logRoutes(api string, call func(method, path string, f apiFunc, known ...string) route) []route {
	span := []string{"query", "start", "end", "since"}
	return []route{
		{method: "GET", path: api + "/logs", params: append(span, "limit", "direction"), data: true, handler: s.withLogQueries(func(o *logapi.Own) http.HandlerFunc { return o.Lines })},
		{method: "GET", path: api + "/logs/tail", params: []string{"query"}, data: true, handler: s.withLogQueries(func(o *logapi.Own) http.HandlerFunc { return o.Tail })},
		call("GET", "/logs/histogram", s.logHistogram, "query", "start", "end", "since", "step"),
		call("GET", "/logs/templates", s.logTemplates, "query", "start", "end", "since", "step"),
	}
}

// errNoLogs is the answer of a daemon that keeps no logs.
func errNoLogs() error {
	return &Error{Kind: KindNotFound, Message: "this daemon keeps no logs"}
}

func (s *server) withLogQueries(pick func(*logapi.Own) http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.opts.LogQueries == nil {
			s.fail(w, r, errNoLogs())
			return
		}
		pick(s.opts.LogQueries)(w, r)
	})
}

// logError makes an error of the API of one about a query.
func logError(err error) error {
	switch status, text := logapi.Status(err); status {
	case http.StatusBadRequest:
		return &Error{Kind: KindInvalid, Message: text}
	case http.StatusTooManyRequests:
		return &Error{Kind: KindOverloaded, Message: text}
	case http.StatusServiceUnavailable, http.StatusGatewayTimeout, http.StatusBadGateway:
		return &Error{Kind: KindUnavailable, Message: text}
	}
	return err
}

func (s *server) logHistogram(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	if s.opts.LogQueries == nil {
		return result{}, errNoLogs()
	}
	bars, err := s.opts.LogQueries.Histogram(r)
	if err != nil {
		return result{}, logError(err)
	}
	return ok(LogHistogram{orEmpty(bars)})
}

func (s *server) logTemplates(_ http.ResponseWriter, r *http.Request, q *params) (result, error) {
	if err := q.err(); err != nil {
		return result{}, err
	}
	if s.opts.LogQueries == nil {
		return result{}, errNoLogs()
	}
	rows, err := s.opts.LogQueries.Templates(r)
	if err != nil {
		return result{}, logError(err)
	}
	return ok(LogTemplates{orEmpty(rows)})
}
