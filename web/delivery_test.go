package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tocsinhq/tocsin/change/delivery"
)

func TestDelivery_AsksForATimeAndOneService(t *testing.T) {
	h := newServer().Handler()
	get := func(path string) (*http.Response, string) { return ask(t, h, "GET", path, "") }
	_, body := get("/api/v1/tocsin/delivery?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&zone=Europe/Berlin")
	r := decode[delivery.Report](t, body)
	if r.Zone != "Europe/Berlin" || r.Total.Deployments == 0 || len(r.Services) < 2 {
		t.Errorf("got %s", body)
	}
	_, body = get("/api/v1/tocsin/delivery?service=checkout")
	if r := decode[delivery.Report](t, body); len(r.Services) != 1 || r.Total.Service != "checkout" {
		t.Errorf("one service: got %s", body)
	}
	_, body = get("/api/v1/tocsin/delivery?service=nobody")
	if r := decode[delivery.Report](t, body); len(r.Services) != 0 || r.Total.Service != "nobody" || r.Total.ChangeFailureRate != nil {
		t.Errorf("no service: got %s", body)
	}
	for query, want := range map[string]string{
		"from=2026-03-01T00:00:00Z&to=2026-01-01T00:00:00Z": "want a time before to",
		"zone=Mars/Olympus": "name of a time zone",
		"zone=Local":        "name of a time zone",
	} {
		if res, body := get("/api/v1/tocsin/delivery?" + query); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, want) {
			t.Errorf("%s: got %d %s", query, res.StatusCode, body)
		}
	}
}
