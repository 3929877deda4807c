package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
)

// Kind says what sort of failure an error is; the HTTP status follows from it.
type Kind string

// The kinds of failure.
const (
	KindInvalid     Kind = "invalid"
	KindNotFound    Kind = "not_found"
	KindConflict    Kind = "conflict" // the thing exists but its state forbids the request
	KindTooLarge    Kind = "too_large"
	KindOverloaded  Kind = "overloaded"
	KindUnavailable Kind = "unavailable"
	KindForbidden   Kind = "forbidden"
	KindMethod      Kind = "method_not_allowed"
	KindInternal    Kind = "internal"
)

var kindStatus = map[Kind]int{
	KindInvalid:     http.StatusBadRequest,
	KindNotFound:    http.StatusNotFound,
	KindConflict:    http.StatusConflict,
	KindTooLarge:    http.StatusRequestEntityTooLarge,
	KindOverloaded:  http.StatusServiceUnavailable,
	KindUnavailable: http.StatusServiceUnavailable,
	KindForbidden:   http.StatusForbidden,
	KindMethod:      http.StatusMethodNotAllowed,
	KindInternal:    http.StatusInternalServerError,
}

// Error is a failure that the caller is told of in words. Err, if set, is the
// cause and is logged but not sent.
type Error struct {
	Kind     Kind
	Message  string
	Problems []Problem
	Err      error
}

// Problem is one wrong field of a request.
type Problem struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// ErrorBody is the JSON form of every error answer.
type ErrorBody struct {
	Error     string    `json:"error"`
	Code      Kind      `json:"code"`
	RequestID string    `json:"request_id"`
	Retryable bool      `json:"retryable"`
	Problems  []Problem `json:"problems,omitempty"`
}

// retryAfterSeconds is what refused callers are told to wait.
const retryAfterSeconds = 2

// classify turns any error into one that can be sent.
func (s *server) classify(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if s.opts.Classify != nil {
		if e = s.opts.Classify(err); e != nil {
			return e
		}
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &Error{Kind: KindTooLarge, Message: "read body: want at most " + strconv.FormatInt(tooLarge.Limit, 10) + " bytes"}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Kind: KindUnavailable, Message: "the answer took too long; ask for less or try again", Err: err}
	}
	return &Error{Kind: KindInternal, Message: "something went wrong inside; the log has it under this request_id", Err: err}
}

// fail writes err as JSON with the status of its kind.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := s.classify(err)
	status, ok := kindStatus[e.Kind]
	if !ok {
		status = http.StatusInternalServerError
	}
	id := requestID(r.Context())
	if status == http.StatusInternalServerError && !errors.Is(err, context.Canceled) {
		s.opts.Logger.Error("request failed", "component", "web", "request_id", id, "method", r.Method, "path", r.URL.Path, "error", err)
	}
	retryable := status == http.StatusServiceUnavailable
	if retryable {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfterSeconds))
	}
	s.write(w, r, status, ErrorBody{Error: e.Message, Code: e.Kind, RequestID: id, Retryable: retryable, Problems: e.Problems})
}

// write sends v as JSON. The body is built first, so that an error in it can
// still be told by the status.
func (s *server) write(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		s.opts.Logger.Error("answer cannot be written as JSON", "component", "web", "path", r.URL.Path, "error", err)
		status, body = http.StatusInternalServerError, []byte(`{"error":"the answer cannot be written as JSON","code":"internal"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(status)
	w.Write(append(body, '\n')) //nolint:errcheck // the caller went away
}

func indexed(name string, i int) string { return name + "[" + strconv.Itoa(i) + "]" }
