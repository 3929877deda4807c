package notifytest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Stub is a receiver on the loopback address that behaves as told.
type Stub struct {
	URL       string       // without a slash at the end
	Elsewhere string       // another address; a redirect leads there
	Strayed   atomic.Int64 // calls of Elsewhere
	Written   atomic.Int64 // bytes of the answer that could be written
	Canceled  atomic.Int64 // calls that the client gave up

	mu      sync.Mutex
	answers []Answer // the last one is repeated
	calls   []Call
	ok      string

	hang    sync.Once
	hanging chan struct{} // closed when a request hangs
}

// Call is one request as the stub got it.
type Call struct {
	Path   string
	Header http.Header
	Body   []byte
}

// Answer is how the stub treats one request.
type Answer func(s *Stub, w http.ResponseWriter, r *http.Request)

// NewStub starts a stub whose good answer has the given body; it ends with the test.
func NewStub(t testing.TB, ok string) *Stub {
	t.Helper()
	s := &Stub{ok: ok, answers: []Answer{OK}, hanging: make(chan struct{})}
	main := httptest.NewServer(s)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { s.Strayed.Add(1) }))
	t.Cleanup(main.Close)
	t.Cleanup(elsewhere.Close)
	s.URL, s.Elsewhere = main.URL, elsewhere.URL
	return s
}

// Behave sets how the next requests are answered, one after the other; the last
// answer is repeated.
func (s *Stub) Behave(a ...Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = a
}

// Calls returns what was asked so far.
func (s *Stub) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Call(nil), s.calls...)
}

// ServeHTTP records the request and answers as told. It is safe for concurrent use.
func (s *Stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 8<<20))
	s.mu.Lock()
	s.calls = append(s.calls, Call{Path: r.URL.Path, Header: r.Header.Clone(), Body: body})
	a := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	s.mu.Unlock()
	a(s, w, r)
}

// OK gives the stub's good answer.
func OK(s *Stub, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, s.ok)
}

// Status answers with a status, the header Retry-After unless it is empty, and
// a body that repeats the request's secrets, as careless receivers do.
func Status(code int, retryAfter string) Answer {
	return func(s *Stub, w http.ResponseWriter, r *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(code)
		calls := s.Calls()
		last := calls[len(calls)-1]
		_, _ = io.WriteString(w, "no: "+r.URL.String()+" "+r.Header.Get("Authorization")+" "+string(last.Body[:min(200, len(last.Body))]))
	}
}

// Hang accepts and never answers, until the client gives up.
func Hang(s *Stub, _ http.ResponseWriter, r *http.Request) {
	s.hang.Do(func() { close(s.hanging) })
	select {
	case <-r.Context().Done():
		s.Canceled.Add(1)
	case <-time.After(2 * patient):
	}
}

// Reset closes the connection without an answer.
func Reset(_ *Stub, _ http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }

// Redirect leads to another address.
func Redirect(s *Stub, w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, s.Elsewhere+r.URL.Path, http.StatusFound)
}

// Huge gives a good status and then up to 100 MB.
func Huge(s *Stub, w http.ResponseWriter, _ *http.Request) {
	w.WriteHeader(http.StatusOK)
	chunk := make([]byte, 64<<10)
	for range 100 << 20 / len(chunk) {
		n, err := w.Write(chunk)
		s.Written.Add(int64(n))
		if err != nil {
			return
		}
	}
}
