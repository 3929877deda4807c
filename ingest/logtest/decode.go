package logtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/ingest/logline"
)

// CheckDecode has a decoder write on a sheet with small limits, and wants each entry to
// be a record or to be refused, as every decoder under a fuzz test must.
func CheckDecode(t *testing.T, decode func(s *logline.Sheet)) {
	t.Helper()
	s := &logline.Sheet{Limits: logline.Limits{Attributes: 100, Value: 1000}}
	refused := 0
	s.OnReject = func(int, string, string) { refused++ }
	decode(s)
	if len(s.Records)+refused != s.Entries() {
		t.Errorf("%d records and %d refused of %d entries", len(s.Records), refused, s.Entries())
	}
}

// Send has a handler answer a request. headers are names and values in turn.
func Send(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	q := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	return w
}
