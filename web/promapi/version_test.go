package promapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tocsinhq/tocsin/web/promapi"
)

func TestVersion_IsTheBuildWithoutEnvelope(t *testing.T) {
	s := httptest.NewServer(promapi.Version(promapi.Build{Version: "3.16.0", Revision: "tocsin-1.2", GoVersion: "go1.26"}))
	defer s.Close()
	code, header, got := call(t, http.MethodGet, s.URL+"/version", "", "")
	const want = `{"version":"3.16.0","revision":"tocsin-1.2","branch":"","buildUser":"","buildDate":"","goVersion":"go1.26"}`
	if code != 200 || got != want || header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d %s %s, want %s", code, header.Get("Content-Type"), got, want)
	}
}
