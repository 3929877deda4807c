package uitest_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tocsinhq/tocsin/web/uitest"
)

// TestOpen_LogsAndRoutes_AreThoseOfTheShop asks what the pages ask.
func TestOpen_LogsAndRoutes_AreThoseOfTheShop(t *testing.T) {
	s := uitest.NewServer(time.Now)
	closeParts, err := s.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer closeParts()
	if err := s.Log(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := s.Handler()
	get := func(path string) string {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:9099"+path, nil))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: got %d %s", path, w.Code, w.Body)
		}
		return w.Body.String()
	}
	for path, wants := range map[string][]string{
		"/api/v1/tocsin/logs?query=" + url.QueryEscape(`{service_name="checkout"} | detected_level="error"`): {"card authorisation failed", `"trace_id":"`, `"pod":"checkout-`},
		"/api/v1/tocsin/logs/histogram": {`"error":`, `"info":`},
		"/api/v1/tocsin/logs/templates": {"card authorisation failed for order", `"service":"search"`},
		"/api/v1/tocsin/alerts":         {`"state":"firing"`, `"state":"held"`, `"state":"stale_source"`, `"shadow":true`},
		"/api/v2/alerts/groups":         {`"receiver":{"name":"money"}`, `"maintenance/nightly batch"`, `"inhibitedBy":["`},
		"/api/v1/tocsin/alerts/log?shadow=only&from=" + time.Now().Add(-time.Hour).UTC().Format(time.RFC3339): {`"name":"new_errors"`, `"ended":"`},
		"/api/v2/silences":           {`"createdBy":"on-call"`},
		"/api/v1/tocsin/maintenance": {`"on":true`, `"on":false`},
	} {
		body := get(path)
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: want %s, got %.600s", path, want, body)
			}
		}
	}
}
