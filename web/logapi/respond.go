package logapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/tocsinhq/tocsin/logs"
	"github.com/tocsinhq/tocsin/logs/logql"
	"github.com/tocsinhq/tocsin/logs/remote"
)

// badRequest is an error about what was asked.
type badRequest struct{ text string }

func (e *badRequest) Error() string { return e.text }

func bad(format string, args ...any) error { return &badRequest{fmt.Sprintf(format, args...)} }

// statusOf is the status of the answer that an error makes, as Loki's.
func statusOf(err error) int {
	var syntax *logql.SyntaxError
	var request *badRequest
	switch {
	case errors.As(err, &syntax), errors.As(err, &request), errors.Is(err, logql.ErrInvalid), errors.Is(err, logql.ErrLimit), errors.Is(err, logs.ErrTooMuch),
		errors.Is(err, remote.ErrRefused):
		return http.StatusBadRequest
	case errors.Is(err, logs.ErrBusy):
		return http.StatusTooManyRequests
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.Is(err, context.Canceled):
		return 499
	case errors.Is(err, remote.ErrUnavailable):
		return http.StatusBadGateway
	case errors.Is(err, logs.ErrClosed):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// handler checks the method, bounds the time and answers errors as plain text.
func (a *api) handler(f func(http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD, POST")
			http.Error(w, "want GET or POST, got "+r.Method, http.StatusMethodNotAllowed)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if err := f(w, r); err != nil {
			a.refuse(w, err)
		}
	})
}

func (a *api) refuse(w http.ResponseWriter, err error) {
	status := statusOf(err)
	if status == http.StatusInternalServerError {
		a.Logger.Error("a log query went wrong", "error", err)
	}
	http.Error(w, err.Error(), status)
}

// within returns a context with the time that a query may take.
func (a *api) within(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), a.Config.Query.Timeout.Std())
}

// answer writes a body as Loki wraps it.
func answer(w http.ResponseWriter, data any) error {
	return writeJSON(w, map[string]any{"status": "success", "data": data})
}

func writeJSON(w http.ResponseWriter, body any) error {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(body) // the caller went away
	return nil
}

// stats are the figures of an answer that clients read.
func stats(st logs.Stats, seconds float64) map[string]any {
	per := func(n float64) float64 {
		if seconds <= 0 {
			return 0
		}
		return n / seconds
	}
	return map[string]any{"summary": map[string]any{
		"bytesProcessedPerSecond": int64(per(float64(st.Bytes))), "linesProcessedPerSecond": int64(per(float64(st.Records))),
		"totalBytesProcessed": st.Bytes, "totalLinesProcessed": st.Records, "totalEntriesReturned": st.Records,
		"execTime": seconds, "queueTime": 0, "subqueries": 0, "splits": 0, "shards": 0,
	}, "ingester": map[string]any{"totalReached": 1}, "querier": map[string]any{"store": map[string]any{"totalChunksRef": st.Units}}, "cache": map[string]any{}}
}
