package web_test

import (
	"net/http"
	"testing"

	"github.com/tocsinhq/tocsin/web"
)

func TestAlertLog_ShadowOnly_PagesOfThem(t *testing.T) {
	h := newServer().Handler()
	resp, body := ask(t, h, "GET", "/api/v1/tocsin/alerts/log?shadow=only&from=2026-01-01T00:00:00Z", "")
	if list := decode[web.AlertLog](t, body); resp.StatusCode != http.StatusOK || len(list.Entries) != 2 || len(list.Pages) != 1 || list.More ||
		list.Pages[0].Name != "new_errors" || list.Pages[0].Ended.Sub(list.Pages[0].Fired).Minutes() != 5 {
		t.Errorf("got %s %s", resp.Status, body)
	}
	_, body = ask(t, h, "GET", "/api/v1/tocsin/alerts/log?limit=2", "")
	if list := decode[web.AlertLog](t, body); len(list.Entries) != 2 || !list.More || list.Entries[0].Name != "high_errors" {
		t.Errorf("got %s", body)
	}
	if resp, body = ask(t, h, "GET", "/api/v1/tocsin/alerts/log?shadow=maybe&from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", ""); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("got %s %s", resp.Status, body)
	}
}
