package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

type contextKey int

const requestIDKey contextKey = 0

// requestID returns the id that the outermost handler gave to the request.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey).(string)
	return id
}

func newRequestID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// observed is the outermost handler: it names the request, counts it, and
// turns a panic into an answer.
func (s *server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.opts.Now()
		id := newRequestID()
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey, id))
		w.Header().Set("X-Request-Id", id)
		rec := &recorder{ResponseWriter: w}
		s.metrics.inFlight.Inc()
		defer func() {
			s.metrics.inFlight.Dec()
			if p := recover(); p != nil {
				s.recovered(rec, r, p)
			}
			s.metrics.observe(routeOf(r), r.Method, rec.code(), s.opts.Now().Sub(start))
		}()
		next.ServeHTTP(rec, r)
	})
}

func (s *server) recovered(rec *recorder, r *http.Request, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p) // the agreed way of cutting a connection
	}
	s.metrics.panics.Inc()
	s.opts.Logger.Error("handler panicked", "component", "web", "request_id", requestID(r.Context()),
		"method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	if rec.status == 0 {
		s.fail(rec, r, &Error{Kind: KindInternal, Message: "something went wrong inside; the log has it under this request_id"})
	}
}

// routeOf returns the path of the pattern that served r, "none" when the
// request was refused before it met one.
func routeOf(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	if _, path, ok := strings.Cut(r.Pattern, " "); ok {
		return path
	}
	return r.Pattern
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(code int) {
	if r.status == 0 && code >= 200 {
		r.status = code
	}
	r.ResponseWriter.WriteHeader(code)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) code() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}

// whenReady answers 503 until data can be read, which it also can while nothing is
// accepted because the disk is full.
func (s *server) whenReady(next http.Handler) http.Handler {
	readable := s.opts.Readable
	if readable == nil {
		readable = s.opts.Ready
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := readable(); err != nil {
			s.metrics.notReady.Inc()
			s.fail(w, r, &Error{Kind: KindUnavailable, Message: "not ready: " + err.Error()})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// systemNow is the wall clock, the default of Options.Now.
func systemNow() time.Time { return time.Now().UTC() }
